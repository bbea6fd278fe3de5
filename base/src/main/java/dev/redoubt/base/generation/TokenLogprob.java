package dev.redoubt.base.generation;

import java.util.List;

/// A token with its natural log probability under the model's raw distribution (temperature 1, no penalties,
/// nothing dropped).
///
/// @param rank 1-based place of the token among all, by probability, ties by the lower id
/// @param top the most likely ones, best first, as many as asked for
public record TokenLogprob(int tokenId, float logprob, int rank, List<Alternative> top) {
    /// @param logprob natural logarithm
    public record Alternative(int tokenId, float logprob) {}
}
