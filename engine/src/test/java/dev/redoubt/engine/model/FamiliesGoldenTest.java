package dev.redoubt.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.redoubt.base.json.JsonRefusal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/// Every family against float32 logits of transformers, beyond windows and original lengths.
class FamiliesGoldenTest {
    /// Room for any order of sums; the references' own distance from float64 is 4e-5.
    private static final float TOLERANCE = 1e-3f;

    @TempDir
    Path folder;

    @TestFactory
    Stream<DynamicTest> everyFamilySaysWhatTheReferenceSays() {
        List<DynamicTest> tests = new ArrayList<>();
        for (String family : Families.ALL)
            for (String variant : List.of("config.json", "config-v4.json", "model.gguf"))
                if (Files.exists(Families.folder(family).resolve(variant)))
                    tests.add(DynamicTest.dynamicTest(family + ", " + variant, () -> compare(family, variant)));
        return tests.stream();
    }

    private void compare(String family, String variant) throws IOException, JsonRefusal {
        Path source = Families.folder(family).resolve(variant);
        Path path = variant.endsWith(".gguf")
                ? source
                : Families.with(family, Files.readString(source), folder.resolve(family + variant));
        JsonNode golden = Golden.json(Families.folder(family).resolve("golden.json"));
        JsonNode prompts = golden.path("prompts");
        for (int i = 0; i < prompts.size(); i++) {
            int[] ids = Golden.ints(prompts.get(i).path("ids"));
            try (PromptRunner runner = PromptRunner.open(path, "auto", 1, contextTokensMax(family, ids.length), 48)) {
                float[][] logits = runner.logits(ids);
                assertTop(logits, prompts.get(i).path("top10"));
                assertThat(logits[ids.length - 1])
                        .containsExactly(Golden.floats(prompts.get(i).path("last_logits")), within(TOLERANCE));
                for (JsonNode greedy :
                        (Iterable<JsonNode>) golden.path("greedy").valueStream()::iterator) {
                    if (greedy.path("prompt").intValue() != i) continue;
                    int[] expected = Golden.ints(greedy.path("ids"));
                    assertThat(runner.greedy(ids, expected.length)).containsExactly(expected);
                }
            }
        }
    }

    /// The reference takes LongRoPE's short factors for texts of up to 64 tokens; here the context decides.
    private static int contextTokensMax(String family, int prompt) {
        return family.equals("phi3-longrope") && prompt < 40 ? 64 : 256;
    }

    /// @param top by position, pairs of id and logit, the largest first
    private static void assertTop(float[][] logits, JsonNode top) {
        assertThat(top.size()).isEqualTo(logits.length);
        for (int position = 0; position < logits.length; position++) {
            JsonNode best = top.get(position);
            float least = (float) best.get(best.size() - 1).get(1).doubleValue();
            boolean[] among = new boolean[logits[position].length];
            for (JsonNode pair : (Iterable<JsonNode>) best.valueStream()::iterator) {
                among[pair.get(0).intValue()] = true;
                assertThat(logits[position][pair.get(0).intValue()])
                        .as("position %d, id %s", position, pair.get(0))
                        .isCloseTo((float) pair.get(1).doubleValue(), within(TOLERANCE));
            }
            for (int id = 0; id < among.length; id++)
                if (!among[id]) assertThat(logits[position][id]).isLessThan(least + TOLERANCE);
        }
    }

    /// A test that could not see a feature would prove nothing: without it the logits move as far as the reference's.
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "llama3-untied | rope scaling         | `\"rope_type\": \"llama3\"` | `\"rope_type\": \"default\"`",
                "llama3-tied   | rope scaling         | `\"rope_type\": \"llama3\"` | `\"rope_type\": \"default\"`",
                "mistral       | sliding window       | `\"sliding_window\": 32` | `\"sliding_window\": null`",
                "mistral       | window one shorter   | `\"sliding_window\": 32` | `\"sliding_window\": 31`",
                "qwen2         | rope theta           | `\"rope_theta\": 1000000.0` | `\"rope_theta\": 10000.0`",
                "qwen3         | rope theta           | `\"rope_theta\": 1000000.0` | `\"rope_theta\": 10000.0`",
                "gemma2        | attention cap        | `\"attn_logit_softcapping\": 5.0` | `\"attn_logit_softcapping\": null`",
                "gemma2        | final cap            | `\"final_logit_softcapping\": 8.0` | `\"final_logit_softcapping\": null`",
                "gemma2        | window               | `\"sliding_window\": 32` | `\"sliding_window\": 512`",
                "gemma2        | scale                | `\"query_pre_attn_scalar\": 24` | `\"query_pre_attn_scalar\": 32`",
                "gemma3        | window               | `\"sliding_window\": 32` | `\"sliding_window\": 512`",
                "gemma3        | global rope          | `\"rope_type\": \"linear\"` | `\"rope_type\": \"default\"`",
                "gemma3        | local rope           | `\"rope_theta\": 10000.0` | `\"rope_theta\": 1000000.0`",
                "phi3          | sliding window       | `\"sliding_window\": 32` | `\"sliding_window\": null`",
                "phi3-longrope | long factors         | `\"rope_type\": \"longrope\"` | `\"rope_type\": \"default\"`",
                "mixtral       | experts              | `\"num_experts_per_tok\": 2` | `\"num_experts_per_tok\": 1`",
                "qwen3-moe     | experts              | `\"num_experts_per_tok\": 3` | `\"num_experts_per_tok\": 2`",
                "qwen3-moe     | normalised weights   | `\"norm_topk_prob\": true` | `\"norm_topk_prob\": false`",
                "olmo2         | rope theta           | `\"rope_theta\": 500000.0` | `\"rope_theta\": 10000.0`",
            })
    void aFeatureLeftOutIsSeenAsInTheReference(String family, String feature, String from, String to)
            throws IOException, JsonRefusal {
        String config = Families.config(family);
        assertThat(config).contains(from);
        Path without = Families.with(family, config.replace(from, to), folder.resolve("without"));
        JsonNode golden = Golden.json(Families.folder(family).resolve("golden.json"));
        JsonNode prompt = golden.path("prompts").get(2);
        int[] ids = Golden.ints(prompt.path("ids"));
        float[] expected = Golden.floats(prompt.path("last_logits"));
        try (PromptRunner runner = PromptRunner.open(without, "auto", 256)) {
            float[] actual = runner.logits(ids)[ids.length - 1];
            float change = 0;
            for (int i = 0; i < actual.length; i++) change = Math.max(change, Math.abs(actual[i] - expected[i]));
            JsonNode changes = golden.path("max_abs_change_of_last_logits_without");
            assertThat(change).isCloseTo((float) changes.path(feature).doubleValue(), within(2 * TOLERANCE));
        }
    }
}
