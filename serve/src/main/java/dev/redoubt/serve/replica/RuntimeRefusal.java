package dev.redoubt.serve.replica;

import dev.redoubt.base.RuleRefusal;
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

    /// A requirement that refuses what a deployment names.
    public static RuntimeRefusal of(String deployment, RuleRefusal cause) {
        return new RuntimeRefusal(deployment + ": " + cause.getMessage() + " (" + cause.rule() + ")", cause);
    }
}
