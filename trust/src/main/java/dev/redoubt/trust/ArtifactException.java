package dev.redoubt.trust;

import java.io.Serial;

/// Bytes from outside that are refused: what, the value, the limit or rule, the way out.
public final class ArtifactException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1L;

    private final String rule;

    /// @param rule the requirement of RULES.md, such as `V4.3`
    public ArtifactException(String rule, String message) {
        super(message);
        this.rule = rule;
    }

    /// The requirement that refuses.
    public String rule() {
        return rule;
    }
}
