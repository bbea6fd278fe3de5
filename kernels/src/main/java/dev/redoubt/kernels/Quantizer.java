package dev.redoubt.kernels;

import java.lang.foreign.MemorySegment;

/// Turns rows of floats into blocks of a quantized format, as GGUF files store them. Deterministic: equal floats give
/// equal bytes, whatever the machine.
public final class Quantizer {
    /* Every scale is the least-squares one of its codes: a few first guesses are rounded to codes, the scale (and minimum) that fits those
     * best is computed, and the pair with the smallest error wins. Errors count more where weights are large, since those move the output
     * most: by |w| and the root mean square of the group.
     *
     * In blocks of 256 the scales themselves become small integers; codes are then rounded anew against what the integers stand for. */
    private static final int BLOCK = 256;
    private static final int GUESSES = 9; // either side of the plain one
    private static final float STEP = 0.1f;

    private final WeightFormat format;
    private final int group; // weights that share a scale
    private final int codesMax;
    private final float[] importance;
    private final int[] trial;
    private final GgufBlock block;
    private float scale; // what the last fit found
    private float minimum;

    /// @throws IllegalArgumentException if the format is not quantized, or a table's
    public Quantizer(WeightFormat format) {
        if (!format.quantized() || format.indexed())
            throw new IllegalArgumentException("to " + format + ", nothing is quantized to it");
        this.format = format;
        this.group = format.scaledWeights();
        this.codesMax = (1 << format.bits()) - 1;
        this.importance = new float[group];
        this.trial = new int[group];
        this.block = new GgufBlock(format);
    }

    /// @param row as many weights as there are from `from` on in whole blocks, all finite
    /// @param at where the first block begins; blocks follow each other
    public void quantize(float[] row, int from, int count, MemorySegment to, long at) {
        if (count % format.blockWeights() != 0)
            throw new IllegalArgumentException(
                    count + " weights of a row, " + format + " takes a multiple of " + format.blockWeights());
        for (int k = 0; k < count; k += format.blockWeights(), at += format.blockBytes()) {
            block.clear();
            if (format.blockWeights() == BLOCK) large(row, from + k);
            else small(row, from + k);
            block.write(to, at);
        }
    }

    /// One scale, a float of 16 bits.
    private void small(float[] x, int from) {
        if (format == WeightFormat.Q8_0) {
            float most = 0;
            for (int i = 0; i < group; i++) most = Math.max(most, Math.abs(x[from + i]));
            scale = most / 127;
            minimum = 0;
        } else fit(x, from);
        block.scale = halfOf(scale);
        block.minimum = halfOf(minimum);
        codes(x, from, 0, floatOf(block.scale), floatOf(block.minimum));
    }

    /// A scale for each group, integers times one float of 16 bits; so are minima, which are never above zero.
    private void large(float[] x, int from) {
        int groups = BLOCK / group;
        float[] scales = new float[groups];
        float[] minima = new float[groups];
        for (int g = 0; g < groups; g++) {
            fit(x, from + g * group);
            scales[g] = scale;
            minima[g] = -minimum;
        }
        int factorMax = GgufBlock.factorMax(format);
        int factorMin = format.hasMinimum() ? 0 : -factorMax - 1;
        float widest = widest(scales);
        block.scale = widest == 0 ? 0 : halfOf(widest / (format.hasMinimum() ? factorMax : factorMin));
        block.minimum = halfOf(widest(minima) / factorMax);
        float d = floatOf(block.scale);
        float e = floatOf(block.minimum);
        for (int g = 0; g < groups; g++) {
            block.factors[g] = integer(scales[g], d, factorMin, factorMax);
            block.minimumFactors[g] = format.hasMinimum() ? integer(minima[g], e, 0, factorMax) : 0;
            codes(x, from + g * group, g * group, d * block.factors[g], -(e * block.minimumFactors[g]));
        }
    }

    /// The one of largest magnitude, with its sign.
    private static float widest(float[] values) {
        float widest = 0;
        for (float value : values) if (Math.abs(value) > Math.abs(widest)) widest = value;
        return widest;
    }

    private static int integer(float value, float unit, int min, int max) {
        return unit == 0 ? 0 : Math.clamp(Math.round(value / unit), min, max);
    }

    private void codes(float[] x, int from, int to, float d, float m) {
        boolean signed = format.bits() == 8;
        int low = signed ? -128 : 0;
        int high = signed ? 127 : codesMax;
        for (int i = 0; i < group; i++)
            block.codes[to + i] =
                    d == 0 ? (signed ? 0 : Math.min(format.offset(), high)) : code(x[from + i] - m, d, low, high);
    }

    private int code(float value, float d, int low, int high) {
        return Math.clamp(Math.round(value / d) + (long) format.offset(), low, high);
    }

    // ---- the fit of one group

    /// Sets scale and minimum.
    private void fit(float[] x, int from) {
        double square = 0;
        for (int i = 0; i < group; i++) square += (double) x[from + i] * x[from + i];
        float rms = (float) Math.sqrt(square / group);
        for (int i = 0; i < group; i++) importance[i] = rms + Math.abs(x[from + i]);
        if (rms == 0) {
            scale = 0;
            minimum = 0;
        } else if (format.hasMinimum()) fitWithMinimum(x, from);
        else fitScale(x, from);
    }

    /// The weight of largest magnitude gets the code that is farthest from zero, or nearly.
    private void fitScale(float[] x, int from) {
        float widest = 0;
        for (int i = 0; i < group; i++) if (Math.abs(x[from + i]) > Math.abs(widest)) widest = x[from + i];
        double least = Double.MAX_VALUE;
        for (int guess = -GUESSES; guess <= GUESSES; guess++) {
            float d = widest / (-format.offset() + STEP * guess);
            double xq = 0;
            double qq = 0;
            for (int i = 0; i < group; i++) {
                trial[i] = code(x[from + i], d, 0, codesMax) - format.offset();
                xq += (double) importance[i] * x[from + i] * trial[i];
                qq += (double) importance[i] * trial[i] * trial[i];
            }
            if (qq == 0) continue;
            double fitted = xq / qq;
            double error = error(x, from, fitted, 0);
            if (error < least) {
                least = error;
                scale = (float) fitted;
            }
        }
        minimum = 0;
    }

    private void fitWithMinimum(float[] x, int from) {
        boolean aboveZero = format.blockWeights() < BLOCK; // a minimum of 16 bits has a sign, a factor has none
        float low = x[from];
        float high = x[from];
        for (int i = 1; i < group; i++) {
            low = Math.min(low, x[from + i]);
            high = Math.max(high, x[from + i]);
        }
        if (!aboveZero) low = Math.min(low, 0);
        scale = (high - low) / codesMax;
        minimum = low;
        if (scale <= 0) {
            if (aboveZero) return; // all weights are one number, the minimum
            scale = 0;
            return;
        }
        double least = Double.MAX_VALUE;
        for (int guess = -GUESSES; guess <= GUESSES; guess++) {
            float d = (high - low) / (codesMax + STEP * guess);
            for (int i = 0; i < group; i++) trial[i] = Math.clamp(Math.round((x[from + i] - low) / d), 0, codesMax);
            refit(x, from, low, aboveZero);
            double error = error(x, from, fitted, fittedMinimum);
            if (fitted > 0 && error < least) {
                least = error;
                scale = (float) fitted;
                minimum = (float) fittedMinimum;
            }
        }
    }

    private double fitted;
    private double fittedMinimum;

    /// The line through codes and weights.
    private void refit(float[] x, int from, float low, boolean aboveZero) {
        double w = 0;
        double wx = 0;
        double wq = 0;
        double wxq = 0;
        double wqq = 0;
        for (int i = 0; i < group; i++) {
            double weight = importance[i];
            w += weight;
            wx += weight * x[from + i];
            wq += weight * trial[i];
            wxq += weight * x[from + i] * trial[i];
            wqq += weight * trial[i] * trial[i];
        }
        double spread = w * wqq - wq * wq;
        fitted = spread > 0 ? (w * wxq - wx * wq) / spread : 0;
        fittedMinimum = spread > 0 ? (wx - fitted * wq) / w : low;
        if (!aboveZero && fittedMinimum > 0) {
            fittedMinimum = 0;
            fitted = wqq > 0 ? wxq / wqq : 0;
        }
    }

    private double error(float[] x, int from, double d, double m) {
        double sum = 0;
        for (int i = 0; i < group; i++) {
            double miss = d * trial[i] + m - x[from + i];
            sum += importance[i] * miss * miss;
        }
        return sum;
    }

    private static short halfOf(float value) {
        return Float.floatToFloat16(Math.clamp(value, -65_504f, 65_504f));
    }

    private static float floatOf(short half) {
        return Float.float16ToFloat(half);
    }
}
