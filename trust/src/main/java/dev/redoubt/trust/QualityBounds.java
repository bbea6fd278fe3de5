package dev.redoubt.trust;

import java.util.Locale;

/// How far a quantized model may be from the one it was made of (RULES V6.2).
///
/// @param meanKlMax nats, 0 or more
/// @param top1Min 0 to 1
/// @param perplexityRatioMax 1 is no loss
public record QualityBounds(double meanKlMax, double top1Min, double perplexityRatioMax) {
    /* About three times what llama.cpp's table has for a model of 8 billion weights, since small models lose more, and a quantization
     * that went wrong is off by orders of magnitude. */

    /// @throws IllegalArgumentException if one bounds nothing, naming it, the value and what is allowed
    public QualityBounds {
        require("mean KL divergence at most", meanKlMax, meanKlMax >= 0, "0 or more");
        require("the same token most likely at least", top1Min, top1Min >= 0 && top1Min <= 1, "0 to 1");
        require("perplexity ratio at most", perplexityRatioMax, perplexityRatioMax > 0, "above 0");
    }

    private static void require(String what, double value, boolean holds, String allowed) {
        if (!holds || Double.isInfinite(value))
            throw new IllegalArgumentException(what + " " + value + ", allowed is " + allowed);
    }

    /// Those of an entry of the allow-list that says how the weights are stored, and no bounds of its own.
    public static QualityBounds of(Quantization method) {
        return switch (method) {
            case F32, F16, BF16 -> new QualityBounds(0.001, 0.98, 1.005);
            case GGUF_Q8_0, GPTQ_8, W8A8, FP8 -> new QualityBounds(0.01, 0.94, 1.02);
            case GGUF_Q6_K -> new QualityBounds(0.02, 0.93, 1.03);
            case GGUF_Q5_0, GGUF_Q5_1, GGUF_Q5_K -> new QualityBounds(0.04, 0.90, 1.06);
            case GGUF_Q4_0, GGUF_Q4_1, GGUF_Q4_K, GGUF_IQ4_NL, GGUF_IQ4_XS, AWQ_4, GPTQ_4, W4A16 ->
                new QualityBounds(0.15, 0.80, 1.20);
            case GGUF_Q3_K -> new QualityBounds(0.4, 0.70, 1.6);
            case GGUF_Q2_K -> new QualityBounds(1, 0.50, 2.5);
        };
    }

    /// For people.
    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "mean KL at most %s nats, the same token most likely at least %s of the time, perplexity at most × %s",
                meanKlMax,
                top1Min,
                perplexityRatioMax);
    }
}
