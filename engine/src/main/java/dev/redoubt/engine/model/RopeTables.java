package dev.redoubt.engine.model;

import dev.redoubt.kernels.FloatMatrix;
import dev.redoubt.kernels.RopeTable;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Optional;

/// Cosines and sines of the rotary embedding, step by step as transformers' float32 reference computes them, so
/// that goldens agree far from position 0 too.
final class RopeTables {
    private RopeTables() {}

    /// @param divisors (1, headDimension / 2), what each frequency is divided by; GGUF's `rope_freqs` and
    ///     `rope_factors_…`
    /// @param positions the context to prepare for
    /// @param interleaved see [RopeTable]
    /// @return (positions, headDimension / 2) each
    /// @throws dev.redoubt.trust.ArtifactException if a divisor is not positive, or comes on top of another
    ///     scaling
    static RopeTable of(
            Rope rope,
            int headDimension,
            Optional<FloatMatrix> divisors,
            int positions,
            boolean interleaved,
            Arena arena) {
        float[] frequencies = frequencies(headDimension, rope.base(), rope.scaling(), positions);
        divisors.ifPresent(by -> divide(frequencies, by, rope.scaling()));
        float attentionFactor = (float) attentionFactor(rope.scaling());
        FloatMatrix cos = FloatMatrix.allocate(positions, frequencies.length, arena);
        FloatMatrix sin = FloatMatrix.allocate(positions, frequencies.length, arena);
        for (int position = 0; position < positions; position++) {
            for (int j = 0; j < frequencies.length; j++) {
                float angle = position * frequencies[j]; // rounds to float, as the reference does
                cos.set(position, j, (float) StrictMath.cos(angle) * attentionFactor);
                sin.set(position, j, (float) StrictMath.sin(angle) * attentionFactor);
            }
        }
        return new RopeTable(cos, sin, interleaved);
    }

    private static double attentionFactor(RopeScaling scaling) {
        return switch (scaling) {
            case RopeScaling.Yarn yarn -> yarn.attentionFactor();
            case RopeScaling.LongRope longRope -> longRope.attentionFactor();
            case RopeScaling.StoredLongRope longRope -> longRope.attentionFactor();
            case RopeScaling.None _, RopeScaling.Linear _, RopeScaling.Dynamic _, RopeScaling.Llama3 _ -> 1;
        };
    }

    private static void divide(float[] frequencies, FloatMatrix divisors, RopeScaling scaling) {
        if (!(scaling instanceof RopeScaling.None || scaling instanceof RopeScaling.StoredLongRope))
            throw ConfigSource.refusal("divisors of rotary frequencies come on top of rope scaling " + scaling
                    + ": this model cannot be served");
        for (int j = 0; j < frequencies.length; j++) {
            float divisor = divisors.get(0, j);
            if (!(divisor > 0 && divisor <= 1e6f))
                throw ConfigSource.refusal("a divisor of rotary frequencies is " + divisor + " at " + j
                        + ", allowed is above 0, at most 1000000");
            frequencies[j] /= divisor;
        }
    }

    /// `base^(-2j / headDimension)`, scaled.
    ///
    /// @param positions the context to prepare for
    /// @return (headDimension / 2)
    static float[] frequencies(int headDimension, double base, RopeScaling scaling, int positions) {
        float[] plain = new float[headDimension / 2];
        for (int j = 0; j < plain.length; j++) {
            float exponent = (float) (2 * j) / headDimension;
            plain[j] = 1f / (float) StrictMath.pow((float) base, exponent);
        }
        return switch (scaling) {
            case RopeScaling.None none -> plain;
            case RopeScaling.Dynamic dynamic -> plain;
            case RopeScaling.StoredLongRope stored -> plain;
            case RopeScaling.LongRope longRope -> longRope(longRope, headDimension, base, positions);
            case RopeScaling.Linear linear -> linear(plain, linear);
            case RopeScaling.Llama3 llama3 -> llama3(plain, llama3);
            case RopeScaling.Yarn yarn -> yarn(plain, yarn, headDimension, base);
        };
    }

    private static float[] linear(float[] plain, RopeScaling.Linear scaling) {
        float[] result = plain.clone();
        for (int j = 0; j < result.length; j++) result[j] /= (float) scaling.factor();
        return result;
    }

    private static float[] longRope(RopeScaling.LongRope scaling, int headDimension, double base, int positions) {
        boolean beyond = positions > scaling.originalContextTokens();
        List<Double> factors = beyond ? scaling.longFactors() : scaling.shortFactors();
        float[] result = new float[headDimension / 2];
        for (int j = 0; j < result.length; j++) {
            float power = (float) StrictMath.pow((float) base, (float) (2 * j) / headDimension);
            result[j] = 1f / (factors.get(j).floatValue() * power);
        }
        return result;
    }

    private static float[] llama3(float[] plain, RopeScaling.Llama3 scaling) {
        float factor = (float) scaling.factor();
        float low = (float) scaling.lowFrequencyFactor();
        float original = (float) scaling.originalContextTokens();
        float longWavelength = (float) (scaling.originalContextTokens() / scaling.lowFrequencyFactor());
        float shortWavelength = (float) (scaling.originalContextTokens() / scaling.highFrequencyFactor());
        float[] result = plain.clone();
        for (int j = 0; j < result.length; j++) {
            float wavelength = (float) (2 * Math.PI) / plain[j];
            if (wavelength < shortWavelength) continue;
            if (wavelength > longWavelength) {
                result[j] = plain[j] / factor;
                continue;
            }
            float smooth = (original / wavelength - low)
                    / (float) (scaling.highFrequencyFactor() - scaling.lowFrequencyFactor());
            result[j] = (1 - smooth) * plain[j] / factor + smooth * plain[j];
        }
        return result;
    }

    private static float[] yarn(float[] plain, RopeScaling.Yarn scaling, int headDimension, double base) {
        double low = correctionDimension(scaling.betaFast(), scaling, headDimension, base);
        double high = correctionDimension(scaling.betaSlow(), scaling, headDimension, base);
        if (scaling.truncate()) {
            low = Math.floor(low);
            high = Math.ceil(high);
        }
        low = Math.max(low, 0);
        high = Math.min(high, headDimension - 1);
        if (low == high) high += 0.001; // no division by zero
        float[] result = plain.clone();
        for (int j = 0; j < result.length; j++) {
            float ramp = Math.clamp((float) ((j - low) / (high - low)), 0f, 1f); // 0: as trained, 1: interpolated
            float interpolated = plain[j] / (float) scaling.factor();
            result[j] = interpolated * ramp + plain[j] * (1 - ramp);
        }
        return result;
    }

    /// The dimension whose wave turns `rotations` times within the original context.
    private static double correctionDimension(
            double rotations, RopeScaling.Yarn scaling, int headDimension, double base) {
        return headDimension
                * StrictMath.log(scaling.originalContextTokens() / (rotations * 2 * Math.PI))
                / (2 * StrictMath.log(base));
    }
}
