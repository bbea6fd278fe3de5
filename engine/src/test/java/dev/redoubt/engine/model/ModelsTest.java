package dev.redoubt.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import dev.redoubt.testkit.TinyModels;
import dev.redoubt.testkit.WeightKind;
import dev.redoubt.trust.ArtifactException;
import dev.redoubt.trust.ModelPath;
import dev.redoubt.trust.VerifiedArtifact;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ModelsTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @EnumSource(WeightKind.class)
    void ggufIsDescribedWithoutItsWeights(WeightKind kind) throws IOException {
        ModelSpec spec = describe(TinyModels.gguf(folder.resolve("tiny.gguf"), kind, 1));
        assertThat(spec.architecture()).isEqualTo("llama");
        assertThat(spec.quantization()).isEqualTo(kind.name());
        assertThat(spec.layers()).isEqualTo(2);
        assertThat(spec.headDimension()).isEqualTo(16);
        assertThat(spec.vocabularySize()).isEqualTo(272);
        assertThat(spec.widestInput()).isEqualTo(96);
        assertThat(spec.parameters())
                .isEqualTo(2L * 272 * 64 + 64 + 2 * (2 * 64 + 2 * 64 * 64 + 2 * 32 * 64 + 3 * 96 * 64));
    }

    @Test
    void huggingFaceFolderIsTheSameModel() throws IOException {
        ModelSpec gguf = describe(TinyModels.gguf(folder.resolve("tiny.gguf"), WeightKind.F32, 1));
        ModelSpec huggingFace = describe(TinyModels.huggingFace(folder.resolve("tiny"), WeightKind.F32, 1));
        assertThat(huggingFace.architecture()).isEqualTo("LlamaForCausalLM");
        assertThat(huggingFace)
                .usingRecursiveComparison()
                .ignoringFields("architecture")
                .isEqualTo(gguf);
    }

    @Test
    void V4_3_missingTensorIsNamed() throws IOException {
        Path file = folder.resolve("tiny.gguf");
        Files.write(
                file,
                TinyModels.ggufOf(WeightKind.Q8_0, 1)
                        .removeTensor("blk.1.ffn_up.weight")
                        .bytes());
        refused(file, "tensor 'blk.1.ffn_up.weight' is missing");
    }

    @Test
    void V4_3_extraTensorIsNamed() throws IOException {
        Path file = folder.resolve("tiny.gguf");
        Files.write(
                file,
                TinyModels.ggufOf(WeightKind.F32, 1)
                        .tensor("blk.0.attn_q.bias", WeightKind.F32, new byte[256], 64)
                        .bytes());
        refused(file, "unexpected extra tensor 'blk.0.attn_q.bias'");
    }

    @Test
    void V4_3_otherShapeIsNamed() throws IOException {
        Path file = folder.resolve("tiny.gguf");
        Files.write(
                file,
                TinyModels.ggufOf(WeightKind.F32, 1)
                        .removeTensor("blk.0.attn_k.weight")
                        .tensor("blk.0.attn_k.weight", WeightKind.F32, new byte[4 * 64 * 64], 64, 64)
                        .bytes());
        refused(file, "tensor 'blk.0.attn_k.weight' has shape [64, 64], the configuration asks for [32, 64]");
    }

    @Test
    void typeWithoutKernelIsNamedWithTheSupportedOnes() throws IOException {
        Path model = TinyModels.huggingFace(folder.resolve("tiny"), WeightKind.F32, 1);
        Files.write(
                model.resolve("model.safetensors"),
                TinyModels.safetensorsOf(WeightKind.F32, 1)
                        .removeTensor("model.layers.0.mlp.up_proj.weight")
                        .tensor("model.layers.0.mlp.up_proj.weight", "F8_E4M3", new byte[96 * 64], 96, 64)
                        .bytes());
        refused(
                model,
                "has dtype F8_E4M3, supported are F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K,"
                        + " Q5_K, Q6_K, IQ4_NL, IQ4_XS");
    }

    @Test
    void aTiedHeadThatIsStoredAllTheSameIsNotUsed() throws IOException {
        Path model = TinyModels.huggingFace(folder.resolve("tiny"), WeightKind.F32, 1);
        long untied = describe(model).parameters();
        config(model, "\"tie_word_embeddings\":false", "\"tie_word_embeddings\":true");
        assertThat(describe(model).parameters()).isEqualTo(untied - 272 * 64);
    }

    @Test
    void ggufWithoutHeadIsTied() throws IOException {
        Path file = folder.resolve("tiny.gguf");
        Files.write(
                file,
                TinyModels.ggufOf(WeightKind.F32, 1)
                        .removeTensor("output.weight")
                        .bytes());
        assertThat(describe(file).vocabularySize()).isEqualTo(272);
    }

    @Test
    void vocabularySizeOfGgufMayComeFromTheEmbedding() throws IOException {
        Path file = folder.resolve("tiny.gguf");
        Files.write(
                file,
                TinyModels.ggufOf(WeightKind.F32, 1).remove("llama.vocab_size").bytes());
        assertThat(describe(file).vocabularySize()).isEqualTo(272);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "`\"attention_bias\":false` | `\"attention_bias\":true` | 'attention_bias'",
                "`\"mlp_bias\":false` | `\"mlp_bias\":true` | 'mlp_bias'",
                "`\"hidden_act\":\"silu\"` | `\"hidden_act\":\"gelu\"` | 'hidden_act'",
                "`\"head_dim\":16` | `\"head_dim\":16,\"sliding_window\":128` | 'sliding_window'",
                "`\"head_dim\":16` | `\"head_dim\":15` | 'head_dim'",
                "`\"head_dim\":16` | `\"head_dim\":16,\"partial_rotary_factor\":0.5` | 'partial_rotary_factor'",
                "`\"rope_scaling\":null` | `\"rope_scaling\":{\"type\":\"longrope\",\"factor\":2}` | 'original_max_position_embeddings'",
                "`\"rope_scaling\":null` | `\"rope_scaling\":{\"rope_type\":\"llama3\",\"factor\":2}` | 'low_freq_factor' is missing",
                "`\"max_position_embeddings\":256` | `\"max_position_embeddings\":1e2` | 'max_position_embeddings'",
                "`LlamaForCausalLM` | `GPT2LMHeadModel` | 'GPT2LMHeadModel' is not supported",
                "`\"num_hidden_layers\":2` | `\"num_hidden_layers\":1001` | is 1001, allowed is 1 to 1000",
                "`\"eos_token_id\":2` | `\"eos_token_id\":[2,272]` | 'eos_token_id[1]'",
            })
    void otherComputationsAreRefusedByName(String from, String to, String named) throws IOException {
        Path model = TinyModels.huggingFace(folder.resolve("tiny"), WeightKind.F32, 1);
        config(model, from, to);
        refused(model, named);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "`\"rope_theta\":10000.0,\"rope_scaling\":null` | `\"rope_parameters\":{\"rope_theta\":10000.0,\"rope_type\":\"default\"}`",
                "`\"rope_scaling\":null` | `\"rope_scaling\":{\"type\":\"linear\",\"factor\":2.0}`",
                "`\"rope_scaling\":null` | `\"rope_scaling\":{\"rope_type\":\"dynamic\",\"factor\":2.0}`",
                "`\"rope_scaling\":null` | `\"rope_scaling\":{\"rope_type\":\"yarn\",\"factor\":2.0}`",
                "`\"torch_dtype\"` | `\"dtype\"`",
                "`\"head_dim\":16,` | ``",
                "`\"head_dim\":16` | `\"head_dim\":16,\"sliding_window\":256`",
                "`LlamaForCausalLM` | `MistralForCausalLM`",
            })
    void bothSpellingsAndHarmlessValuesAreTaken(String from, String to) throws IOException {
        Path model = TinyModels.huggingFace(folder.resolve("tiny"), WeightKind.F32, 1);
        config(model, from, to);
        assertThat(describe(model).headDimension()).isEqualTo(16);
    }

    @Test
    void tinyVocabularyEncodesEveryText() throws IOException {
        Path model = TinyModels.huggingFace(folder.resolve("tiny"), WeightKind.F32, 1);
        String text = "Then the wind went on. Grüße, 世界 \uD83D\uDE00\n\n";
        try (HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.newInstance(model.resolve("tokenizer.json"))) {
            long[] ids = tokenizer.encode(text, false, false).getIds();
            assertThat(ids).hasSizeLessThan(text.getBytes(StandardCharsets.UTF_8).length); // merges are used
            assertThat(tokenizer.decode(ids, false)).isEqualTo(text);
        }
    }

    private static void config(Path model, String from, String to) throws IOException {
        Path file = model.resolve("config.json");
        String text = Files.readString(file);
        assertThat(text).contains(from);
        Files.writeString(file, text.replace(from, to));
    }

    private static void refused(Path path, String named) {
        assertThatThrownBy(() -> describe(path))
                .isInstanceOf(ArtifactException.class)
                .hasMessageContaining(named);
    }

    private static ModelSpec describe(Path path) {
        try (VerifiedArtifact artifact = ModelPath.open(path)) {
            return Models.describe(artifact);
        }
    }
}
