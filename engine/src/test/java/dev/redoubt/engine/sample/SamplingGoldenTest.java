package dev.redoubt.engine.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.redoubt.base.generation.SamplingParams;
import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.base.json.StrictJson;
import dev.redoubt.testkit.Shared;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;

/// Every vector and parameter set of `sampling/golden.json`.
class SamplingGoldenTest {
    @TestFactory
    Stream<DynamicTest> probabilitiesAreTheReferences() throws IOException, JsonRefusal {
        JsonNode root = new StrictJson(JsonLimits.MODEL_FILE)
                .parse(Files.readAllBytes(Shared.testdata("sampling/golden.json")));
        return root.path("vectors")
                .valueStream()
                .flatMap(vector -> vector.path("cases")
                        .valueStream()
                        .map(golden -> DynamicTest.dynamicTest(
                                vector.path("name").stringValue() + ": "
                                        + golden.path("name").stringValue(),
                                () -> compare(vector, golden))));
    }

    private static void compare(JsonNode vector, JsonNode golden) {
        float[] logits = floats(vector.path("logits"));
        SamplingState state = SamplingState.of(
                params(golden.path("params")), 1, ints(vector.path("prompt_ids")), Set.of(), logits.length);
        for (int id : ints(vector.path("output_ids"))) state.accept(id);

        double[] actual = Rows.probabilities(logits, state);

        double[] expected = golden.path("probs")
                .valueStream()
                .mapToDouble(JsonNode::doubleValue)
                .toArray();
        if (golden.path("equals_straddle_top_p").booleanValue()) {
            Arrays.sort(actual);
            Arrays.sort(expected);
        }
        assertThat(actual).containsExactly(expected, within(1e-6));
        // A float ends at 1e-38; what is less likely can be met by no draw of 53 bits.
        long beyond = Arrays.stream(expected).filter(p -> p > 0 && p < 1e-37).count();
        assertThat(Arrays.stream(actual).filter(p -> p > 0).count())
                .isEqualTo(golden.path("kept").longValue() - beyond);
    }

    private static SamplingParams params(JsonNode json) {
        Map<Integer, Double> bias = new HashMap<>();
        json.path("logit_bias").forEachEntry((id, value) -> bias.put(Integer.valueOf(id), value.doubleValue()));
        return Params.of(json.path("temperature").doubleValue())
                .topK(json.path("top_k").intValue())
                .topP(json.path("top_p").doubleValue())
                .minP(json.path("min_p").doubleValue())
                .repetition(json.path("repetition_penalty").doubleValue())
                .presence(json.path("presence_penalty").doubleValue())
                .frequency(json.path("frequency_penalty").doubleValue())
                .bias(bias)
                .build();
    }

    private static float[] floats(JsonNode array) {
        double[] wide = array.valueStream()
                .mapToDouble(v -> v.isString() ? Double.NEGATIVE_INFINITY : v.doubleValue())
                .toArray();
        float[] result = new float[wide.length];
        IntStream.range(0, wide.length).forEach(i -> result[i] = (float) wide[i]);
        return result;
    }

    private static int[] ints(JsonNode array) {
        return array.valueStream().mapToInt(JsonNode::intValue).toArray();
    }
}
