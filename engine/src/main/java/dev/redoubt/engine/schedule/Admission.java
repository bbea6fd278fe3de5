package dev.redoubt.engine.schedule;

/// Whether the sequence whose turn it is may run.
sealed interface Admission {
    /// @param cachedTokens that the prefix cache gives
    record Admitted(int cachedTokens) implements Admission {}

    /// It left the queue for this step: a running sequence computes what both need.
    record Held() implements Admission {}

    /// It stays at the head, and nobody passes it.
    record Deferred(int blocksMissing) implements Admission {}
}
