package dev.redoubt.engine.sample;

import dev.redoubt.base.generation.SamplingParams;

/// Everything about sampling that belongs to one sequence: parameters, seed, the tokens so far. Owned by the sequence.
public final class SamplingState {
    private SamplingState() {}

    /// @param seed of this sequence: the caller's, or a fresh one; choice `i` of a request has its own
    /// @param endOfSequence the model's tokens that end a text (not sampled while `minTokens` is not reached)
    public static SamplingState of(
            SamplingParams params, long seed, int[] promptIds, java.util.Set<Integer> endOfSequence, int vocabularySize) {
        throw new UnsupportedOperationException("sample: of");
    }

    /// The token was accepted: counts it. The next draw depends on the seed and on how many were accepted, nothing else.
    public void accept(int tokenId) {
        throw new UnsupportedOperationException("sample: accept");
    }

    public SamplingParams params() {
        throw new UnsupportedOperationException("sample: params");
    }
}
