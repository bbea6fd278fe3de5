package dev.redoubt.gateway;

import java.io.Serial;

/// The files of TLS cannot be used: what, and the way out. For whoever starts the server.
public final class TlsException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1L;

    TlsException(String message) {
        super(message, null, false, false);
    }
}
