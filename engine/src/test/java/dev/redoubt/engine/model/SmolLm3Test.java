package dev.redoubt.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.redoubt.trust.ArtifactException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Layers without rotation. There is no fixture of the family: its weights are Llama's.
class SmolLm3Test {
    @TempDir
    Path folder;

    /// @param more further keys, each with its comma
    static String config(int layers, String more) throws IOException {
        return Families.config("llama3-untied")
                .replace("LlamaForCausalLM", "SmolLM3ForCausalLM")
                .replace("\"rope_type\": \"llama3\"", "\"rope_type\": \"default\"")
                .replace("\"num_hidden_layers\": 3", more + "\"num_hidden_layers\": " + layers);
    }

    private PromptRunner open(String name, int layers, String more) throws IOException {
        FamilyFiles files = new FamilyFiles(
                new SmolLm3(), "llama3-untied", config(layers, more), folder.resolve(name + "-fixture"));
        return PromptRunner.open(files.huggingFace(folder.resolve(name)), "auto", 64);
    }

    @Test
    void withRotationInEveryLayerItIsLlama() throws IOException {
        Path llama = Families.with(
                "llama3-untied",
                config(3, "").replace("SmolLM3ForCausalLM", "LlamaForCausalLM"),
                folder.resolve("llama"));
        try (PromptRunner left = open("smollm3", 3, "\"no_rope_layers\": [1, 1, 1], ");
                PromptRunner right = PromptRunner.open(llama, "auto", 64)) {
            int[] ids = ids();
            assertThat(left.logits(ids)).isDeepEqualTo(right.logits(ids));
        }
    }

    /// Attention that knows no positions is a sum over a set: the order of tokens before the last does not matter.
    @Test
    void aLayerWithoutRotationKnowsNoPositions() throws IOException {
        int[] ids = ids();
        int[] turned = ids.clone();
        for (int i = 0; i < ids.length - 1; i++) turned[i] = ids[ids.length - 2 - i];
        try (PromptRunner without = open("without", 1, "\"no_rope_layers\": [0], ")) {
            float[] expected = without.logits(ids)[ids.length - 1];
            assertThat(without.logits(turned)[ids.length - 1]).containsExactly(expected, within(1e-4f));
        }
        try (PromptRunner with = open("with", 1, "\"no_rope_layers\": [1], ")) {
            float[] expected = with.logits(ids)[ids.length - 1];
            float[] actual = with.logits(turned)[ids.length - 1];
            float change = 0;
            for (int i = 0; i < actual.length; i++) change = Math.max(change, Math.abs(actual[i] - expected[i]));
            assertThat(change).isGreaterThan(0.1f);
        }
    }

    @Test
    void everyFourthLayerIsWithoutRotationWhereTheFileDoesNotSay() throws IOException {
        int[] ids = ids();
        try (PromptRunner usual = open("usual", 4, "");
                PromptRunner stated = open("stated", 4, "\"no_rope_layers\": [1, 1, 1, 0], ");
                PromptRunner all = open("all", 4, "\"no_rope_layers\": [1, 1, 1, 1], ")) {
            float[][] expected = stated.logits(ids);
            assertThat(usual.logits(ids)).isDeepEqualTo(expected);
            assertThat(all.logits(ids)[ids.length - 1]).isNotEqualTo(expected[ids.length - 1]);
        }
    }

    @Test
    void V4_3_aListThatIsNotOneOfLayersIsRefused() {
        for (String wrong : new String[] {"[1, 1]", "[1, 2, 1]", "[1, 1, \"1\"]", "7"})
            assertThatThrownBy(() -> open("wrong" + wrong.hashCode(), 3, "\"no_rope_layers\": " + wrong + ", "))
                    .isInstanceOf(ArtifactException.class)
                    .hasMessageContaining("no_rope_layers");
    }

    private static int[] ids() {
        return new SplittableRandom(5).ints(50, 0, 384).toArray();
    }
}
