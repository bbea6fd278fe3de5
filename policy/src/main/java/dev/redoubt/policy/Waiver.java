package dev.redoubt.policy;

import dev.redoubt.base.Check;
import dev.redoubt.base.Requirement;
import java.time.LocalDate;

/// The operator's leave to raise the numbers of one requirement until a day. It is printed at every start and written
/// to the audit log.
///
/// @param rule one whose numbers are limits
/// @param reason why, for whoever reviews it
/// @param expires the last day on which it counts, in UTC
public record Waiver(Requirement rule, String reason, LocalDate expires) {
    public Waiver {
        Check.that(rule.limit(), "%s has no number that a waiver could raise", rule.id());
        Check.that(!reason.isBlank(), "a waiver of %s needs a reason", rule.id());
    }

    /// Whether it counts on this day.
    public boolean counts(LocalDate today) {
        return !today.isAfter(expires);
    }
}
