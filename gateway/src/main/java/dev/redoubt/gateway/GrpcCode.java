package dev.redoubt.gateway;

import dev.redoubt.base.ErrorCode;

/// The status codes of gRPC that the gRPC port answers with, and which error is which.
public enum GrpcCode {
    CANCELLED(1),
    INVALID_ARGUMENT(3),
    DEADLINE_EXCEEDED(4),
    NOT_FOUND(5),
    PERMISSION_DENIED(7),
    RESOURCE_EXHAUSTED(8),
    FAILED_PRECONDITION(9),
    UNIMPLEMENTED(12),
    INTERNAL(13),
    UNAVAILABLE(14),
    UNAUTHENTICATED(16);

    private final int number;

    GrpcCode(int number) {
        this.number = number;
    }

    /// As on the wire.
    public int number() {
        return number;
    }

    /// By the HTTP status, so that both protocols tell errors apart alike.
    public static GrpcCode of(ErrorCode code) {
        return switch (code.status()) {
            case 401 -> UNAUTHENTICATED;
            case 403 -> PERMISSION_DENIED;
            case 404 -> NOT_FOUND;
            case 405 -> UNIMPLEMENTED;
            case 413, 429 -> RESOURCE_EXHAUSTED;
            case 422 -> FAILED_PRECONDITION;
            case 408, 499 -> CANCELLED;
            case 500 -> INTERNAL;
            case 503 -> UNAVAILABLE;
            case 504 -> DEADLINE_EXCEEDED;
            case 400, 414, 415, 421, 431 -> INVALID_ARGUMENT;
            default -> throw new IllegalStateException("no gRPC status for " + code);
        };
    }
}
