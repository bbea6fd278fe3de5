package dev.redoubt.engine.sample;

import dev.redoubt.base.generation.SamplingParams;
import dev.redoubt.base.generation.TokenLogprob;
import dev.redoubt.kernels.FloatMatrix;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/// Logits to a token, in the order and with the definitions of vLLM: mask of `minTokens`, logit bias,
/// repetition, frequency and presence penalty, then greedy, or temperature, min-p, top-k, top-p and a draw.
/// Everything a draw depends on is in the [SamplingState] of its sequence and the logits row, so neighbours
/// cannot matter: a sampler itself holds working memory only. One for each thread.
public final class Sampler {
    /// Temperatures below take the most likely token.
    static final double GREEDY_BELOW = 1e-5;

    /// Picks the next token of one sequence. Does not change `logits`, or anything of `state` that a later call
    /// could see.
    ///
    /// @param row of `logits`
    /// @param argMax of the raw row, from [dev.redoubt.kernels.Compute#argMax]
    public int pick(FloatMatrix logits, int row, int argMax, SamplingState state) {
        SamplingParams params = state.params();
        if (params.temperature() < GREEDY_BELOW && !state.changesLogits()) return argMax;
        Distribution distribution = Distribution.of(state.changedLogits(logits, row), params);
        return distribution.isEmpty() ? argMax : distribution.draw(state.uniform());
    }

    /// The logprob entry of a given token: raw distribution, temperature 1.
    ///
    /// @param logSumExp of the row, from [dev.redoubt.kernels.Compute#logSumExp]
    /// @param top how many alternatives; fewer if the vocabulary is smaller
    public static TokenLogprob logprob(FloatMatrix logits, int row, float logSumExp, int tokenId, int top) {
        int columns = logits.columns();
        MemorySegment data = logits.segment();
        long start = (long) Objects.checkIndex(row, logits.rows()) * logits.stride();
        float own = logits.get(row, tokenId);
        int rank = 1;
        int[] bestIds = new int[Math.min(top, columns)]; // best first
        float[] best = new float[bestIds.length];
        int found = 0;
        for (int id = 0; id < columns; id++) {
            float z = data.getAtIndex(ValueLayout.JAVA_FLOAT, start + id);
            if (z > own || (z == own && id < tokenId)) rank++;
            if (found == bestIds.length && (found == 0 || !(z > best[found - 1])))
                continue; // of equals the lower id came first
            int at = found < bestIds.length ? found++ : found - 1;
            for (; at > 0 && z > best[at - 1]; at--) {
                best[at] = best[at - 1];
                bestIds[at] = bestIds[at - 1];
            }
            best[at] = z;
            bestIds[at] = id;
        }
        List<TokenLogprob.Alternative> alternatives = new ArrayList<>(found);
        for (int i = 0; i < found; i++) alternatives.add(new TokenLogprob.Alternative(bestIds[i], best[i] - logSumExp));
        return new TokenLogprob(tokenId, own - logSumExp, rank, List.copyOf(alternatives));
    }
}
