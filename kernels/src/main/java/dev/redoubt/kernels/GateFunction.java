package dev.redoubt.kernels;

/// What a gated feed-forward net applies to its gate: `x / (1 + exp(-z))`.
public enum GateFunction {
    /// z = x.
    SILU,
    /// z = 2·√(2/π)·(x + 0.044715·x³): GELU in its approximation by a tanh, arXiv 1606.08415.
    GELU_TANH
}
