package dev.redoubt.engine;

import dev.redoubt.engine.sample.Sampler;
import dev.redoubt.kernels.FloatMatrix;

/// How one sequence picks its tokens: its parameters, its seed, the tokens it accepted. Nothing else may matter
/// (RULES V3.2). One thread at a time.
interface TokenPicker {
    /// The next token; changes nothing. Called from a compute thread.
    ///
    /// @param sampler that thread's own
    /// @param row of `logits`
    /// @param argMax of the row
    int pick(Sampler sampler, FloatMatrix logits, int row, int argMax);

    /// The token was accepted.
    void accept(int tokenId);
}
