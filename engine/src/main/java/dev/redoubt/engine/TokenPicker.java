package dev.redoubt.engine;

import dev.redoubt.engine.sample.Sampler;
import dev.redoubt.kernels.FloatMatrix;

/// How one sequence picks its tokens: its parameters, its seed, the tokens it accepted. Nothing else may matter
/// (RULES V3.2).
interface TokenPicker {
    /// The next token; changes nothing. Called from a compute thread, one at a time.
    ///
    /// @param row of `logits`
    /// @param logSumExp of the row
    /// @param argMax of the row
    Sampler.Sampled pick(FloatMatrix logits, int row, float logSumExp, int argMax);

    /// The token was accepted. Engine loop only.
    void accept(int tokenId);
}
