package dev.redoubt.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.testkit.TinyEncoder;
import dev.redoubt.testkit.WeightKind;
import dev.redoubt.trust.ArtifactException;
import dev.redoubt.trust.ModelPath;
import dev.redoubt.trust.VerifiedArtifact;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Folders of encoders that are out of range, contradict themselves, or ask for what is not computed.
class EncodersHostileTest {
    @TempDir
    Path folder;

    private Path model = Path.of("");

    @BeforeEach
    void write() throws IOException {
        model = TinyEncoder.write(folder.resolve("model"), WeightKind.F32, 1);
    }

    private void refused(String message) {
        try (VerifiedArtifact artifact = ModelPath.open(model)) {
            assertThatThrownBy(() -> Encoders.describe(artifact))
                    .isInstanceOf(ArtifactException.class)
                    .hasMessageContaining(message);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "config.json | `\"hidden_act\": \"gelu\"` | `\"hidden_act\": \"relu\"` | 'hidden_act' in config.json is '\"relu\"', supported is gelu",
                "config.json | `\"absolute\"` | `\"relative_key\"` | 'position_embedding_type' in config.json is",
                "config.json | `\"is_decoder\": false` | `\"is_decoder\": true` | 'is_decoder' in config.json is 'true', supported is false",
                "config.json | `\"is_decoder\": false` | `\"add_cross_attention\": true` | 'add_cross_attention'",
                "config.json | `\"model_type\": \"bert\"` | `\"model_type\": \"roberta\"` | 'model_type' in config.json is '\"roberta\"', supported is bert",
                "config.json | `\"torch_dtype\": \"float32\"` | `\"torch_dtype\": \"int8\"` | 'torch_dtype'",
                "config.json | `\"num_attention_heads\": 2` | `\"num_attention_heads\": 3` | 'num_attention_heads' in config.json is 3, must divide the hidden size of 32",
                "config.json | `\"num_attention_heads\": 2` | `\"num_attention_heads\": 32` | into heads of an even size",
                "config.json | `\"num_attention_heads\": 2` | `\"num_attention_heads\": 0` | is 0, allowed is 1 to 256",
                "config.json | `\"num_hidden_layers\": 2` | `\"num_hidden_layers\": 257` | is 257, allowed is 1 to 256",
                "config.json | `\"num_hidden_layers\": 2` | `\"num_hidden_layers\": 3` | tensor 'encoder.layer.2.attention.self.query.weight' is missing",
                "config.json | `\"num_hidden_layers\": 2` | `\"num_hidden_layers\": 1` | unexpected extra tensor 'encoder.layer.1.",
                "config.json | `\"intermediate_size\": 48` | `\"intermediate_size\": 50` | 'encoder.layer.0.intermediate.dense.weight' has shape [48, 32], the configuration asks for [50, 32]",
                "config.json | `\"type_vocab_size\": 2` | `\"type_vocab_size\": 1` | 'embeddings.token_type_embeddings.weight' has shape [2, 32]",
                "config.json | `\"max_position_embeddings\": 64` | `\"max_position_embeddings\": 65537` | is 65537, allowed is 1 to 65536",
                "config.json | `\"layer_norm_eps\": 1e-12` | `\"layer_norm_eps\": 0` | 'layer_norm_eps' in config.json is 0.0, allowed is above 0",
                "config.json | `\"layer_norm_eps\": 1e-12` | `\"layer_norm_eps\": \"small\"` | 'layer_norm_eps' in config.json must be a finite number",
                "config.json | `\"matryoshka_dimensions\": [8, 16]` | `\"matryoshka_dimensions\": [8, 33]` | 'matryoshka_dimensions' in config.json has 33, allowed is 1 to 32",
                "modules.json | models.Normalize | models.Dense | modules.json has the modules 'Transformer, Pooling, Dense', supported are",
                "modules.json | sentence_transformers.models.Pooling | my.code.Pooling | modules.json has the modules 'Transformer, my.code.Pooling, Normalize'",
                "modules.json | `\"path\": \"1_Pooling\"` | `\"path\": \"../1_Pooling\"` | 'path' of module 1 in modules.json is '../1_Pooling', expected is '1_Pooling'",
                "1_Pooling/config.json | `\"pooling_mode_max_tokens\": false` | `\"pooling_mode_max_tokens\": true` | 'pooling_mode_max_tokens' in 1_Pooling/config.json is true",
                "1_Pooling/config.json | `\"pooling_mode_mean_tokens\": true` | `\"pooling_mode_mean_tokens\": false` | are both false, one must be true",
                "1_Pooling/config.json | `\"pooling_mode_cls_token\": false` | `\"pooling_mode_cls_token\": true` | are both true, one must be true",
                "1_Pooling/config.json | `\"pooling_mode_cls_token\": false` | `\"pooling_mode_new\": false` | 'pooling_mode_new' in 1_Pooling/config.json is no setting that is known",
                "1_Pooling/config.json | `\"pooling_mode_cls_token\": false` | `\"pooling_mode_cls_token\": 0` | must be a boolean",
                "1_Pooling/config.json | `\"word_embedding_dimension\": 32` | `\"word_embedding_dimension\": 64` | is '64', the hidden size is 32",
                "sentence_bert_config.json | `\"max_seq_length\": 48` | `\"max_seq_length\": 65` | 'max_seq_length' in sentence_bert_config.json is '65', allowed is 1 to 64",
                "sentence_bert_config.json | `\"do_lower_case\": false` | `\"do_lower_case\": true` | 'do_lower_case' in sentence_bert_config.json is true",
            })
    void V4_3_whatIsNotComputedIsRefusedByName(String file, String from, String to, String message) throws IOException {
        String text = Files.readString(model.resolve(file));
        assertThat(text).contains(from);
        Files.writeString(model.resolve(file), text.replace(from, to));
        refused(message);
    }

    @Test
    void V4_3_aFolderThatDoesNotSayHowVectorsAreMadeIsRefused() throws IOException {
        Files.delete(model.resolve("1_Pooling").resolve("config.json"));
        refused("1_Pooling/config.json is missing: modules.json names it");
        Files.delete(model.resolve("modules.json"));
        refused("modules.json is missing");
    }

    @Test
    void V4_3_aDefaultPromptIsRefused() throws IOException {
        Files.writeString(model.resolve("config_sentence_transformers.json"), "{\"default_prompt_name\": \"query\"}");
        refused("'default_prompt_name' in config_sentence_transformers.json is '\"query\"', supported is null");
    }

    @Test
    void V6_1_quantizedWeightsAreRefused() throws IOException {
        String text = Files.readString(model.resolve("config.json"));
        Files.writeString(
                model.resolve("config.json"),
                text.replace(
                        "\"hidden_act\"", "\"quantization_config\": {\"quant_method\": \"gptq\"}, \"hidden_act\""));
        refused("'quantization_config' in config.json is");
    }

    @Test
    void anEncoderIsNoLanguageModelAndTheOtherWayRound() {
        try (VerifiedArtifact artifact = ModelPath.open(model)) {
            assertThat(Encoders.encodes(artifact)).isTrue();
            assertThatThrownBy(() -> Models.describe(artifact))
                    .isInstanceOf(ArtifactException.class)
                    .hasMessageContaining("embeds texts and generates none");
        }
    }

    @Test
    void whatTheFolderSaysIsWhatIsServed() {
        try (VerifiedArtifact artifact = ModelPath.open(model)) {
            EncoderSpec spec = Encoders.describe(artifact);
            assertThat(spec.model().contextTokensMax()).isEqualTo(TinyEncoder.TOKENS_MAX);
            assertThat(spec.model().quantization()).isEqualTo("F32");
            assertThat(spec.sizes().allowed()).isEqualTo("8, 16 and 32");
            assertThat(spec.sizes().allows(16)).isTrue();
            assertThat(spec.sizes().allows(17)).isFalse();
        }
    }
}
