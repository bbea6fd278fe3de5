package dev.redoubt.base;

import java.io.Serial;

/// Refused by a requirement: what, the value, the limit, the way out. For the operator, never for a caller.
public abstract class RuleRefusal extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1L;

    private final String rule;

    /// @param rule the requirement of RULES.md, such as `V4.3`
    protected RuleRefusal(String rule, String message) {
        super(message);
        this.rule = rule;
    }

    /// The requirement that refuses.
    public String rule() {
        return rule;
    }
}
