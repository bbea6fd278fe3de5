package dev.redoubt.trust;

import dev.redoubt.base.RuleRefusal;
import java.io.Serial;

/// Bytes from outside that are refused.
public final class ArtifactException extends RuleRefusal {
    @Serial
    private static final long serialVersionUID = 1L;

    /// @param rule the requirement of RULES.md, such as `V4.3`
    public ArtifactException(String rule, String message) {
        super(rule, message);
    }
}
