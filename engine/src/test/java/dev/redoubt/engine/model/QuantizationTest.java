package dev.redoubt.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.redoubt.engine.quantize.Quantization;
import dev.redoubt.engine.quantize.Target;
import dev.redoubt.engine.tokenize.Tokenizer;
import dev.redoubt.testkit.ShakespeareFiles;
import dev.redoubt.testkit.Shared;
import dev.redoubt.trust.ArtifactException;
import dev.redoubt.trust.ModelPath;
import dev.redoubt.trust.TensorType;
import dev.redoubt.trust.VerifiedArtifact;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What is lost when the Shakespeare model is quantized here, beside what llama.cpp's tool loses. Prints what it
/// measured.
class QuantizationTest {
    private static final int WINDOWS = 2;

    @TempDir
    private Path folder;

    private Path base() throws IOException {
        return ShakespeareFiles.base(folder.resolve("base"));
    }

    private Path quantized(Path model, Target target) throws IOException {
        Path file = folder.resolve(target + ".gguf");
        try (VerifiedArtifact artifact = ModelPath.open(model)) {
            new Quantization(artifact, target, "test").write(file, done -> {}, 2);
        }
        return file;
    }

    /// @param ofLlamaCpp KL of its file of the same format, from the fixture's table
    @ParameterizedTest
    @CsvSource({
        "Q8_0, 3.24e-5",
        "Q6_K, 3.5e-4",
        "Q5_K, 1.5e-3",
        "Q4_K, 3.47e-3",
        "Q4_0, 8.42e-3",
        "Q3_K, 2.56e-2",
        "Q2_K, 1.05e-1"
    })
    void asMuchIsKeptAsByLlamaCpp(Target target, double ofLlamaCpp) throws IOException {
        Path root = Shared.testdata("shakespeare");
        Path base = base();
        int[] text = HeldOut.ids(root);
        double divergence = 0;
        try (PromptRunner floats = PromptRunner.open(base, "auto", 256);
                PromptRunner smaller = PromptRunner.open(quantized(base, target), "auto", 256)) {
            for (int w = 0; w < WINDOWS; w++) {
                int[] ids = new int[256];
                System.arraycopy(text, w * 255, ids, 1, 255); // BOS is 0
                float[][] expected = floats.logits(ids);
                float[][] actual = smaller.logits(ids);
                for (int i = 0; i < 255; i++)
                    divergence += GgufFormatsTest.divergence(expected[i], actual[i]) / (WINDOWS * 255);
            }
        }
        System.out.printf(
                Locale.ROOT, "quantized to %s: mean KL %.6f nats (llama.cpp %.6f)%n", target, divergence, ofLlamaCpp);
        assertThat(divergence).isBetween(ofLlamaCpp / 10, 1.3 * ofLlamaCpp + 1e-4);
    }

    @ParameterizedTest
    @CsvSource({"Q5_1, Q5_1", "Q5_0, Q5_0", "Q4_1, Q4_1", "Q4_0, Q4_0", "Q4_K, Q5_0", "Q6_K, Q8_0", "Q5_K, Q5_1"})
    void rowsThatAreNoWholeBlocksGetTheNextBetterFormat(Target target, TensorType type) throws IOException {
        Path stories = Shared.testdata("stories260k").resolve("stories260K.gguf"); // rows of 64 and 172
        try (VerifiedArtifact small = ModelPath.open(quantized(stories, target))) {
            assertThat(small.tensors().get("blk.0.attn_q.weight"))
                    .extracting("type")
                    .isEqualTo(type);
            assertThat(small.tensors().get("blk.0.ffn_down.weight"))
                    .extracting("type")
                    .isEqualTo(TensorType.F16);
            assertThat(small.tensors().get("blk.0.attn_norm.weight"))
                    .extracting("type")
                    .isEqualTo(TensorType.F32);
        }
    }

    @Test
    void theFileSaysWhatItWasMadeOf() throws IOException {
        Path base = base();
        Path file = quantized(base, Target.Q4_K);
        try (VerifiedArtifact source = ModelPath.open(base);
                VerifiedArtifact small = ModelPath.open(file)) {
            assertThat(small.gguf().string("redoubt.quantize.source_digest")).contains(source.digest());
            assertThat(small.gguf().string("redoubt.quantize.version")).contains("test");
            assertThat(small.gguf().integer("general.file_type")).hasValue(14);
            assertThat(small.gguf().number("redoubt.quantize.mean_kl").orElseThrow())
                    .isBetween(1e-4, 0.05);
            assertThat(small.gguf().number("redoubt.quantize.top1").orElseThrow())
                    .isBetween(0.8, 1.0);
            assertThat(small.gguf().number("redoubt.quantize.perplexity_ratio").orElseThrow())
                    .isBetween(0.9, 1.1);
            assertThat(small.tensors().get("output.weight")).extracting("type").isEqualTo(TensorType.Q6_K);
            assertThat(small.tensors().get("token_embd.weight"))
                    .extracting("type")
                    .isEqualTo(TensorType.Q4_K);
        }
    }

    @Test
    void itsTokensAreTheFolders() throws IOException {
        Path base = base();
        try (VerifiedArtifact source = ModelPath.open(base);
                VerifiedArtifact small = ModelPath.open(quantized(base, Target.Q8_0));
                Tokenizer expected = Tokenizer.of(source);
                Tokenizer actual = Tokenizer.of(small)) {
            for (String each : new String[] {
                "First Citizen:\nBefore we proceed", "  two  spaces\t1234567 it's", "naïve ☃ 日本", "<|im_start|>user", ""
            }) assertThat(actual.encode(each)).as(each).isEqualTo(expected.encode(each));
            assertThat(actual.endOfSequence()).isEqualTo(expected.endOfSequence());
            assertThat(actual.bos()).isEqualTo(expected.bos());
            assertThat(actual.addsBos()).isEqualTo(expected.addsBos());
            assertThat(small.gguf().string("tokenizer.chat_template")).isPresent();
        }
    }

    @Test
    void V6_1_whatIsQuantizedAlreadyIsRefused() throws IOException {
        Path q4 = ShakespeareFiles.variant("Q4_0", folder);
        try (VerifiedArtifact artifact = ModelPath.open(q4)) {
            assertThatExceptionOfType(ArtifactException.class)
                    .isThrownBy(() -> new Quantization(artifact, Target.Q8_0, "test"))
                    .withMessageMatching("tensor '.*' is of type Q4_0, what is quantized is F32, F16 or BF16: take the"
                            + " model that this one was made of");
        }
        Path awq = ShakespeareFiles.variant("awq-4bit-g128", folder);
        try (VerifiedArtifact artifact = ModelPath.open(awq)) {
            assertThatExceptionOfType(ArtifactException.class)
                    .isThrownBy(() -> new Quantization(artifact, Target.Q8_0, "test"));
        }
    }
}
