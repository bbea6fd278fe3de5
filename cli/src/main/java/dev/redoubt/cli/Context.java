package dev.redoubt.cli;

import dev.redoubt.base.Home;
import dev.redoubt.policy.audit.AuditEvent;
import dev.redoubt.policy.audit.AuditException;
import dev.redoubt.policy.audit.AuditKind;
import dev.redoubt.policy.audit.AuditLog;
import java.util.function.Function;

/// What every command needs of the process around it.
record Context(Home home, Console console) {
    /// Does something for the operator that must be in the audit log, see [AuditLog#carryOut].
    <T, E extends Exception> T carryOut(
            AuditKind kind, String subject, AuditLog.Action<T, E> action, Function<T, String> outcome) throws E {
        try (AuditLog log = AuditLog.open(home)) {
            return log.carryOut(AuditEvent.of(kind, AuditEvent.OPERATOR, "", subject), action, outcome);
        }
    }

    /// Writes down what is refused whether it can be written down or not.
    void refused(AuditEvent event) {
        try (AuditLog log = AuditLog.open(home)) {
            log.commit(event);
        } catch (AuditException e) {
            console.note("redoubt: a refusal is missing in the audit log: " + e.getMessage());
        }
    }

    /// How the user calls us, for lines that are to be pasted.
    String program() {
        return System.getProperty("redoubt.program", "redoubt");
    }
}
