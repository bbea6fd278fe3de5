package dev.redoubt.engine.sample;

import dev.redoubt.base.generation.TokenLogprob;
import dev.redoubt.kernels.FloatMatrix;

/// Logits to a token, in the order and with the definitions of vLLM. Stateless: everything a draw depends on is in the
/// [SamplingState] of its sequence and the logits row, so neighbours cannot matter. Safe for any thread on different states.
public final class Sampler {
    private Sampler() {}

    /// Picks the next token of one sequence. Does not change `logits` or `state`.
    ///
    /// @param row of `logits`
    /// @param logSumExp of the raw row, from [dev.redoubt.kernels.Compute#logSumExp]
    /// @param argMax of the raw row, likewise
    public static Sampled sample(FloatMatrix logits, int row, float logSumExp, int argMax, SamplingState state) {
        throw new UnsupportedOperationException("sample: sample");
    }

    /// The logprob entry of a given token: raw distribution, temperature 1.
    ///
    /// @param top how many alternatives
    public static TokenLogprob logprob(FloatMatrix logits, int row, float logSumExp, int tokenId, int top) {
        throw new UnsupportedOperationException("sample: logprob");
    }

    /// @param logprob present if the sequence asked for logprobs
    public record Sampled(int tokenId, java.util.Optional<TokenLogprob> logprob) {}
}
