package dev.redoubt.engine.sample;

import dev.redoubt.base.generation.SamplingParams;
import dev.redoubt.kernels.FloatMatrix;
import java.util.Arrays;
import java.util.BitSet;
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
    private final int[] biased; // ids
    private final double[] biases; // of them
    private final BitSet occurred; // ids of prompt and output; empty where no repetition penalty asks
    private final IntCounts outputCounts; // by id; empty where no penalty asks
    private int accepted;

    private SamplingState(SamplingParams params, long stream, int vocabularySize, int[] ending) {
        this.params = params;
        this.stream = stream;
        this.vocabularySize = vocabularySize;
        this.ending = ending;
        this.biased = params.logitBias().keySet().stream()
                .mapToInt(Integer::intValue)
                .filter(id -> id >= 0 && id < vocabularySize)
                .toArray();
        this.biases = Arrays.stream(biased)
                .mapToDouble(id -> Objects.requireNonNull(params.logitBias().get(id)))
                .toArray();
        this.occurred = new BitSet(repeats() ? vocabularySize : 0);
        this.outputCounts = new IntCounts(counts() ? Math.min(params.maxTokens(), vocabularySize) : 1);
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
        SamplingState state = new SamplingState(params, mix(seed), vocabularySize, ending);
        if (state.repeats()) for (int id : promptIds) state.occurred.set(Objects.checkIndex(id, vocabularySize));
        return state;
    }

    /// The token was accepted: counts it. The next draw depends on the seed and on how many were accepted,
    /// nothing else.
    public void accept(int tokenId) {
        Objects.checkIndex(tokenId, vocabularySize);
        accepted++;
        if (repeats()) occurred.set(tokenId);
        if (counts()) outputCounts.add(tokenId);
    }

    public SamplingParams params() {
        return params;
    }

    /// Whether the token after some guesses is chosen from other logits than the model's own.
    boolean changesLogits(int guesses) {
        return biased.length > 0 || masksEnding(guesses) || repeats() || !outputCounts.isEmpty();
    }

    /// Does to a row all of vLLM's order that comes before the temperature: the mask of `minTokens`, bias,
    /// repetition, frequency and presence penalty.
    ///
    /// @param z (1, vocabulary)
    void change(FloatMatrix z, int guesses) {
        if (masksEnding(guesses)) for (int id : ending) z.set(0, id, Float.NEGATIVE_INFINITY);
        for (int i = 0; i < biased.length; i++) z.set(0, biased[i], (float) (z.get(0, biased[i]) + biases[i]));
        double repetition = params.repetitionPenalty();
        for (int id = occurred.nextSetBit(0); id >= 0; id = occurred.nextSetBit(id + 1)) {
            float own = z.get(0, id);
            z.set(0, id, (float) (own > 0 ? own / repetition : own * repetition));
        }
        for (int place = 0; place < outputCounts.places(); place++) {
            int id = outputCounts.keyAt(place);
            if (id < 0) continue;
            double counted = params.frequencyPenalty() * outputCounts.countAt(place);
            z.set(0, id, (float) (z.get(0, id) - counted - params.presencePenalty()));
        }
    }

    /// The random number of the draw after some guesses, in [0, 1): the same until a token is accepted.
    double uniform(int guesses) {
        return (mix(stream + (accepted + guesses + 1L) * GOLDEN_GAMMA) >>> 11) * 0x1p-53;
    }

    /// `ignoreEos` decides whether such a token ends the text, not whether it may be drawn: as vLLM.
    private boolean masksEnding(int guesses) {
        return accepted + guesses < params.minTokens() && ending.length > 0;
    }

    private boolean repeats() {
        return params.repetitionPenalty() != 1;
    }

    private boolean counts() {
        return params.frequencyPenalty() != 0 || params.presencePenalty() != 0;
    }

    private static long mix(long z) {
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
