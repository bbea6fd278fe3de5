package dev.redoubt.engine.model;

import dev.redoubt.kernels.FloatMatrix;
import dev.redoubt.kernels.KvFormat;
import dev.redoubt.kernels.KvLayout;
import dev.redoubt.kernels.KvMemory;
import java.util.Optional;

/// A loaded model: weights and the forward pass. Used by the engine loop's thread only.
public interface Model extends AutoCloseable {
    ModelSpec spec();

    /// How one token's keys and values are laid out; decides the block size in bytes.
    KvLayout kvLayout(KvFormat format);

    /// One forward pass over a step: writes keys and values of all rows to their slots, then hands the wanted
    /// logits out in slices of a bounded number of rows (so that prompt logprobs of a long chunk need no chunk
    /// × vocabulary matrix).
    void forward(StepBatch batch, KvMemory kv, LogitsSink sink);

    /// Compares the bytes of the weights with what they were at the first call. Any thread, one at a time, not
    /// while it is being closed.
    ///
    /// @return a tensor that has changed in memory; empty if none has
    Optional<String> changedWeights();

    @Override
    void close();

    /// Receives logits.
    @FunctionalInterface
    interface LogitsSink {
        /// @param first index in [StepBatch#logitRows] of row 0 of `logits`
        /// @param logits (at least `rows`, vocabulary); valid during the call only
        void accept(int first, FloatMatrix logits, int rows);
    }
}
