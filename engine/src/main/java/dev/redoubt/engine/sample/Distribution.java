package dev.redoubt.engine.sample;

import dev.redoubt.base.generation.SamplingParams;
import java.util.Arrays;

/// What is left of a vocabulary after temperature, min-p, top-k and top-p, and how likely each token is.
final class Distribution {
    /* Every truncation keeps the upper end of the vocabulary, so what is kept is described by one logit (`floor`) and by how many of
     * the tokens exactly there stay (`equalsKept`, the lower ids). No list of tokens is built or sorted.
     *
     * min-p: p >= minP · max p means z >= max + temperature · ln minP.
     * top-k: the k-th largest logit; its equals stay, as in vLLM.
     * top-p: from the least likely up, dropped while the running sum is at most 1 - topP. Seen from the top: a token stays while the
     * mass before it is below topP of all.
     *
     * Both thresholds are "the first logit from the top at which a mass reaches an amount" (top-k: every token weighs 1), found by a
     * radix select over the bits of the float, most significant first: three passes, the later ones over few tokens.
     *
     * All sums run by id, or by histogram bucket, in double: the same row gives the same bits on every thread. exp is ours, because
     * Math.exp may differ between machines. */
    private static final int[] SHIFTS = {21, 10, 0};
    private static final int DIGIT_BITS = 11;

    private final float[] logits;
    private final float max;
    private final double temperature;
    private double floor = Double.NEGATIVE_INFINITY; // tokens below are dropped
    private int equalsKept = Integer.MAX_VALUE; // of the tokens exactly at the floor

    private Distribution(float[] logits, float max, double temperature) {
        this.logits = logits;
        this.max = max;
        this.temperature = temperature;
    }

    /// @param logits (vocabulary), after bias and penalties; read as long as the result is used
    static Distribution of(float[] logits, SamplingParams params) {
        float max = Float.NEGATIVE_INFINITY;
        for (float z : logits) if (z > max) max = z;
        if (params.temperature() < Sampler.GREEDY_BELOW) {
            Distribution greedy = new Distribution(logits, max, 1);
            greedy.floor = max;
            greedy.equalsKept = 1;
            return greedy;
        }
        Distribution kept = new Distribution(logits, max, params.temperature());
        if (kept.isEmpty()) return kept;
        if (params.minP() > 0) kept.floor = max + params.temperature() * StrictMath.log(params.minP());
        if (params.topK() > 0 && params.topK() < logits.length) kept.keepTopK(params.topK());
        if (params.topP() < 1) kept.keepTopP(params.topP());
        return kept;
    }

    /// Whether no token has a probability: all are masked, or not a number.
    boolean isEmpty() {
        return max == Float.NEGATIVE_INFINITY;
    }

    /// The first token by id at which the running sum exceeds `uniform` of the whole.
    ///
    /// @param uniform in [0, 1)
    int draw(double uniform) {
        double target = uniform * mass();
        double sum = 0;
        int last = 0;
        int equals = 0;
        for (int id = 0; id < logits.length; id++) {
            float z = logits[id];
            if (!(z >= floor) || (z == floor && equals++ >= equalsKept)) continue;
            double weight = weight(z);
            if (weight == 0) continue;
            sum += weight;
            if (sum > target) return id;
            last = id;
        }
        return last; // only if uniform · mass was rounded up to the mass
    }

    /// By id; what is dropped has 0.
    double[] probabilities() {
        double[] result = new double[logits.length];
        double mass = mass();
        int equals = 0;
        for (int id = 0; id < logits.length; id++) {
            float z = logits[id];
            if (!(z >= floor) || (z == floor && equals++ >= equalsKept)) continue;
            result[id] = weight(z) / mass;
        }
        return result;
    }

    private void keepTopK(int k) {
        floor = Math.max(floor, fromTheTop(k, z -> 1).logit);
    }

    private void keepTopP(double topP) {
        double amount = topP * mass();
        Cut cut = fromTheTop(amount, this::weight);
        floor = Math.max(floor, cut.logit);
        equalsKept = (int) Math.max(1, Math.ceil((amount - cut.massAbove) / weight(cut.logit)));
    }

    /// Of all kept tokens, not normalised.
    private double mass() {
        double sum = 0;
        int equals = 0;
        for (float z : logits) {
            if (!(z >= floor) || (z == floor && equals++ >= equalsKept)) continue;
            sum += weight(z);
        }
        return sum;
    }

    private double weight(float z) {
        return z == max ? 1 : exp(((double) z - max) / temperature);
    }

    private interface Weigher {
        double weigh(float z);
    }

    /// @param massAbove of the tokens with larger logits
    private record Cut(float logit, double massAbove) {}

    /// The largest logit at which the mass of the tokens from there to the top reaches `amount`; the smallest
    /// one kept, if none does.
    private Cut fromTheTop(double amount, Weigher weigher) {
        double[] mass = new double[1 << DIGIT_BITS];
        double above = 0;
        int prefix = 0; // the digits found so far
        int prefixShift = Integer.SIZE;
        for (int shift : SHIFTS) {
            Arrays.fill(mass, 0);
            int digitMask = (1 << (prefixShift - shift)) - 1;
            int lowest = digitMask;
            for (float z : logits) {
                int key = key(z);
                if (!(z >= floor) || (prefixShift < Integer.SIZE && key >>> prefixShift != prefix)) continue;
                int digit = key >>> shift & digitMask;
                mass[digit] += weigher.weigh(z);
                lowest = Math.min(lowest, digit);
            }
            int digit = digitMask;
            while (digit > lowest && above + mass[digit] < amount) above += mass[digit--];
            prefix = prefix << (prefixShift - shift) | digit;
            prefixShift = shift;
        }
        return new Cut(Float.intBitsToFloat(prefix < 0 ? prefix & Integer.MAX_VALUE : ~prefix), above);
    }

    /// Bits that, as an unsigned number, are ordered like the floats; both zeros are one.
    private static int key(float z) {
        int bits = Float.floatToRawIntBits(z + 0f);
        return bits ^ (bits >> 31 | Integer.MIN_VALUE);
    }

    private static final double LOG2_E = 0x1.71547652b82fep0;
    private static final double LN2_HIGH = 0x1.62e42fefa39efp-1;
    private static final double LN2_LOW = 0x1.abc9e3b39803fp-56;

    /// e to the `x`, for x of at most 0, to about 1e-15: x = k · ln 2 + r, a Taylor polynomial in r, times 2^k
    /// in two steps so that subnormal results come out right.
    static double exp(double x) {
        if (x < -745.2) return 0;
        double k = Math.rint(x * LOG2_E);
        double r = Math.fma(-k, LN2_LOW, Math.fma(-k, LN2_HIGH, x)); // |r| <= ln 2 / 2
        double sum = 1.0 / 479_001_600;
        for (int n = 11; n >= 0; n--) sum = Math.fma(sum, r, INVERSE_FACTORIAL[n]);
        int half = (int) k / 2;
        return sum * powerOfTwo(half) * powerOfTwo((int) k - half);
    }

    private static final double[] INVERSE_FACTORIAL = inverseFactorials(12);

    private static double[] inverseFactorials(int count) {
        double[] result = new double[count];
        result[0] = 1;
        for (int n = 1; n < count; n++) result[n] = result[n - 1] / n;
        return result;
    }

    private static double powerOfTwo(int exponent) {
        return Double.longBitsToDouble((long) (exponent + 1023) << 52);
    }
}
