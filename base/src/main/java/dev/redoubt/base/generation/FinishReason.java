package dev.redoubt.base.generation;

/// Why a choice ended.
public enum FinishReason {
    /// An end-of-sequence token, a stop token or a stop string.
    STOP,
    /// `max_tokens`, the context limit or the output text limit.
    LENGTH,
    /// The caller left or cancelled.
    CANCELLED,
    /// The deadline passed.
    DEADLINE,
    /// A fault of ours.
    ERROR
}
