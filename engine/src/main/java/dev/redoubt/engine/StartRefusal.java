package dev.redoubt.engine;

import java.io.Serial;

/// The machine or the options do not allow this engine: what, the value, the limit, the way out. For whoever
/// starts it, never for a caller.
public final class StartRefusal extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1L;

    private final String rule;

    /// @param rule the requirement of RULES.md, such as `V2.1`
    StartRefusal(String rule, String message) {
        super(message);
        this.rule = rule;
    }

    /// The requirement that refuses.
    public String rule() {
        return rule;
    }
}
