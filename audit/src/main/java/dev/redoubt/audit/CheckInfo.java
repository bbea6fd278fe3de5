package dev.redoubt.audit;

import dev.redoubt.base.Requirement;
import java.util.List;
import java.util.Set;

/// What a check is about, for people.
///
/// @param id requirement and name, `R1.2/public-bind`
/// @param level of a finding where the check says nothing else
/// @param title what is wrong, without a full stop
/// @param references such as `CWE-306`
/// @param explanation why it matters
/// @param remedy what to write instead
/// @param versions of vLLM or Ray in which it is so
public record CheckInfo(
        String id,
        Level level,
        String title,
        List<String> references,
        String explanation,
        String remedy,
        String versions) {
    /* What reads a model or a data set is dangerous to whoever runs it; a rule of serving it breaks in a program that serves. */
    private static final Set<String> OF_SERVERS =
            Set.of("R1.6/load-format", "R1.6/pickled-model", "V2.4/trust-remote-code");

    /// Whether a finding of this level is a note where nobody is served: a warning, and an error about reading models.
    public boolean isOfServing(Level level) {
        return level == Level.WARNING || level == Level.ERROR && OF_SERVERS.contains(id);
    }

    /// The rule that is broken.
    public Requirement requirement() {
        return Requirement.find(id.substring(0, id.indexOf('/')))
                .orElseThrow(() -> new IllegalStateException("no requirement for check " + id));
    }
}
