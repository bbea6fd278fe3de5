package dev.redoubt.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.testkit.Shared;
import java.io.IOException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/// Logits and greedy ids of small models against float32 references made outside.
class LlamaGoldenTest {
    /// Room for any order of sums; the references' own distance from float64 is 2e-5.
    private static final float TOLERANCE = 1e-3f;
    /// Of logits up to 20 where activations are rounded to bf16.
    private static final float BF16_TOLERANCE = 0.1f;

    @ParameterizedTest
    @CsvSource({
        "hf-f32, logits-f32.json, auto, " + TOLERANCE,
        "hf-f32, logits-f32.json, scalar, " + TOLERANCE,
        "stories260K.gguf, logits-f32.json, auto, " + TOLERANCE,
        "stories260K.gguf, logits-f32.json, scalar, " + TOLERANCE,
        "hf-f16, logits-f16.json, auto, " + TOLERANCE,
        "hf-bf16, logits-bf16.json, auto, " + BF16_TOLERANCE,
    })
    void stories260kSaysWhatTheReferenceSays(String model, String golden, String kernels, float tolerance)
            throws IOException, JsonRefusal {
        JsonNode expected = Golden.json(Shared.testdata("stories260k/" + golden));
        try (PromptRunner runner = PromptRunner.open(Shared.testdata("stories260k/" + model), kernels, 256)) {
            for (JsonNode prompt : (Iterable<JsonNode>) expected.path("prompts").valueStream()::iterator) {
                int[] ids = Golden.ints(prompt.path("ids"));
                float[][] logits = runner.logits(ids);
                assertTop(logits, prompt.path("top20"), tolerance);
                assertThat(logits[ids.length - 1])
                        .containsExactly(Golden.floats(prompt.path("last_logits")), within(tolerance));
                float[] nll = Golden.floats(prompt.path("nll"));
                for (int i = 0; i < nll.length; i++)
                    assertThat((float) PromptRunner.negativeLogLikelihood(logits[i], ids[i + 1]))
                            .isCloseTo(nll[i], within(tolerance));
            }
            int[] greedy = Golden.ints(expected.path("greedy").path("ids")); // BOS first
            int[] follow = runner.greedy(new int[] {greedy[0]}, greedy.length - 1);
            float[] gap = Golden.floats(expected.path("greedy").path("gap"));
            for (int i = 0; i < follow.length; i++) {
                // From where the first two are as near as the tolerance, the text may be another.
                if (follow[i] != greedy[i + 1] && gap[i] < tolerance) break;
                assertThat(follow[i]).as("step %d", i).isEqualTo(greedy[i + 1]);
            }
        }
    }

    /// @param top by position, pairs of id and logit
    private static void assertTop(float[][] logits, JsonNode top, float tolerance) {
        assertThat(top.size()).isEqualTo(logits.length);
        for (int position = 0; position < logits.length; position++)
            for (JsonNode pair : (Iterable<JsonNode>) top.get(position).valueStream()::iterator)
                assertThat(logits[position][pair.get(0).intValue()])
                        .as("position %d, id %s", position, pair.get(0))
                        .isCloseTo((float) pair.get(1).doubleValue(), within(tolerance));
    }
}
