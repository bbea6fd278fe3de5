package dev.redoubt.kernels;

/// The scalar functions that every provider computes with the same operations in the same order.
final class Numbers {
    /* exp(x) = 2^n · e^r, n = round(x / ln 2), |r| ≤ ln 2 / 2; e^r is Cephes' polynomial of degree 7 [1]. Every line is one
     * rounded f32 operation (fma is one), so C and Java agree to the bit. n is rounded by adding 1.5 · 2^23, whose low mantissa bits
     * then hold n. Above EXP_MAX the result is infinite, below EXP_MIN it is 0 (no subnormal results).
     * [1] S. Moshier, Cephes Mathematical Library, single/expf.c. */
    static final float ROUND = 0x1.8p23f;
    static final float EXP_MAX = 88.376f;
    static final float EXP_MIN = -87.336f;
    static final float LOG2_E = 0x1.715476p0f;
    static final float MINUS_LN2_HIGH = -0x1.63p-1f;
    static final float MINUS_LN2_LOW = 0x1.bd0106p-13f;
    static final float P0 = 0x1.a0d2cep-13f;
    static final float P1 = 0x1.6e879cp-10f;
    static final float P2 = 0x1.11121p-7f;
    static final float P3 = 0x1.555382p-5f;
    static final float P4 = 0x1.555554p-3f;
    static final float P5 = 0x1.0p-1f;

    /* Φ(-a) = exp(-a²/2) · t·(G0 + G1·t + … + G7·t⁷) for a ≥ 0, t = 1 / (1 + GELU_STEP·a): the form of Hastings' approximations of
     * erfc, its coefficients fitted for the least relative error of Φ(-a) over 0 to 14, which is 9.4e-8 before rounding. What negative
     * numbers leave is this tail itself, so nothing cancels: |gelu(x) - x·Φ(x)| ≤ 2e-7 · |x|, at most half a unit in the last place of x
     * above 4, and 8e-7 of the result down to x = -5. */
    static final float GELU_STEP = 0x1.3851ecp-2f;
    static final float G0 = 0x1.f23c82p-4f;
    static final float G1 = 0x1.f59fbap-4f;
    static final float G2 = 0x1.a79ceep-4f;
    static final float G3 = 0x1.efb36ep-4f;
    static final float G4 = -0x1.371746p-5f;
    static final float G5 = 0x1.7c580ap-3f;
    static final float G6 = -0x1.395148p-3f;
    static final float G7 = 0x1.2ca322p-5f;

    static final float GELU_SLOPE = 0x1.988454p0f; // 2·√(2/π)
    static final float GELU_CUBE = 0.044715f;

    /// How many partial sums a reduction keeps: element `i` goes to partial `i mod 16`.
    static final int PARTIALS = 16;

    private Numbers() {}

    static float exp(float x) {
        if (x > EXP_MAX) return Float.POSITIVE_INFINITY;
        if (x < EXP_MIN) return 0;
        float t = Math.fma(x, LOG2_E, ROUND);
        float n = t - ROUND;
        float r = Math.fma(n, MINUS_LN2_LOW, Math.fma(n, MINUS_LN2_HIGH, x));
        float p = Math.fma(P0, r, P1);
        p = Math.fma(p, r, P2);
        p = Math.fma(p, r, P3);
        p = Math.fma(p, r, P4);
        p = Math.fma(p, r, P5);
        p = Math.fma(p, r * r, r) + 1;
        return p * Float.intBitsToFloat((Float.floatToRawIntBits(t) << 23) + 0x3F800000);
    }

    /// Adds 16 partial sums: i and i+8, then i and i+4, i and i+2, i and i+1.
    static float tree(float[] partials) {
        float[] sum = partials.clone();
        for (int width = PARTIALS / 2; width > 0; width /= 2) for (int i = 0; i < width; i++) sum[i] += sum[i + width];
        return sum[0];
    }

    /// The z of a gate function, see [GateFunction].
    static float slope(GateFunction function, float x) {
        return switch (function) {
            case SILU -> x;
            case GELU_TANH -> (x * GELU_SLOPE) * Math.fma(x * x, GELU_CUBE, 1);
        };
    }

    /// x · Φ(x) as max(x, 0) - |x| · Φ(-|x|); NaN for what is infinite.
    static float gelu(float x) {
        float a = Math.abs(x);
        float t = 1 / Math.fma(a, GELU_STEP, 1);
        float p = Math.fma(G7, t, G6);
        p = Math.fma(p, t, G5);
        p = Math.fma(p, t, G4);
        p = Math.fma(p, t, G3);
        p = Math.fma(p, t, G2);
        p = Math.fma(p, t, G1);
        p = Math.fma(p, t, G0);
        float tail = (p * t) * exp((a * a) * -0.5f);
        return Math.fma(-a, tail, Math.max(x, 0));
    }

    /// cap · tanh(x / cap) as (1 - 2 / (exp(x · (2 / cap)) + 1)) · cap.
    static float softCap(float x, float cap) {
        return (1 - 2 / (exp(x * (2 / cap)) + 1)) * cap;
    }

    /// The factor of a root-mean-square norm.
    static float inverseRms(float sumOfSquares, int columns, float epsilon) {
        return 1f / (float) Math.sqrt(sumOfSquares / columns + epsilon);
    }
}
