package dev.redoubt.engine.canary;

import dev.redoubt.trust.Quantization;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// How far a quantized model may be from the one it was made of.
///
/// @param meanKlMax nats
/// @param top1Min 0 to 1
/// @param perplexityRatioMax 1 is no loss
public record JudgementBounds(double meanKlMax, double top1Min, double perplexityRatioMax) {
    /* About three times what llama.cpp's table has for a model of 8 billion weights, since small models lose more, and a quantization
     * that went wrong is off by orders of magnitude. */

    /// By how an entry of the allow-list says that the weights are stored.
    public static JudgementBounds of(Quantization method) {
        return switch (method) {
            case F32, F16, BF16 -> new JudgementBounds(0.001, 0.98, 1.005);
            case GGUF_Q8_0, GPTQ_8, W8A8, FP8 -> new JudgementBounds(0.01, 0.94, 1.02);
            case GGUF_Q6_K -> new JudgementBounds(0.02, 0.93, 1.03);
            case GGUF_Q5_0, GGUF_Q5_1, GGUF_Q5_K -> new JudgementBounds(0.04, 0.90, 1.06);
            case GGUF_Q4_0, GGUF_Q4_1, GGUF_Q4_K, GGUF_IQ4_NL, GGUF_IQ4_XS, AWQ_4, GPTQ_4, W4A16 ->
                new JudgementBounds(0.15, 0.80, 1.20);
            case GGUF_Q3_K -> new JudgementBounds(0.4, 0.70, 1.6);
            case GGUF_Q2_K -> new JudgementBounds(1, 0.50, 2.5);
        };
    }

    /// What of a judgement is beyond them, each with the value and the bound.
    public List<String> problems(Judgement judgement) {
        List<String> problems = new ArrayList<>();
        if (!(judgement.meanKl() <= meanKlMax)) // not a number is beyond, too
        problems.add(text("mean KL %.5f nats, at most %s", judgement.meanKl(), meanKlMax));
        if (!(judgement.top1() >= top1Min))
            problems.add(text("the same token most likely %.3f of the time, at least %s", judgement.top1(), top1Min));
        if (!(judgement.perplexityRatio() <= perplexityRatioMax))
            problems.add(text("perplexity × %.4f, at most × %s", judgement.perplexityRatio(), perplexityRatioMax));
        return problems;
    }

    private static String text(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
