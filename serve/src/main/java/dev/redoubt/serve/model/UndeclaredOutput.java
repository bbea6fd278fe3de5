package dev.redoubt.serve.model;

import java.io.Serial;

/// A model has made something else than its deployment declares. The message names types, sizes and how many: nothing
/// of what a caller sent.
public final class UndeclaredOutput extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1L;

    public UndeclaredOutput(String message) {
        super(message, null, false, false);
    }
}
