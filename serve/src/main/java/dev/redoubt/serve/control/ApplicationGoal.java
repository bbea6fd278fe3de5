package dev.redoubt.serve.control;

import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.spec.ApplicationSpec;
import java.util.Map;
import java.util.Optional;

/// What is wanted of one application now.
///
/// @param version rises with each deploy; an earlier one comes back by a rollback
/// @param interfaces of its deployments, by name; one that could not be described at a start is missing
/// @param verdict of this version, as far as it is known
/// @param fallback whether there is a version before it that has worked, to go back to
/// @param failure why the version after this one was given up, or this one where there is none before it
/// @param deleting nothing is wanted of it but to end
record ApplicationGoal(
        ApplicationSpec spec,
        long version,
        Map<String, Interface> interfaces,
        Verdict verdict,
        boolean fallback,
        Optional<String> failure,
        boolean deleting) {
    ApplicationGoal {
        interfaces = Map.copyOf(interfaces);
    }

    String name() {
        return spec.name();
    }

    /// Whether this version has worked as a whole.
    boolean ran() {
        return verdict.ran();
    }

    /// Whether its failures are those of an update, which is taken back.
    boolean onTrial() {
        return !ran() || (verdict == Verdict.PROBATION && fallback);
    }
}
