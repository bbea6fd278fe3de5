package dev.redoubt.policy.audit;

import java.io.Serial;

/// The audit log cannot be written, so what would have to be in it is not done. The message names the file and
/// the way out.
public final class AuditException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1L;

    private final boolean damaged;

    private AuditException(String message, Throwable cause, boolean damaged) {
        super(message, cause);
        this.damaged = damaged;
    }

    /// The disk does not take it.
    static AuditException unwritable(String message, Throwable cause) {
        return new AuditException(message, cause, false);
    }

    /// The log is not what was written: nothing is added to it any more.
    static AuditException damaged(String message) {
        return new AuditException(message, new IllegalStateException("the audit log is damaged"), true);
    }

    /// Whether the log was changed by somebody else.
    public boolean damaged() {
        return damaged;
    }
}
