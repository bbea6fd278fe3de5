package dev.redoubt.engine;

import dev.redoubt.base.generation.ModelCard;
import dev.redoubt.base.generation.ModelRuntime;
import dev.redoubt.base.generation.ModelStats;
import java.util.Optional;

/// An engine of either kind, as its canary sees it (V6.2): what is read is
/// [dev.redoubt.engine.canary.CanaryReading]. Safe for any thread.
public sealed interface WatchedEngine extends AutoCloseable permits Engine, EmbeddingEngine {
    /// What its model is; does not change.
    ModelCard card();

    /// Gauges and counters, read at once.
    ModelStats stats();

    /// How it runs; does not change.
    ModelRuntime runtime();

    /// Compares the weights in memory, bit by bit, with what they were at the first call. Takes as long as
    /// reading them once.
    ///
    /// @return a tensor that has changed; empty if none has
    Optional<String> changedWeights();

    /// Takes note of a reading of the canary that is as it should be.
    void canaryPassed();

    /// Takes note of one that is not: requests in progress are cancelled, and no others are taken as long as
    /// this engine lives. What it has computed cannot be trusted.
    void withdraw();

    /// Whether [#withdraw] was called.
    boolean withdrawn();

    /// Whether [#close] was called.
    boolean closed();

    /// Ends every request with an error and frees the memory.
    @Override
    void close();
}
