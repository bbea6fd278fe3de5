package dev.redoubt.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.TimeSource;
import dev.redoubt.base.generation.Prompt;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.base.generation.SamplingParams;
import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.StrictJson;
import dev.redoubt.kernels.KvFormat;
import dev.redoubt.testkit.Shared;
import dev.redoubt.trust.ModelPath;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/// Families in the whole engine, tokenizer included: what the reference goes on with is what a request is
/// answered with, past windows and in chunks.
class FamiliesEngineTest {
    @ParameterizedTest
    @ValueSource(strings = {"llama3-untied", "qwen2", "qwen3", "gemma3"})
    void aRequestIsAnsweredAsTheReferenceGoesOn(String family) throws Exception {
        Path folder = Shared.testdata("arch").resolve(family);
        JsonNode golden =
                new StrictJson(JsonLimits.MODEL_FILE).parse(Files.readAllBytes(folder.resolve("golden.json")));
        EngineOptions options = new EngineOptions(
                "auto",
                1,
                256,
                4,
                64,
                32,
                64,
                0.5,
                KvFormat.F32,
                OptionalLong.of(16_000_000),
                PrefixSharing.OFF,
                true,
                RequestLimits.DEFAULT);
        try (Engine engine = Engine.open(ModelPath.open(folder.resolve("model.gguf")), options, TimeSource.system())) {
            for (JsonNode greedy : (Iterable<JsonNode>) golden.path("greedy").valueStream()::iterator) {
                List<Integer> prompt = ids(golden.path("prompts")
                        .get(greedy.path("prompt").intValue())
                        .path("ids"));
                List<Integer> expected = ids(greedy.path("ids"));
                Answers.Answer answer = Answers.answer(engine, new Prompt.Tokens(prompt), greedily(expected.size()))
                        .only();
                assertThat(answer.tokenIds()).isEqualTo(expected);
            }
        }
    }

    private static List<Integer> ids(JsonNode array) {
        return array.valueStream().map(JsonNode::intValue).toList();
    }

    private static SamplingParams greedily(int tokens) {
        return new SamplingParams(
                0,
                1,
                0,
                0,
                0,
                0,
                1,
                Map.of(),
                OptionalLong.empty(),
                tokens,
                true,
                0,
                List.of(),
                Set.of(),
                true,
                OptionalInt.empty(),
                OptionalInt.empty());
    }
}
