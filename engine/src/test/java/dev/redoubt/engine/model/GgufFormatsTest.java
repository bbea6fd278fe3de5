package dev.redoubt.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.testkit.Shared;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/// The Shakespeare model in every format of GGUF that is read, against the same weights as f32. Prints what it
/// measured.
class GgufFormatsTest {
    /// What int8 activations may turn round: two logits that lie closer.
    private static final double GAP_MIN = 0.1;

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"Q2_K", "Q3_K", "Q4_0", "Q4_K_M", "Q5_K", "Q6_K", "Q8_0", "IQ4_NL", "IQ4_XS", "MIXED"})
    void logitsAreThoseOfTheSameWeightsAsFloats(String variant) throws IOException {
        Path root = Shared.testdata("shakespeare");
        Path reference = DequantizedModel.write(
                gguf(root, variant), root.resolve("base-bf16").resolve("config.json"), folder);
        int[] text = HeldOut.ids(root);
        float[] referenceNll = Golden.floats(figures(root, variant).resolve("nll.f32"));
        double divergence = 0;
        double nll = 0;
        double expectedNll = 0;
        int windows = 2;
        try (PromptRunner floats = PromptRunner.open(reference, "auto", 256);
                PromptRunner quantized = PromptRunner.open(gguf(root, variant), "auto", 256)) {
            for (int w = 0; w < windows; w++) {
                int[] ids = new int[256];
                System.arraycopy(text, w * 255, ids, 1, 255); // BOS is 0
                float[][] expected = floats.logits(ids);
                float[][] actual = quantized.logits(ids);
                for (int i = 0; i < 255; i++) {
                    // The floats are a reference only if they are the one that was made outside.
                    assertThat(PromptRunner.negativeLogLikelihood(expected[i], ids[i + 1]))
                            .isCloseTo(referenceNll[w * 255 + i], within(1e-3));
                    divergence += divergence(expected[i], actual[i]) / (windows * 255);
                    nll += PromptRunner.negativeLogLikelihood(actual[i], ids[i + 1]) / (windows * 255);
                    expectedNll += referenceNll[w * 255 + i] / (windows * 255);
                }
            }
        }
        System.out.printf(
                Locale.ROOT,
                "shakespeare %s: mean KL %.6f nats, mean NLL %.5f (reference %.5f)%n",
                variant,
                divergence,
                nll,
                expectedNll);
        assertThat(divergence).isPositive().isLessThanOrEqualTo(variant.equals("Q8_0") ? 0.0005 : 0.002);
        assertThat(nll).isCloseTo(expectedNll, within(0.002 * expectedNll));
    }

    @ParameterizedTest
    @ValueSource(strings = {"Q2_K", "Q3_K", "Q4_0", "Q4_K_M", "Q5_K", "Q6_K", "Q8_0", "IQ4_NL", "IQ4_XS", "MIXED"})
    void greedyIdsAreTheReferencesWhereTheGapAllows(String variant) throws IOException, JsonRefusal {
        Path root = Shared.testdata("shakespeare");
        JsonNode greedy =
                Golden.json(figures(root, variant).resolve("reference.json")).path("greedy");
        int compared = 0;
        try (PromptRunner runner = PromptRunner.open(gguf(root, variant), "auto", 128)) {
            for (JsonNode prompt : greedy) {
                int[] expected = Golden.ints(prompt.path("ids"));
                float[] gaps = Golden.floats(prompt.path("gaps"));
                int[] actual = runner.greedy(Golden.ints(prompt.path("promptIds")), expected.length);
                for (int i = 0; i < expected.length; i++, compared++) {
                    if (actual[i] != expected[i] && gaps[i] < GAP_MIN) break;
                    assertThat(actual[i])
                            .as("%s, step %d", prompt.path("prompt"), i)
                            .isEqualTo(expected[i]);
                }
            }
        }
        assertThat(greedy.size()).isPositive();
        assertThat(compared).isGreaterThan(20);
    }

    @ParameterizedTest
    @ValueSource(strings = {"Q2_K", "Q3_K", "Q4_0", "Q4_K_M", "Q5_K", "Q6_K", "Q8_0", "IQ4_NL", "IQ4_XS", "MIXED"})
    void V3_2_logitsAreTheSameBitsWhateverTheChunksAndKernels(String variant) throws IOException {
        Path file = gguf(Shared.testdata("shakespeare"), variant);
        int[] ids = Arrays.copyOf(HeldOut.ids(Shared.testdata("shakespeare")), 24);
        try (PromptRunner whole = PromptRunner.open(file, "auto", 32);
                PromptRunner chunks = PromptRunner.open(file, "vector", 2, 32, 7);
                PromptRunner single = PromptRunner.open(file, "scalar", 1, 32, 1)) {
            float[][] expected = whole.logits(ids);
            assertThat(Arrays.deepEquals(expected, chunks.logits(ids)))
                    .as("chunks of 7, vectors")
                    .isTrue();
            assertThat(Arrays.deepEquals(expected, single.logits(ids)))
                    .as("one by one, scalar")
                    .isTrue();
        }
    }

    private static Path gguf(Path root, String variant) {
        return root.resolve("gguf/shakespeare-" + variant + ".gguf");
    }

    private static Path figures(Path root, String variant) {
        return root.resolve("gguf/shakespeare-" + variant + ".ref");
    }

    /// KL(expected || actual) in nats.
    static double divergence(float[] expected, float[] actual) {
        double ofExpected = PromptRunner.logSumExp(expected);
        double ofActual = PromptRunner.logSumExp(actual);
        double sum = 0;
        for (int i = 0; i < expected.length; i++) {
            double p = Math.exp(expected[i] - ofExpected);
            sum += p * ((expected[i] - ofExpected) - (actual[i] - ofActual));
        }
        return sum;
    }
}
