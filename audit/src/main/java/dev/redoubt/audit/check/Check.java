package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.facts.Facts;

/// Looks for one thing that breaks a rule. Has no state: many threads use one.
public interface Check {
    CheckInfo info();

    /// Adds a finding for each place of the file.
    void look(Facts facts, Findings findings);
}
