package dev.redoubt.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.trust.ArtifactException;
import dev.redoubt.trust.ModelPath;
import dev.redoubt.trust.VerifiedArtifact;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Configurations of every family that are out of range, contradict themselves, or ask for what is not computed.
class FamiliesHostileTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "mistral   | `\"sliding_window\": 32` | `\"sliding_window\": 0` | 'sliding_window' in config.json is 0, allowed is 1 to 16777216",
                "mistral   | `\"sliding_window\": 32` | `\"sliding_window\": -5` | is -5, allowed is 1 to",
                "mistral   | `\"sliding_window\": 32` | `\"sliding_window\": 16777217` | is 16777217, allowed is 1 to",
                "mistral   | `\"sliding_window\": 32` | `\"sliding_window\": \"32\"` | 'sliding_window' in config.json must be an integer",
                "mistral   | `\"sliding_window\": 32` | `\"sliding_window\": 32, \"num_local_experts\": 4` | 'num_local_experts' in config.json is '4', supported is absent",
                "mistral   | `\"sliding_window\": 32` | `\"sliding_window\": 32, \"attn_logit_softcapping\": 50.0` | 'attn_logit_softcapping'",
                "mistral   | `\"sliding_window\": 32` | `\"sliding_window\": 32, \"no_rope_layers\": [1, 0, 1]` | 'no_rope_layers'",
                "mistral   | `\"sliding_window\": 32` | `\"sliding_window\": null, \"layer_types\": [\"sliding_attention\", \"full_attention\", \"full_attention\"]` | 'sliding_window' in config.json is missing or not used",
                "mistral   | `\"rope_type\": \"default\"` | `\"rope_type\": \"default\", \"sliding_attention\": {}` | 'rope_parameters'",
                "mistral   | `\"rope_theta\": 10000.0` | `\"rope_theta\": 1.0` | 'rope_theta' in config.json is 1.0, allowed is above 1",
                "qwen2     | `\"use_sliding_window\": false` | `\"use_sliding_window\": \"no\"` | 'use_sliding_window' in config.json must be a boolean",
                "qwen2     | `\"use_sliding_window\": false` | `\"attention_bias\": true` | 'attention_bias'",
                "qwen3     | `\"attention_bias\": false` | `\"attention_bias\": true` | 'attention_bias'",
                "qwen3     | `\"head_dim\": 32` | `\"head_dim\": 30` | has shape",
                "gemma2    | `\"attn_logit_softcapping\": 5.0` | `\"attn_logit_softcapping\": -5.0` | 'attn_logit_softcapping' in config.json is -5.0, allowed is above 0, at most 1000000.0",
                "gemma2    | `\"attn_logit_softcapping\": 5.0` | `\"attn_logit_softcapping\": 1e30` | is 1.0E30, allowed is above 0",
                "gemma2    | `\"final_logit_softcapping\": 8.0` | `\"final_logit_softcapping\": true` | 'final_logit_softcapping' in config.json must be a finite number",
                "gemma2    | `\"query_pre_attn_scalar\": 24` | `\"query_pre_attn_scalar\": 0` | 'query_pre_attn_scalar' in config.json is 0.0, allowed is above 0",
                "gemma2    | `\"gelu_pytorch_tanh\"` | `\"gelu\"` | 'hidden_activation' in config.json is '\"gelu\"', supported is gelu_pytorch_tanh",
                "gemma2    | `\"layer_types\": [` | `\"layer_types\": [\"full_attention\", ` | 'layer_types' in config.json must be a list of a type for each of the 4 layers",
                "gemma2    | `\"full_attention\",` | `\"chunked_attention\",` | 'layer_types' in config.json has '\"chunked_attention\"', supported are",
                "gemma3    | `\"use_bidirectional_attention\": false` | `\"use_bidirectional_attention\": true` | 'use_bidirectional_attention'",
                "gemma3    | `\"rope_theta\": 10000.0,` | `\"rope_theta\": 10000.0, \"partial_rotary_factor\": 0.5,` | 'partial_rotary_factor'",
                "gemma3    | `\"factor\": 8.0` | `\"factor\": 0.5` | 'factor' in 'rope_parameters' of config.json is 0.5",
                "gemma3    | `\"final_logit_softcapping\": null` | `\"final_logit_softcapping\": 30.0` | 'final_logit_softcapping'",
                "phi3      | `\"partial_rotary_factor\": 1.0` | `\"partial_rotary_factor\": 0.75` | 'partial_rotary_factor'",
                "phi3-longrope | `1.05,` | `` | rope scaling 'longrope' has 7 factors, must be half the head dimension, 8",
                "phi3-longrope | `1.05,` | `0,` | 'short_factor' in 'rope_parameters' of config.json must be a list",
                "phi3-longrope | `1.05,` | `1e9,` | 'short_factor' in 'rope_parameters' of config.json must be a list",
                "phi3-longrope | `\"rope_type\": \"longrope\"` | `\"rope_type\": \"longrope\", \"long_mscale\": 1.2` | 'long_mscale'",
                "phi3-longrope | `\"rope_type\": \"longrope\"` | `\"rope_type\": \"longrope\", \"attention_factor\": 0` | attention_factor 0.0, allowed is above 0",
                "mixtral   | `\"num_experts_per_tok\": 2` | `\"num_experts_per_tok\": 5` | 'num_experts_per_tok' in config.json is 5, allowed is 1 to 4",
                "mixtral   | `\"num_experts_per_tok\": 2` | `\"num_experts_per_tok\": 0` | is 0, allowed is 1 to 4",
                "mixtral   | `\"num_local_experts\": 4` | `\"num_local_experts\": 3` | 'model.layers.0.block_sparse_moe.gate.weight' has shape [4, 64], the configuration asks for [3, 64]",
                "mixtral   | `\"num_local_experts\": 4` | `\"num_local_experts\": 1025` | is 1025, allowed is 1 to 1024",
                "mixtral   | `\"num_local_experts\": 4` | `\"num_local_experts\": null` | 'num_local_experts' in config.json is missing",
                "mixtral   | `\"num_local_experts\": 4` | `\"num_local_experts\": 4, \"num_experts\": 8` | 'num_experts' and 'num_local_experts' in config.json contradict each other",
                "qwen3-moe | `\"moe_intermediate_size\": 32` | `\"moe_intermediate_size\": 0` | 'moe_intermediate_size' in config.json is 0",
                "qwen3-moe | `\"mlp_only_layers\": [` | `\"mlp_only_layers\": [0, ` | 'model.layers.0.mlp.gate_proj.weight' is missing",
                "qwen3-moe | `\"mlp_only_layers\": [` | `\"mlp_only_layers\": [\"a\", ` | 'mlp_only_layers' in config.json must be an integer",
                "qwen3-moe | `\"decoder_sparse_step\": 1` | `\"decoder_sparse_step\": 0` | 'decoder_sparse_step' in config.json is 0",
                "olmo2     | `\"attention_bias\": false` | `\"sliding_window\": 16` | 'sliding_window'",
                "olmo2     | `\"rms_norm_eps\": 1e-06` | `\"rms_norm_eps\": 0` | 'rms_norm_eps' in config.json is 0.0",
            })
    void V4_3_whatIsNotComputedIsRefusedByName(String family, String from, String to, String named) throws IOException {
        String config = Families.config(family);
        assertThat(config).contains(from);
        Path changed = Families.with(family, config.replace(from, to == null ? "" : to), folder.resolve("changed"));
        try (VerifiedArtifact artifact = ModelPath.open(changed)) {
            assertThatThrownBy(() -> Models.describe(artifact))
                    .isInstanceOf(ArtifactException.class)
                    .hasMessageContaining(named);
        }
    }
}
