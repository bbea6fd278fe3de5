package dev.redoubt.policy;

import java.io.Serial;

/// The key store cannot be opened, read or written. The message names the file and the way out; it never holds
/// a key.
public final class KeyStoreException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1L;

    KeyStoreException(String message) {
        super(message);
    }

    KeyStoreException(String message, Throwable cause) {
        super(message, cause);
    }
}
