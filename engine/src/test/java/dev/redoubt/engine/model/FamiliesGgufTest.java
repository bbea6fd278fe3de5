package dev.redoubt.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.trust.ArtifactException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Families that no GGUF fixture is there of: what llama.cpp's converter would write of a model computes what its
/// Hugging Face folder does.
class FamiliesGgufTest {
    @TempDir
    Path folder;

    @Test
    void llamaWithExpertsIsMixtral() throws IOException {
        compare(
                new Mixtral(),
                "mixtral",
                Families.config("mixtral"),
                "llama",
                true,
                Map.of("expert_count", 4, "expert_used_count", 2));
    }

    /// The fixture has a dense layer, which GGUF cannot say: two layers that both have experts.
    @Test
    void expertsOfQwen3() throws IOException {
        String config = Families.config("qwen3-moe").replace("\"num_hidden_layers\": 3", "\"num_hidden_layers\": 1");
        config = config.replaceAll("\"mlp_only_layers\": \\[\\s*1\\s*]", "\"mlp_only_layers\": []");
        compare(
                new Qwen3Moe(),
                "qwen3-moe",
                config,
                "qwen3moe",
                false,
                Map.of("expert_count", 8, "expert_used_count", 3, "expert_feed_forward_length", 32));
    }

    @Test
    void gemma2() throws IOException {
        compareGemma2(Map.of());
    }

    @Test
    void olmo2() throws IOException {
        compare(new Olmo2(), "olmo2", Families.config("olmo2"), "olmo2", false, Map.of());
    }

    @Test
    void phi3() throws IOException {
        compare(new Phi3(), "phi3", Families.config("phi3"), "phi3", false, Map.of("attention.sliding_window", 32));
    }

    @Test
    void phi3WithTheFactorsOfItsRotationAsTensors() throws IOException {
        double factor = 512 / 64.0;
        Map<String, Object> extra = new HashMap<>();
        extra.put("attention.sliding_window", 0); // the converter's word for none
        extra.put("rope.scaling.original_context_length", 64);
        extra.put("rope.scaling.attn_factor", (float) Math.sqrt(1 + Math.log(factor) / Math.log(64)));
        extra.put("rope_factors_short.weight", new float[] {1, 1.05f, 1.1f, 1.2f, 1.3f, 1.45f, 1.6f, 1.8f});
        extra.put("rope_factors_long.weight", new float[] {1, 1.3f, 1.9f, 2.8f, 3.9f, 5.1f, 6.4f, 7.9f});
        compare(new Phi3(), "phi3-longrope", Families.config("phi3-longrope"), "phi3", false, extra);
    }

    /// Four layers, the last of which does not rotate.
    @Test
    void smolLm3() throws IOException {
        compare(new SmolLm3(), "llama3-untied", SmolLm3Test.config(4, ""), "smollm3", true, Map.of());
    }

    /// Every second layer has a window: the usual pattern of Gemma 2, stated.
    @Test
    void gemma2sWindowsMayBeStated() throws IOException {
        compareGemma2(Map.of("attention.sliding_window_pattern", 2));
    }

    /// The scale has no key in GGUF: that of the head dimension.
    private void compareGemma2(Map<String, Object> stated) throws IOException {
        Map<String, Object> extra = new HashMap<>(stated);
        extra.put("attention.sliding_window", 32);
        extra.put("attn_logit_softcapping", 5f);
        extra.put("final_logit_softcapping", 8f);
        compare(
                new Gemma2(),
                "gemma2",
                Families.config("gemma2").replace("\"query_pre_attn_scalar\": 24", "\"query_pre_attn_scalar\": 32"),
                "gemma2",
                false,
                extra);
    }

    @ParameterizedTest
    @CsvSource({"attention.sliding_window_pattern, 0", "attention.causal, false", "expert_group_count, 4"})
    void whatIsNotComputedIsRefused(String key, String value) throws IOException {
        Object stated = value.equals("false") ? (Object) false : Integer.valueOf(value);
        FamilyFiles files =
                new FamilyFiles(new Gemma2(), "gemma2", Families.config("gemma2"), folder.resolve("fixture"));
        Map<String, Object> extra = Map.of("attention.sliding_window", 32, key, stated);
        Path gguf = files.gguf(folder.resolve("model.gguf"), "gemma2", false, extra);
        assertThatThrownBy(() -> PromptRunner.open(gguf, "auto", 64).close())
                .isInstanceOf(ArtifactException.class)
                .hasMessageContaining("gemma2." + key + " is ");
    }

    private void compare(
            Architecture family,
            String fixture,
            String config,
            String architecture,
            boolean interleaved,
            Map<String, Object> extra)
            throws IOException {
        FamilyFiles files = new FamilyFiles(family, fixture, config, folder.resolve("fixture"));
        Path gguf = files.gguf(folder.resolve("model.gguf"), architecture, interleaved, extra);
        Path huggingFace = files.huggingFace(folder.resolve("model"));
        for (int contextTokensMax : new int[] {64, 128}) {
            try (PromptRunner left = PromptRunner.open(gguf, "auto", contextTokensMax);
                    PromptRunner right = PromptRunner.open(huggingFace, "auto", contextTokensMax)) {
                int[] ids =
                        new SplittableRandom(3).ints(contextTokensMax, 0, 384).toArray();
                float[][] expected = right.logits(ids);
                float[][] actual = left.logits(ids);
                float largest = 0;
                for (int i = 0; i < ids.length; i++)
                    for (int j = 0; j < 384; j++) largest = Math.max(largest, Math.abs(actual[i][j] - expected[i][j]));
                assertThat(largest).as("%d tokens", contextTokensMax).isLessThan(5e-4f);
            }
        }
    }
}
