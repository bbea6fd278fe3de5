package dev.redoubt.gateway;

import java.io.Serial;

/// The place for administration cannot be taken: what is there, and the way out. For whoever starts the server.
public final class AdminException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1L;

    AdminException(String message) {
        super(message);
    }
}
