package dev.redoubt.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.testkit.ShakespeareFiles;
import dev.redoubt.testkit.Shared;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/// Checkpoints as the tools of each method wrote them, against their own float32 weights, teacher-forced. Prints
/// what it measured.
class CheckpointGoldenTest {
    private static final int WINDOWS = 3;
    /// A token whose lead in the reference is larger must be ours too: activations of 8 bits move logits by less.
    private static final double GAP = 0.25;

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({
        "awq-4bit-g128, 0.002",
        "gptq-4bit-g128, 0.002",
        "gptq-4bit-g128-actorder, 0.002",
        "gptq-8bit-g128, 0.0005",
        "ct-w4a16-g128, 0.002",
        "ct-w8a8-int8, 0.0005",
        "ct-fp8-dynamic, 0.0005",
    })
    void everyVariantIsWithinTheBoundsOfItsReference(String name, double divergenceMax)
            throws IOException, JsonRefusal {
        Path source = Shared.testdata("shakespeare").resolve(name);
        Path model = ShakespeareFiles.variant(name, folder);
        Path twin = ReferenceWeights.twin(model, folder.resolve("twin"));
        int[] text = HeldOut.ids(Shared.testdata("shakespeare"));
        float[] golden = Golden.floats(source.resolve("nll.f32"));
        double nll = 0;
        double reference = 0;
        double twinDifference = 0;
        double divergence = 0;
        int positions = WINDOWS * 255;
        try (PromptRunner ours = PromptRunner.open(model, "auto", 256);
                PromptRunner exact = PromptRunner.open(twin, "auto", 256)) {
            for (int w = 0; w < WINDOWS; w++) {
                int[] ids = new int[256];
                System.arraycopy(text, w * 255, ids, 1, 255); // BOS is 0
                float[][] logits = ours.logits(ids);
                float[][] expected = exact.logits(ids);
                for (int i = 0; i < 255; i++) {
                    double twinNll = PromptRunner.negativeLogLikelihood(expected[i], ids[i + 1]);
                    twinDifference = Math.max(twinDifference, Math.abs(twinNll - golden[w * 255 + i]));
                    nll += PromptRunner.negativeLogLikelihood(logits[i], ids[i + 1]);
                    reference += golden[w * 255 + i];
                    divergence += divergence(expected[i], logits[i]);
                }
            }
            System.out.printf(
                    Locale.ROOT,
                    "%s: %d positions, mean NLL %.5f (reference %.5f, %+.4f %%), mean KL %.7f, twin within %.6f%n",
                    name,
                    positions,
                    nll / positions,
                    reference / positions,
                    100 * (nll / reference - 1),
                    divergence / positions,
                    twinDifference);
            assertThat(twinDifference)
                    .as("the float32 twin is the tool's model")
                    .isLessThan(2e-3);
            assertThat(nll / reference).isCloseTo(1, within(0.002));
            assertThat(divergence / positions).isLessThanOrEqualTo(divergenceMax);
            assertGreedyIds(ours, Golden.json(source.resolve("reference.json")).path("greedy"));
        }
    }

    private static void assertGreedyIds(PromptRunner runner, JsonNode replies) {
        int compared = 0;
        for (JsonNode reply : replies) {
            int[] prompt = Golden.ints(reply.path("promptIds"));
            int[] ids = Golden.ints(reply.path("ids"));
            float[] gaps = Golden.floats(reply.path("gaps"));
            int[] all = new int[prompt.length + ids.length];
            System.arraycopy(prompt, 0, all, 0, prompt.length);
            System.arraycopy(ids, 0, all, prompt.length, ids.length);
            float[][] logits = runner.logits(all);
            for (int i = 0; i < ids.length; i++) {
                if (gaps[i] < GAP) continue;
                assertThat(PromptRunner.argMax(logits[prompt.length + i - 1])).isEqualTo(ids[i]);
                compared++;
            }
        }
        assertThat(compared).isGreaterThan(100);
    }

    /// KL(p || q) of the distributions of two rows of logits, in nats.
    private static double divergence(float[] p, float[] q) {
        double pSum = PromptRunner.logSumExp(p);
        double qSum = PromptRunner.logSumExp(q);
        double sum = 0;
        for (int i = 0; i < p.length; i++) {
            double logP = p[i] - pSum;
            sum += Math.exp(logP) * (logP - (q[i] - qSum));
        }
        return sum;
    }
}
