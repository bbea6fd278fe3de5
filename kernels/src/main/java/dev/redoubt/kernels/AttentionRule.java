package dev.redoubt.kernels;

/// What a layer's attention makes of the products of queries and keys, and which tokens a row sees.
///
/// @param scale of the scores, usually 1/√(headDimension)
/// @param cap scores become `cap · tanh(score / cap)`; 0: they stay
/// @param window how many tokens a row sees, its own and those just before it
public record AttentionRule(float scale, float cap, int window) {
    public AttentionRule {
        if (!(cap >= 0) || window < 1)
            throw new IllegalArgumentException("attention with a cap of " + cap
                    + ", must not be negative, and a window of " + window + ", must be positive");
    }

    /// Of all tokens, without a cap.
    public static AttentionRule full(float scale) {
        return new AttentionRule(scale, 0, Integer.MAX_VALUE);
    }

    /// The first token that a row sees.
    int first(int position) {
        return Math.max(0, position + 1 - window);
    }
}
