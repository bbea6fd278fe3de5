package dev.redoubt.engine.sample;

import dev.redoubt.base.Invariant;
import dev.redoubt.base.generation.SamplingParams;
import dev.redoubt.kernels.FloatMatrix;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;

/// Everything about sampling that belongs to one sequence: parameters, seed, the tokens so far. Owned by the
/// sequence; one thread at a time.
public final class SamplingState {
    /* Random numbers: counter-based, so nothing has to be saved, replayed or locked. Number n is
     * mix(mix(seed) + (n + 1) · 0x9E3779B97F4A7C15), the n-th output of SplitMix64 [1] started at a mixed seed (mixed, so that the
     * streams of seeds 1, 2, 3 share nothing). n counts accepted tokens: after a preemption the same number is drawn again, and no
     * neighbour, thread or batch order can take one away.
     * [1] Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014. */
    private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

    private final SamplingParams params;
    private final long stream; // the mixed seed
    private final int vocabularySize;
    private final int[] ending; // ids masked until minTokens are there, ascending
    private final BitSet occurred; // ids of prompt and output; empty where no repetition penalty asks
    private final Map<Integer, Integer> outputCounts = new HashMap<>(); // by id; empty where no penalty asks
    private int accepted;
    private float[] scratch = new float[0]; // (vocabulary), allocated when a step first has to change logits or draw

    private SamplingState(SamplingParams params, long stream, int vocabularySize, int[] ending, BitSet occurred) {
        this.params = params;
        this.stream = stream;
        this.vocabularySize = vocabularySize;
        this.ending = ending;
        this.occurred = occurred;
    }

    /// @param seed of this sequence: the caller's, or a fresh one; choice `i` of a request has its own
    /// @param endOfSequence the model's tokens that end a text (not sampled while `minTokens` is not reached)
    public static SamplingState of(
            SamplingParams params, long seed, int[] promptIds, Set<Integer> endOfSequence, int vocabularySize) {
        int[] ending = IntStream.concat(
                        endOfSequence.stream().mapToInt(Integer::intValue),
                        params.stopTokenIds().stream().mapToInt(Integer::intValue))
                .filter(id -> id >= 0 && id < vocabularySize)
                .sorted()
                .distinct()
                .toArray();
        BitSet occurred = new BitSet();
        if (params.repetitionPenalty() != 1)
            for (int id : promptIds) occurred.set(Objects.checkIndex(id, vocabularySize));
        return new SamplingState(params, mix(seed), vocabularySize, ending, occurred);
    }

    /// The token was accepted: counts it. The next draw depends on the seed and on how many were accepted,
    /// nothing else.
    public void accept(int tokenId) {
        Objects.checkIndex(tokenId, vocabularySize);
        accepted++;
        if (params.repetitionPenalty() != 1) occurred.set(tokenId);
        if (params.frequencyPenalty() != 0 || params.presencePenalty() != 0)
            outputCounts.merge(tokenId, 1, Integer::sum);
    }

    public SamplingParams params() {
        return params;
    }

    /// Whether the next token is chosen from other logits than the model's own.
    boolean changesLogits() {
        return !params.logitBias().isEmpty()
                || masksEnding()
                || params.repetitionPenalty() != 1
                || !outputCounts.isEmpty();
    }

    /// A copy of a row with everything of vLLM's order that comes before the temperature: the mask of
    /// `minTokens`, bias, repetition, frequency and presence penalty. Valid until the next call.
    ///
    /// @return (vocabulary)
    float[] changedLogits(FloatMatrix logits, int row) {
        Invariant.hold(
                logits.columns() >= vocabularySize,
                "logits of %d columns, vocabulary of %d",
                logits.columns(),
                vocabularySize);
        if (scratch.length == 0) scratch = new float[vocabularySize];
        float[] z = scratch;
        long rowOffset = (long) Objects.checkIndex(row, logits.rows()) * logits.stride() * Float.BYTES;
        MemorySegment.copy(logits.segment(), ValueLayout.JAVA_FLOAT, rowOffset, z, 0, vocabularySize);

        if (masksEnding()) for (int id : ending) z[id] = Float.NEGATIVE_INFINITY;
        // Each id is changed by itself, so the order of a map cannot matter.
        params.logitBias().forEach((id, bias) -> {
            if (id >= 0 && id < vocabularySize) z[id] = (float) (z[id] + bias);
        });
        double repetition = params.repetitionPenalty();
        for (int id = occurred.nextSetBit(0); id >= 0; id = occurred.nextSetBit(id + 1))
            z[id] = (float) (z[id] > 0 ? z[id] / repetition : z[id] * repetition);
        outputCounts.forEach(
                (id, count) -> z[id] = (float) (z[id] - params.frequencyPenalty() * count - params.presencePenalty()));
        return z;
    }

    /// The random number of the next draw, in [0, 1): the same until a token is accepted.
    double uniform() {
        return (mix(stream + (accepted + 1L) * GOLDEN_GAMMA) >>> 11) * 0x1p-53;
    }

    /// `ignoreEos` decides whether such a token ends the text, not whether it may be drawn: as vLLM.
    private boolean masksEnding() {
        return accepted < params.minTokens() && ending.length > 0;
    }

    private static long mix(long z) {
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
