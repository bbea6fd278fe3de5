package dev.redoubt.policy.audit;

import dev.redoubt.base.Requirement;
import java.util.Optional;

/// What happened, before it has a place in the chain. Its texts are names and numbers of ours: no prompt,
/// output, key, header or path that a caller chose (V1.6). Each is cut to 160 characters, and what is not
/// printable ASCII becomes `?`.
///
/// @param actor a key's id, [#OPERATOR], [#SERVER], or what is known of a stranger
/// @param application whose key it is; empty where there is none
/// @param subject what it was about: a key's id, a model's name, a route's template, a command
/// @param rule that refuses; empty where nothing was refused
/// @param outcome `begun`, `done` and what came of it, `failed`, `refused`, or status and code of a refused
///     request
/// @param requestId empty where there was no request
public record AuditEvent(
        AuditKind kind,
        String actor,
        String application,
        String subject,
        Optional<Requirement> rule,
        String outcome,
        String requestId) {
    /// Whoever runs commands as the owner of the home.
    public static final String OPERATOR = "operator";
    /// The server by itself.
    public static final String SERVER = "server";

    private static final int LENGTH_MAX = 160;

    public AuditEvent {
        actor = plain(actor);
        application = plain(application);
        subject = plain(subject);
        outcome = plain(outcome);
        requestId = plain(requestId);
    }

    /// Something that begins now; see [AuditLog#carryOut].
    public static AuditEvent of(AuditKind kind, String actor, String application, String subject) {
        return new AuditEvent(kind, actor, application, subject, Optional.empty(), "begun", "");
    }

    /// The same thing, with what came of it.
    public AuditEvent with(String how) {
        return new AuditEvent(kind, actor, application, subject, rule, how, requestId);
    }

    /// The same thing, refused.
    public AuditEvent refusedBy(Requirement requirement) {
        return new AuditEvent(kind, actor, application, subject, Optional.of(requirement), "refused", requestId);
    }

    private static String plain(String text) {
        String cut = text.length() <= LENGTH_MAX ? text : text.substring(0, LENGTH_MAX);
        return cut.replaceAll("[^ -~]", "?");
    }
}
