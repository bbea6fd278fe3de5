package dev.redoubt.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.kernels.Compute;
import dev.redoubt.kernels.FloatMatrix;
import dev.redoubt.kernels.KvLayout;
import dev.redoubt.kernels.Providers;
import dev.redoubt.testkit.TinyEncoder;
import dev.redoubt.testkit.TinyGguf;
import dev.redoubt.testkit.WeightKind;
import dev.redoubt.trust.ArtifactException;
import dev.redoubt.trust.ModelPath;
import dev.redoubt.trust.VerifiedArtifact;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// Encoders in GGUF files, as llama.cpp's converter writes them.
class EncodersGgufTest {
    private static final int BLOCKS = 8;

    @TempDir
    Path folder;

    private Path write(TinyGguf file) throws IOException {
        return Files.write(folder.resolve("model.gguf"), file.bytes());
    }

    @Test
    void aFileComputesWhatItsFolderDoes() throws IOException {
        Path gguf = write(TinyEncoder.gguf(WeightKind.F32, 5));
        Path huggingFace = TinyEncoder.write(folder.resolve("model"), WeightKind.F32, 5);
        int[] text = {2, 5, 6, 7, 10, 11, 12, 23, 3};
        assertThat(states(gguf, "auto", 1, List.of(text))).isDeepEqualTo(states(huggingFace, "auto", 1, List.of(text)));
    }

    @ParameterizedTest
    @EnumSource(
            value = WeightKind.class,
            names = {"F16", "Q8_0", "Q4_0", "Q4_1"})
    void V3_2_statesAreTheSameBitsAloneAndInAnyCompany(WeightKind kind) throws IOException {
        Path gguf = write(TinyEncoder.gguf(kind, 5));
        List<int[]> texts = List.of(
                new int[] {2, 5, 6, 7, 3},
                new int[] {2, 3},
                new Random(7).ints(48, 0, TinyEncoder.VOCABULARY.size()).toArray(),
                new int[] {2, 10, 11, 12, 13, 14, 3});
        float[][] alone = texts.stream()
                .flatMap(text -> Arrays.stream(states(gguf, "scalar", 1, List.of(text))))
                .toArray(float[][]::new);
        for (String provider : Providers.present())
            for (int threads = 1; threads <= 2; threads++)
                assertThat(states(gguf, provider, threads, texts))
                        .as("%s, %d threads", provider, threads)
                        .isDeepEqualTo(alone);
    }

    @Test
    void itSaysHowItPools() throws IOException {
        EncoderSpec mean = describe(write(TinyEncoder.gguf(WeightKind.F16, 5)));
        assertThat(mean.pooling()).isEqualTo(new Pooling(Pooling.Mode.MEAN, true));
        assertThat(mean.model().contextTokensMax()).isEqualTo(64);
        assertThat(mean.model().quantization()).isEqualTo("F16");
        assertThat(mean.model().vocabularySize()).isEqualTo(TinyEncoder.VOCABULARY.size());
        assertThat(mean.sizes().allowed()).isEqualTo("32");
        EncoderSpec first = describe(write(TinyEncoder.gguf(WeightKind.F16, 5).put("bert.pooling_type", 2)));
        assertThat(first.pooling()).isEqualTo(new Pooling(Pooling.Mode.FIRST, true));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "bert.pooling_type | 3 | bert.pooling_type is 3, supported are 1 (mean) and 2 (first token)",
                "bert.pooling_type | | bert.pooling_type is missing",
                "bert.attention.causal | | bert.attention.causal is true, supported is false",
                "bert.attention.layer_norm_epsilon | | bert.attention.layer_norm_epsilon is missing",
                "bert.attention.head_count | 3 | bert.attention.head_count is 3, must divide",
                "bert.attention.key_length | 8 | bert.attention.key_length is 8, supported is the head dimension of 16",
                "bert.attention.sliding_window | 7 | bert.attention.sliding_window is 7.0, supported is 0.0",
                "bert.expert_count | 4 | bert.expert_count is 4.0, supported is 0.0",
                "bert.vocab_size | 30 | tensor 'token_embd.weight' has shape [29, 32], the configuration asks for [30, 32]",
                "tokenizer.ggml.token_type_count | 1 | tensor 'token_types.weight' has shape [2, 32]",
                "bert.context_length | 63 | tensor 'position_embd.weight' has shape [64, 32]",
                "bert.embedding_length | 1000000 | bert.embedding_length is 1000000, allowed is 1 to 16384",
            })
    void whatIsMissingOrNotComputedIsRefused(String key, String value, String message) throws IOException {
        TinyGguf file = TinyEncoder.gguf(WeightKind.F32, 5);
        Path path = write(value == null ? file.remove(key) : file.put(key, Integer.valueOf(value)));
        assertThatThrownBy(() -> describe(path))
                .isInstanceOf(ArtifactException.class)
                .hasMessageContaining(message);
    }

    @Test
    void aTensorThatTheArchitectureDoesNotHaveIsRefused() throws IOException {
        TinyGguf file = TinyEncoder.gguf(WeightKind.F32, 5).tensor("cls.weight", WeightKind.F32, new byte[128], 32);
        Path path = write(file);
        assertThatThrownBy(() -> describe(path))
                .isInstanceOf(ArtifactException.class)
                .hasMessageContaining("unexpected extra tensor 'cls.weight'");
    }

    @Test
    void whoeverAsksItToGenerateIsToldWhatItDoes() throws IOException {
        Path gguf = write(TinyEncoder.gguf(WeightKind.F32, 5));
        Path huggingFace = TinyEncoder.write(folder.resolve("model"), WeightKind.F32, 5);
        for (Path path : List.of(gguf, huggingFace))
            try (VerifiedArtifact artifact = ModelPath.open(path)) {
                assertThatThrownBy(() -> Models.describe(artifact))
                        .isInstanceOf(ArtifactException.class)
                        .hasMessageContaining(
                                "embeds texts and generates none: serve it as the server's model and ask /v1/embeddings");
            }
    }

    private static EncoderSpec describe(Path path) {
        try (VerifiedArtifact artifact = ModelPath.open(path)) {
            assertThat(Encoders.encodes(artifact)).isTrue();
            return Encoders.describe(artifact);
        }
    }

    /// Of the tokens of all texts in order.
    private static float[][] states(Path path, String provider, int threads, List<int[]> texts) {
        VerifiedArtifact artifact = ModelPath.open(path);
        int widest = Encoders.describe(artifact).model().widestInput();
        int rows = texts.stream().mapToInt(text -> text.length).sum();
        try (Compute compute = Compute.open(provider, threads, BLOCKS * KvLayout.BLOCK_TOKENS, widest);
                Encoder encoder = Encoders.load(artifact, compute, BLOCKS, texts.size())) {
            FloatMatrix states = encoder.forward(texts);
            float[][] result = new float[rows][TinyEncoder.HIDDEN_SIZE];
            for (int row = 0; row < rows; row++)
                for (int i = 0; i < TinyEncoder.HIDDEN_SIZE; i++) result[row][i] = states.get(row, i);
            return result;
        }
    }
}
