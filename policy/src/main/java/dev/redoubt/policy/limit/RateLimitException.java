package dev.redoubt.policy.limit;

import java.io.Serial;

/// The file of windows cannot be used. The message names it and the way out.
public final class RateLimitException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1L;

    RateLimitException(String message) {
        super(message);
    }

    RateLimitException(String message, Throwable cause) {
        super(message, cause);
    }
}
