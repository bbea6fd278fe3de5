package dev.redoubt.engine.sample;

import dev.redoubt.base.generation.SamplingParams;
import dev.redoubt.kernels.Compute;
import dev.redoubt.kernels.FloatMatrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/// What is left of a vocabulary after temperature, min-p, top-k and top-p, and how likely each token is. Working
/// memory of one thread, filled again for every draw.
final class Distribution {
    /* Every truncation keeps the upper end of the vocabulary. Nothing is sorted:
     *
     * min-p: p >= minP · max p means z >= max + temperature · ln minP.
     * top-k: the k-th largest logit; its equals stay, as in vLLM.
     * top-p: from the least likely up, dropped while the running sum is at most 1 - topP. Seen from the top: a token stays while the
     * mass before it is below topP of all; of equals the lower ids. Tokens below (1 - topP) · mass / count cannot stay, since all of
     * them together weigh less than 1 - topP; few are left to look at.
     *
     * Both thresholds are "the first logit from the top at which a mass reaches an amount" (top-k: every token weighs 1), found by a
     * radix select over the bits of the float, most significant first: three passes, the later ones over few tokens.
     *
     * Weights are exp((z - max) / temperature) in float by the kernels, one pass for the row; sums are in double, in one order: the
     * same row gives the same bits on every thread. */
    private static final int[] SHIFTS = {21, 10, 0};
    private static final int DIGIT_BITS = 11;
    /// Ids whose weights are added up together, so that a draw looks at their sums first.
    private static final int RUN = 256;
    /// With more tokens than that, neighbours count in histograms of their own: an addition need not wait for the one
    /// before.
    private static final int MANY = 4096;
    private static final int HISTOGRAMS = 4;

    private final Compute compute;
    private final FloatMatrix weights; // (1, vocabulary)
    private final double[] sums; // by run of ids
    private final int[] kept; // ids, ascending, where something was dropped
    private final double[] histograms = new double[HISTOGRAMS << DIGIT_BITS];
    private int count; // of the ids that are left
    private boolean whole; // nothing was dropped
    private MemorySegment logits = MemorySegment.NULL;
    private long offset; // of the row, in floats

    Distribution(Compute compute, int vocabularySize) {
        this.compute = compute;
        this.weights = FloatMatrix.allocate(1, vocabularySize, Arena.ofAuto());
        this.sums = new double[(vocabularySize + RUN - 1) / RUN];
        this.kept = new int[vocabularySize];
    }

    /// Takes a row in; it is read until the next call.
    ///
    /// @param largest of the row, finite
    void fill(FloatMatrix row, int index, float largest, SamplingParams params) {
        logits = row.segment();
        offset = (long) index * row.stride();
        count = weights.columns();
        whole = true;
        compute.exponentials(row, index, largest, (float) (1 / params.temperature()), weights, 0);
        if (params.minP() > 0) keepFrom(largest + params.temperature() * StrictMath.log(params.minP()));
        if (params.topK() > 0 && params.topK() < count) keepFrom(fromTheTop(params.topK(), false));
        if (params.topP() < 1) keepTopP(params.topP());
    }

    /// The first token by id at which the running sum exceeds `uniform` of the whole.
    ///
    /// @param uniform in [0, 1)
    int draw(double uniform) {
        if (!whole) return draw(uniform * mass(), 0, count);
        double target = uniform * massOfRuns();
        int run = 0;
        for (int next = 0; next < sums.length; next++) {
            if (sums[next] == 0) continue;
            run = next;
            if (target < sums[next]) break;
            target -= sums[next];
        }
        return draw(target, run * RUN, Math.min(count, (run + 1) * RUN));
    }

    /// By id; what is dropped has 0.
    double[] probabilities() {
        double[] result = new double[weights.columns()];
        double mass = mass();
        for (int i = 0; i < count; i++) result[id(i)] = weight(id(i)) / mass;
        return result;
    }

    private int draw(double target, int from, int to) {
        double sum = 0;
        int last = id(from);
        for (int i = from; i < to; i++) {
            int id = id(i);
            double weight = weight(id);
            if (weight == 0) continue;
            sum += weight;
            if (sum > target) return id;
            last = id;
        }
        return last; // only if the sums were rounded differently
    }

    /// The `i`-th of the ids that are left.
    private int id(int i) {
        return whole ? i : kept[i];
    }

    private float weight(int id) {
        return weights.segment().getAtIndex(ValueLayout.JAVA_FLOAT, id);
    }

    private float logit(int id) {
        return logits.getAtIndex(ValueLayout.JAVA_FLOAT, offset + id);
    }

    /// Drops what is below.
    private void keepFrom(double floor) {
        int left = 0;
        for (int i = 0; i < count; i++) {
            int id = id(i);
            if (logit(id) >= floor) kept[left++] = id;
        }
        count = left;
        whole = false;
    }

    private void keepTopP(double topP) {
        double mass = whole ? massOfRuns() : mass();
        double amount = topP * mass;
        float hopeless = (float) ((1 - topP) * mass / count);
        int left = 0;
        for (int i = 0; i < count; i++) {
            int id = id(i);
            if (weight(id) >= hopeless) kept[left++] = id;
        }
        count = left;
        whole = false;
        float cut = fromTheTop(amount, true);
        keepFrom(cut);
        dropEquals(cut, amount);
    }

    /// Of the tokens at the cut, which are the least likely ones left, keeps those with the lower ids that the amount
    /// asks for.
    private void dropEquals(float cut, double amount) {
        double above = 0;
        double own = 0;
        for (int i = 0; i < count; i++) {
            if (logit(kept[i]) > cut) above += weight(kept[i]);
            else own = weight(kept[i]);
        }
        double wanted = Math.max(1, Math.ceil((amount - above) / own));
        int left = 0;
        for (int i = 0; i < count; i++) if (logit(kept[i]) > cut || wanted-- > 0) kept[left++] = kept[i];
        count = left;
    }

    /// Of all ids, by run.
    private double massOfRuns() {
        double mass = 0;
        for (int run = 0; run < sums.length; run++) {
            sums[run] = sum(run * RUN, Math.min(count, (run + 1) * RUN));
            mass += sums[run];
        }
        return mass;
    }

    /// Four sums side by side: an addition need not wait for the one before.
    private double sum(int from, int to) {
        double a = 0;
        double b = 0;
        double c = 0;
        double d = 0;
        int id = from;
        for (; id + 4 <= to; id += 4) {
            a += weight(id);
            b += weight(id + 1);
            c += weight(id + 2);
            d += weight(id + 3);
        }
        for (; id < to; id++) a += weight(id);
        return (a + b) + (c + d);
    }

    /// Of the ids that are left.
    private double mass() {
        double mass = 0;
        for (int i = 0; i < count; i++) mass += weight(id(i));
        return mass;
    }

    /// The largest logit at which the mass of the tokens from there to the top reaches `amount`; the smallest
    /// one left, if none does.
    ///
    /// @param weighed false: every token weighs 1
    private float fromTheTop(double amount, boolean weighed) {
        int side = count > MANY ? HISTOGRAMS : 1;
        double above = 0;
        int prefix = 0; // the digits found so far
        int prefixShift = Integer.SIZE;
        for (int shift : SHIFTS) {
            Arrays.fill(histograms, 0, side << DIGIT_BITS, 0);
            int digitMask = (1 << (prefixShift - shift)) - 1;
            int lowest = digitMask;
            for (int i = 0; i < count; i++) {
                int id = id(i);
                int key = key(logit(id));
                if (prefixShift < Integer.SIZE && key >>> prefixShift != prefix) continue;
                int digit = key >>> shift & digitMask;
                histograms[(i & (side - 1)) << DIGIT_BITS | digit] += weighed ? weight(id) : 1;
                lowest = Math.min(lowest, digit);
            }
            int digit = digitMask;
            for (double mass = mass(digit, side); digit > lowest && above + mass < amount; mass = mass(--digit, side))
                above += mass;
            prefix = prefix << (prefixShift - shift) | digit;
            prefixShift = shift;
        }
        return Float.intBitsToFloat(prefix < 0 ? prefix & Integer.MAX_VALUE : ~prefix);
    }

    private double mass(int digit, int side) {
        double mass = 0;
        for (int i = 0; i < side; i++) mass += histograms[i << DIGIT_BITS | digit];
        return mass;
    }

    /// Bits that, as an unsigned number, are ordered like the floats; both zeros are one.
    private static int key(float z) {
        int bits = Float.floatToRawIntBits(z + 0f);
        return bits ^ (bits >> 31 | Integer.MIN_VALUE);
    }
}
