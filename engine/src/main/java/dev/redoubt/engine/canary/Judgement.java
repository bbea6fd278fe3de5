package dev.redoubt.engine.canary;

import dev.redoubt.engine.model.ModelSpec;
import dev.redoubt.engine.model.Models;
import dev.redoubt.engine.tokenize.Tokenizer;
import dev.redoubt.kernels.Arithmetic;
import dev.redoubt.kernels.FloatMatrix;
import dev.redoubt.trust.ArtifactException;
import dev.redoubt.trust.QualityBounds;
import dev.redoubt.trust.VerifiedArtifact;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;

/// How a quantized model differs from the one it was made of, over one text (V6.2): the measures of llama.cpp's
/// `--kl-divergence`.
///
/// @param base digest of the model that it was made of, hex
/// @param model its own digest, hex
/// @param tokens of the text, as many as were compared
/// @param meanKl mean over tokens of KL(base || model), nats
/// @param maxKl the largest one
/// @param top1 share of tokens after which both find the same token the most likely, 0 to 1
/// @param perplexityRatio the model's perplexity over the base's
public record Judgement(
        String base, String model, int tokens, double meanKl, double maxKl, double top1, double perplexityRatio) {
    private static final int TOKENS_MAX = 512; // what is kept of the base is tokens × vocabulary floats

    /// Reads the text with one model after the other.
    ///
    /// @param base closed afterwards, as `model` is, since the weights of both need not be in memory at once
    /// @param text empty: the reference text
    /// @throws ArtifactException V6.2, if the two do not have the same vocabulary, or the text has under two tokens
    public static Judgement of(VerifiedArtifact base, VerifiedArtifact model, String text, int threads) {
        int[] ids = ids(base, model, text.isEmpty() ? ReferenceText.upTo(Integer.MAX_VALUE) : text);
        float[][] expected = new float[ids.length - 1][];
        try (LogitsReader reader = new LogitsReader(base, threads, ids.length)) {
            reader.read(
                    Arrays.copyOf(ids, ids.length - 1),
                    (position, logits, row) -> expected[position] = logProbabilities(logits, row));
        }
        Sums sums = new Sums();
        try (LogitsReader reader = new LogitsReader(model, threads, ids.length)) {
            reader.read(
                    Arrays.copyOf(ids, ids.length - 1),
                    (position, logits, row) ->
                            sums.add(expected[position], logProbabilities(logits, row), ids[position + 1]));
        }
        return sums.judgement(base.digest(), model.digest());
    }

    private static int[] ids(VerifiedArtifact base, VerifiedArtifact model, String text) {
        ModelSpec first = Models.describe(base);
        ModelSpec second = Models.describe(model);
        if (first.vocabularySize() != second.vocabularySize())
            throw new ArtifactException(
                    "V6.2",
                    "'" + base.name() + "' has a vocabulary of " + first.vocabularySize() + ", '" + model.name()
                            + "' one of " + second.vocabularySize() + ": name the model that this one was made of");
        int[] ids = encoded(base, text);
        if (!Arrays.equals(ids, encoded(model, text)))
            throw new ArtifactException(
                    "V6.2",
                    "'" + base.name() + "' and '" + model.name()
                            + "' make other tokens of the same text: name the model that this one was made of");
        int count = Math.min(
                Math.min(ids.length, TOKENS_MAX), Math.min(first.contextTokensMax(), second.contextTokensMax()));
        if (count < 2)
            throw new ArtifactException(
                    "V6.2", "the text has " + count + " tokens, at least 2 are compared: give more");
        return Arrays.copyOf(ids, count);
    }

    private static int[] encoded(VerifiedArtifact artifact, String text) {
        try (Tokenizer tokenizer = Tokenizer.of(artifact)) {
            return tokenizer.encode(text);
        }
    }

    private static float[] logProbabilities(FloatMatrix logits, int row) {
        float[] values = new float[logits.columns()];
        float largest = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < values.length; i++) {
            values[i] = logits.get(row, i);
            largest = Math.max(largest, values[i]);
        }
        double sum = 0;
        for (float value : values) sum += Math.exp((double) value - largest);
        double logSum = largest + Math.log(sum);
        for (int i = 0; i < values.length; i++) values[i] = (float) (values[i] - logSum);
        return values;
    }

    /// Over all tokens.
    private static final class Sums {
        private int tokens;
        private double divergence;
        private double largest;
        private int agreeing;
        private double baseNll;
        private double modelNll;

        void add(float[] base, float[] model, int next) {
            double sum = 0;
            int baseBest = 0;
            int modelBest = 0;
            for (int i = 0; i < base.length; i++) {
                sum += Math.exp(base[i]) * (base[i] - model[i]);
                if (base[i] > base[baseBest]) baseBest = i;
                if (model[i] > model[modelBest]) modelBest = i;
            }
            tokens++;
            divergence += sum;
            largest = Math.max(largest, sum);
            if (baseBest == modelBest) agreeing++;
            baseNll -= base[next];
            modelNll -= model[next];
        }

        Judgement judgement(String base, String model) {
            return new Judgement(
                    base,
                    model,
                    tokens,
                    divergence / tokens,
                    largest,
                    (double) agreeing / tokens,
                    Math.exp((modelNll - baseNll) / tokens));
        }
    }

    /// What is beyond the bounds, each with its value and the bound; empty if nothing is.
    public List<String> problems(QualityBounds bounds) {
        List<String> problems = new ArrayList<>();
        if (!(meanKl <= bounds.meanKlMax())) // not a number is beyond, too
        problems.add(text("mean KL %.5f nats, at most %s", meanKl, bounds.meanKlMax()));
        if (!(top1 >= bounds.top1Min()))
            problems.add(text("the same token most likely %.3f of the time, at least %s", top1, bounds.top1Min()));
        if (!(perplexityRatio <= bounds.perplexityRatioMax()))
            problems.add(text("perplexity × %.4f, at most × %s", perplexityRatio, bounds.perplexityRatioMax()));
        return problems;
    }

    private static String text(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }

    /// For people and other programs.
    public byte[] toJson() {
        return JsonMapper.shared()
                .writeValueAsBytes(JsonNodeFactory.instance
                        .objectNode()
                        .put("base", base)
                        .put("model", model)
                        .put("arithmetic", Arithmetic.VERSION)
                        .put("tokens", tokens)
                        .put("mean_kl", meanKl)
                        .put("max_kl", maxKl)
                        .put("top1", top1)
                        .put("perplexity_ratio", perplexityRatio));
    }
}
