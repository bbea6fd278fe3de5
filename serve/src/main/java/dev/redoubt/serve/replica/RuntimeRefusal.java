package dev.redoubt.serve.replica;

import java.io.Serial;

/// A deployment that cannot run as it is described. The message is for the operator: it names the value, the
/// limit and the way out, and nothing of a request.
public final class RuntimeRefusal extends Exception {
    @Serial
    private static final long serialVersionUID = 1L;

    public RuntimeRefusal(String message) {
        super(message);
    }

    public RuntimeRefusal(String message, Throwable cause) {
        super(message, cause);
    }
}
