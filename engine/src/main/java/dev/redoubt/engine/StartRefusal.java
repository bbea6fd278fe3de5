package dev.redoubt.engine;

import dev.redoubt.base.RuleRefusal;
import java.io.Serial;

/// The machine or the options do not allow this engine. For whoever starts it.
public final class StartRefusal extends RuleRefusal {
    @Serial
    private static final long serialVersionUID = 1L;

    /// @param rule the requirement of RULES.md, such as `V2.1`
    StartRefusal(String rule, String message) {
        super(rule, message);
    }
}
