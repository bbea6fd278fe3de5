package dev.redoubt.audit;

import dev.redoubt.base.Requirement;
import java.util.List;

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
    /// The rule that is broken.
    public Requirement requirement() {
        return Requirement.find(id.substring(0, id.indexOf('/')))
                .orElseThrow(() -> new IllegalStateException("no requirement for check " + id));
    }
}
