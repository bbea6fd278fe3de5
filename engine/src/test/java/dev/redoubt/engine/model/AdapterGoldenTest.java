package dev.redoubt.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.testkit.ShakespeareFiles;
import dev.redoubt.testkit.Shared;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/// Adapters as PEFT wrote them, against PEFT's own figures. Prints what it measured.
class AdapterGoldenTest {
    private static final int WINDOWS = 3;

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({
        "lora-shout-all, , 0.0005",
        "lora-shout-qv, , 0.0005",
        "lora-shout-all, gguf/shakespeare-Q8_0.gguf, 0.002",
        "lora-shout-qv, gguf/shakespeare-Q8_0.gguf, 0.002",
    })
    void everyAdapterIsWithinTheBoundsOfItsReference(String name, String quantizedBase, double nllBound)
            throws IOException, JsonRefusal {
        Path shakespeare = Shared.testdata("shakespeare");
        Path base = quantizedBase == null
                ? ShakespeareFiles.base(folder.resolve("base"))
                : shakespeare.resolve(quantizedBase);
        Path adapter = ShakespeareFiles.adapter(name, folder.resolve("adapter"));
        int[] text = HeldOut.ids(shakespeare);
        float[] golden = Golden.floats(shakespeare.resolve(name).resolve("nll.f32"));
        try (PromptRunner runner = PromptRunner.open(base, List.of(adapter), "auto", 1, 256, 256)) {
            double nll = 0;
            double reference = 0;
            double furthest = 0;
            for (int w = 0; w < WINDOWS; w++) {
                int[] ids = new int[256];
                System.arraycopy(text, w * 255, ids, 1, 255); // BOS is 0
                float[][] logits = runner.logits(ids);
                for (int i = 0; i < 255; i++) {
                    double ours = PromptRunner.negativeLogLikelihood(logits[i], ids[i + 1]);
                    double theirs = golden[w * 255 + i];
                    nll += ours;
                    reference += theirs;
                    furthest = Math.max(furthest, Math.abs(ours - theirs));
                }
            }
            System.out.printf(
                    Locale.ROOT,
                    "%s on %s: mean NLL %.5f (reference %.5f, %+.4f %%), a token within %.5f%n",
                    name,
                    base.getFileName(),
                    nll / (WINDOWS * 255),
                    reference / (WINDOWS * 255),
                    100 * (nll / reference - 1),
                    furthest);
            assertThat(nll / reference).isCloseTo(1, within(nllBound));
            JsonNode reply = Golden.json(shakespeare.resolve(name).resolve("reference.json"))
                    .path("greedy")
                    .get(0);
            float[] last = runner.logits(Golden.ints(reply.path("promptIds")))[
                    reply.path("promptIds").size() - 1];
            float[] expected = Golden.floats(shakespeare.resolve(name).resolve("logits.f32"));
            double divergence = divergence(expected, last);
            System.out.printf(Locale.ROOT, "KL of the first prompt's next token %.7f%n", divergence);
            assertThat(divergence).isLessThan(quantizedBase == null ? 1e-4 : 1e-3);
        }
    }

    /// KL(p || q) of the distributions of two rows of logits, in nats; `p` may hold more rows, its first counts.
    private static double divergence(float[] p, float[] q) {
        float[] first = java.util.Arrays.copyOf(p, q.length);
        double pSum = PromptRunner.logSumExp(first);
        double qSum = PromptRunner.logSumExp(q);
        double sum = 0;
        for (int i = 0; i < q.length; i++) {
            double logP = first[i] - pSum;
            sum += Math.exp(logP) * (logP - (q[i] - qSum));
        }
        return sum;
    }
}
