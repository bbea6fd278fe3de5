package dev.redoubt.engine;

import dev.redoubt.base.generation.SamplingParams;
import dev.redoubt.engine.sample.Sampler;
import dev.redoubt.kernels.FloatMatrix;

/// How one sequence picks its tokens: its parameters, its seed, the tokens it accepted. Nothing else may matter
/// (RULES V3.2). One thread at a time.
interface TokenPicker {
    /// Whether a token can be picked before those in front of it are accepted: not where what it is depends on which
    /// tokens they are, other than by the logits.
    static boolean picksAhead(SamplingParams params) {
        return params.repetitionPenalty() == 1 && params.frequencyPenalty() == 0 && params.presencePenalty() == 0;
    }

    /// The next token; changes nothing. Called from a compute thread.
    ///
    /// @param sampler that thread's own
    /// @param row of `logits`
    /// @param argMax of the row
    /// @param guesses tokens that were not accepted yet and come before this one; 0 unless [#picksAhead]
    int pick(Sampler sampler, FloatMatrix logits, int row, int argMax, int guesses);

    /// The token was accepted.
    void accept(int tokenId);
}
