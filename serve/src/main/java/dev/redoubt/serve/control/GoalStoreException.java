package dev.redoubt.serve.control;

import java.io.Serial;

/// The database of goals cannot be used. The message names the file and the way out; for operators.
public final class GoalStoreException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1L;

    GoalStoreException(String message) {
        super(message);
    }

    GoalStoreException(String message, Throwable cause) {
        super(message, cause);
    }
}
