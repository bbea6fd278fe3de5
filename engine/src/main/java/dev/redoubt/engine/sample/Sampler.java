package dev.redoubt.engine.sample;

import dev.redoubt.base.Invariant;
import dev.redoubt.base.generation.SamplingParams;
import dev.redoubt.base.generation.TokenLogprob;
import dev.redoubt.kernels.Compute;
import dev.redoubt.kernels.FloatMatrix;
import java.lang.foreign.Arena;
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

    private final Compute compute;
    private final FloatMatrix changed; // (1, vocabulary)
    private final Distribution distribution;

    /// @param compute whose kernels it calls, inside a part of [Compute#forEach]
    public Sampler(Compute compute, int vocabularySize) {
        this.compute = compute;
        this.changed = FloatMatrix.allocate(1, vocabularySize, Arena.ofAuto());
        this.distribution = new Distribution(compute, vocabularySize);
    }

    /// Picks the next token of one sequence. Does not change `logits`, or anything of `state` that a later call
    /// could see.
    ///
    /// @param row of `logits`
    /// @param argMax of the raw row, from [dev.redoubt.kernels.Compute#argMax]
    /// @param guesses tokens between the last one accepted and this one; over 0 only without penalties
    public int pick(FloatMatrix logits, int row, int argMax, SamplingState state, int guesses) {
        if (!state.changesLogits(guesses)) return choose(logits, row, argMax, state, guesses);
        copy(logits, row);
        state.change(changed, guesses);
        int best = compute.argMax(changed, 0);
        boolean allMasked = changed.get(0, best) == Float.NEGATIVE_INFINITY;
        return allMasked ? argMax : choose(changed, 0, best, state, guesses);
    }

    private int choose(FloatMatrix logits, int row, int argMax, SamplingState state, int guesses) {
        SamplingParams params = state.params();
        if (params.temperature() < GREEDY_BELOW) return argMax;
        distribution.fill(logits, row, logits.get(row, argMax), params);
        return distribution.draw(state.uniform(guesses));
    }

    private void copy(FloatMatrix logits, int row) {
        Invariant.hold(
                logits.columns() == changed.columns(),
                "logits of %d columns, a sampler for %d",
                logits.columns(),
                changed.columns());
        long from = 4L * Objects.checkIndex(row, logits.rows()) * logits.stride();
        MemorySegment.copy(logits.segment(), from, changed.segment(), 0, 4L * changed.columns());
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
