package dev.redoubt.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.redoubt.testkit.Shared;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Quantized weights with int8 activations, and BF16 weights with bf16 activations, against float32 references,
/// teacher-forced: the golden ids are fed, whatever we would say. Prints what it measured.
class QuantizedGoldenTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({
        "base-bf16, base-bf16, 0.0005, 0.998",
        "gguf/shakespeare-Q8_0.gguf, gguf/shakespeare-Q8_0.ref, 0.003, 0.985",
        "gguf/shakespeare-Q4_0.gguf, gguf/shakespeare-Q4_0.ref, 0.003, 0.985",
    })
    void shakespeareIsWithinTheReferencesBounds(String model, String reference, double nllBound, double top1Bound)
            throws IOException {
        Path root = Shared.testdata("shakespeare");
        int windows = 8;
        int[] text = HeldOut.ids(root);
        float[] nll = Golden.floats(root.resolve(reference).resolve("nll.f32"));
        int[] top1 = Golden.ints(root.resolve(reference).resolve("top1.i32"));
        Agreement agreement = new Agreement();
        try (PromptRunner runner = PromptRunner.open(modelFiles(root.resolve(model)), "auto", 256)) {
            for (int w = 0; w < windows; w++) {
                int[] ids = new int[256];
                System.arraycopy(text, w * 255, ids, 1, 255); // BOS is 0
                float[][] logits = runner.logits(ids);
                for (int i = 0; i < 255; i++) agreement.add(logits[i], ids[i + 1], nll[w * 255 + i], top1[w * 255 + i]);
            }
        }
        agreement.print("shakespeare " + model);
        assertThat(agreement.meanNll()).isCloseTo(agreement.referenceNll(), within(nllBound));
        assertThat(agreement.top1()).isGreaterThanOrEqualTo(top1Bound);
    }

    /// The folder holds figures beside the model, which a model folder must not.
    private Path modelFiles(Path source) throws IOException {
        if (!Files.isDirectory(source)) return source;
        for (String name : List.of("config.json", "model.safetensors"))
            Files.copy(source.resolve(name), folder.resolve(name));
        return folder;
    }

    @ParameterizedTest
    @CsvSource({"wikitext, auto, 1", "shakespeare, auto, 1", "wikitext, scalar, 1"})
    void smolLm2IsWithinOnePercentOfItsPerplexity(String text, String kernels, int windows) throws IOException {
        String given = System.getenv("REDOUBT_SMOLLM2");
        assumeTrue(given != null && Files.isRegularFile(Path.of(given)), "skipped: REDOUBT_SMOLLM2 names no GGUF file");
        Path root = Shared.testdata("smollm2");
        int[] ids = Golden.ints(root.resolve(text + "-ids.i32"));
        float[] nll = Golden.floats(root.resolve(text + "-nll.f32"));
        int[] top1 = Golden.ints(root.resolve(text + "-top1.i32"));
        int[] topIds = Golden.ints(root.resolve(text + "-top16-ids.i32"));
        float[] topLogprobs = Golden.floats(root.resolve(text + "-top16-logprob.f32"));
        // One window keeps the test short; -Dredoubt.windows=8 measures them all.
        int positions = kernels.equals("scalar") ? 16 : 512; // a prefix of a window sees the same
        int windowsRun = Integer.getInteger("redoubt.windows", windows);
        Agreement agreement = new Agreement();
        try (PromptRunner runner = PromptRunner.open(Path.of(given), kernels, 2, positions, positions)) {
            for (int w = 0; w < windowsRun; w++) {
                float[][] logits = runner.logits(Arrays.copyOfRange(ids, w * 512, w * 512 + positions));
                for (int i = 0; i < positions - 1; i++) {
                    int at = w * 511 + i;
                    agreement.add(logits[i], ids[w * 512 + i + 1], nll[at], top1[at]);
                    agreement.addDivergence(
                            logits[i],
                            Arrays.copyOfRange(topIds, at * 16, at * 16 + 16),
                            Arrays.copyOfRange(topLogprobs, at * 16, at * 16 + 16));
                }
            }
        }
        agreement.print("SmolLM2 " + text + " " + kernels);
        assertThat(Math.exp(agreement.meanNll() - agreement.referenceNll()))
                .isCloseTo(1, within(positions < 512 ? 0.05 : 0.01));
        assertThat(agreement.top1()).isGreaterThanOrEqualTo(positions < 512 ? 0.85 : 0.97);
        assertThat(agreement.meanDivergence()).isLessThanOrEqualTo(0.005);
    }

    /// Sums over scored positions.
    private static final class Agreement {
        private int count;
        private double nll;
        private double reference;
        private int sameTop1;
        private double divergence;

        void add(float[] logits, int next, float referenceNll, int referenceTop1) {
            count++;
            nll += PromptRunner.negativeLogLikelihood(logits, next);
            reference += referenceNll;
            if (PromptRunner.argMax(logits) == referenceTop1) sameTop1++;
        }

        /// KL(reference || ours) over the reference's best and the rest as one outcome: a lower bound.
        void addDivergence(float[] logits, int[] ids, float[] logprobs) {
            double logSumExp = PromptRunner.logSumExp(logits);
            double rest = 1;
            double ourRest = 1;
            for (int i = 0; i < ids.length; i++) {
                double p = Math.exp(logprobs[i]);
                double ours = logits[ids[i]] - logSumExp;
                divergence += p * (logprobs[i] - ours);
                rest -= p;
                ourRest -= Math.exp(ours);
            }
            if (rest > 1e-9 && ourRest > 1e-12) divergence += rest * Math.log(rest / ourRest);
        }

        double meanNll() {
            return nll / count;
        }

        double referenceNll() {
            return reference / count;
        }

        double top1() {
            return (double) sameTop1 / count;
        }

        double meanDivergence() {
            return divergence / count;
        }

        void print(String what) {
            System.out.printf(
                    Locale.ROOT,
                    "%s: %d positions, mean NLL %.5f (reference %.5f), perplexity %+.3f %%, top-1 %.4f, mean KL %.6f%n",
                    what,
                    count,
                    meanNll(),
                    referenceNll(),
                    100 * (Math.exp(meanNll() - referenceNll()) - 1),
                    top1(),
                    meanDivergence());
        }
    }
}
