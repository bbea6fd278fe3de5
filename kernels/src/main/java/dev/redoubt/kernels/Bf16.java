package dev.redoubt.kernels;

/// The arithmetic of BF16 weights, one operation at a time.
final class Bf16 {
    /* A product of two bf16 is exact in f32, so a processor can add two of them in one instruction (x86: vdpbf16ps) with one rounding
     * each. That instruction takes subnormal operands as zero and makes subnormal results zero, of their sign; so does everything
     * here, and in C the two control bits that say the same of ordinary operations. Whether a result is subnormal is
     * decided after it was rounded to 24 bits, as if exponents had no end: from BECOMES_NORMAL on, what is below
     * the smallest normal number rounds to it and stays. */
    private static final double BECOMES_NORMAL = 0x1.ffffffp-127;
    /// A bf16 of at least this magnitude times one of at least [#INPUT_MIN] is a multiple of the smallest normal f32:
    /// its last bit counts 2^-(48 + 64 + 14). So are then all sums of such products, and nothing is ever flushed.
    static final float WEIGHT_MIN = 0x1p-48f;
    /// See [#WEIGHT_MIN].
    static final float INPUT_MIN = 0x1p-64f;
    /// Columns of a step: as many pairs as there are partial sums.
    static final int STEP = 2 * Numbers.PARTIALS;

    private Bf16() {}

    /// The nearest bf16, ties to even; zero for a subnormal, one and the same for every NaN.
    static short round(float x) {
        if (Float.isNaN(x)) return 0x7FC0;
        int bits = Float.floatToRawIntBits(flush(x));
        return (short) ((bits + 0x7FFF + (bits >>> 16 & 1)) >> 16);
    }

    static float widen(short bf16) {
        return Float.intBitsToFloat(bf16 << 16);
    }

    /// x, or zero of its sign if it is subnormal.
    static float flush(float x) {
        return Math.abs(x) < Float.MIN_NORMAL ? Math.copySign(0f, x) : x;
    }

    static float add(float a, float b) {
        return flush(flush(a) + flush(b));
    }

    /// @param w and x widened from bf16
    /// @param sum not subnormal
    static float fma(float w, float x, float sum) {
        w = flush(w);
        x = flush(x);
        float rounded = Math.fma(w, x, sum);
        // In f64 the product is exact, and the sum of both is near BECOMES_NORMAL.
        return Math.abs((double) w * x + sum) < BECOMES_NORMAL ? Math.copySign(0f, rounded) : rounded;
    }

    /// [Numbers#tree] without subnormal numbers; overwrites them.
    static float tree(float[] partials) {
        for (int width = Numbers.PARTIALS / 2; width > 0; width /= 2)
            for (int i = 0; i < width; i++) partials[i] = add(partials[i], partials[i + width]);
        return partials[0];
    }

    /// One output, as [Kernels] defines it.
    static float dot(WeightMatrix weights, int weightRow, RoundedActivations x, int row) {
        float[] partials = new float[Numbers.PARTIALS];
        for (int k = 0; k < weights.columns(); k += STEP) {
            for (int lane = 0; lane < Numbers.PARTIALS; lane++) {
                int even = k + 2 * lane;
                float sum = fma(weight(weights, weightRow, even + 1), x.get(row, even + 1), partials[lane]);
                partials[lane] = fma(weight(weights, weightRow, even), x.get(row, even), sum);
            }
        }
        return tree(partials);
    }

    private static float weight(WeightMatrix weights, int row, int k) {
        return k < weights.columns() ? weights.weight(row, k) : 0;
    }
}
