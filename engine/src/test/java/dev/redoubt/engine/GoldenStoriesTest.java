package dev.redoubt.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.TimeSource;
import dev.redoubt.base.generation.FinishReason;
import dev.redoubt.base.generation.Prompt;
import dev.redoubt.base.generation.SamplingParams;
import dev.redoubt.kernels.KvFormat;
import dev.redoubt.testkit.Shared;
import dev.redoubt.trust.ModelPath;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The trained 260K-parameter model: 200 greedy tokens, to the letter.
final class GoldenStoriesTest {
    @ParameterizedTest
    @CsvSource({
        "stories260K.gguf,auto,F16",
        "stories260K.gguf,scalar,F16",
        "stories260K.gguf,auto,F32",
        "hf-f32,auto,F16",
        "hf-f32,scalar,F32",
        "hf-f16,auto,F16"
    })
    void greedyTextIsTheReferencesAloneAndInABatchOf16(String source, String kernels, KvFormat kvFormat)
            throws Exception {
        String expected = Files.readString(Shared.testdata("stories260k/greedy-200.txt"));
        assertThat(aloneAndInABatchOf16(source, kernels, kvFormat)).isEqualTo(expected);
    }

    /// Heads of 8 dimensions lose too much in 8 bits for the reference's text, but not for the same text everywhere.
    @Test
    void withKeysAndValuesOf8BitsTheTextIsTheSameAloneAndInABatchOf16() throws Exception {
        assertThat(aloneAndInABatchOf16("stories260K.gguf", "auto", KvFormat.Q8))
                .isEqualTo(aloneAndInABatchOf16("stories260K.gguf", "scalar", KvFormat.Q8));
    }

    private static String aloneAndInABatchOf16(String source, String kernels, KvFormat kvFormat) throws Exception {
        Path model = Shared.testdata("stories260k/" + source);
        EngineOptions defaults = EngineOptions.defaults(2);
        EngineOptions options = new EngineOptions(
                kernels,
                2,
                512,
                defaults.sequencesMax(),
                defaults.batchedTokensMax(),
                64,
                defaults.ongoingMax(),
                0.5,
                kvFormat,
                OptionalLong.empty(),
                PrefixSharing.OFF,
                true,
                defaults.limits());
        Prompt prompt = new Prompt.Tokens(List.of(1));
        SamplingParams greedy = params(0, 200, 0);
        try (Engine engine = Engine.open(ModelPath.open(model), options, TimeSource.system())) {
            Answers.Answer alone = Answers.answer(engine, prompt, greedy).only();
            assertThat(alone.tokenIds()).hasSize(200);
            assertThat(alone.reason()).isEqualTo(FinishReason.LENGTH);

            Random random = new Random(3);
            List<CompletableFuture<Answers.Reply>> others = new ArrayList<>();
            for (int i = 0; i < 8; i++) others.add(neighbour(engine, random));
            CompletableFuture<Answers.Reply> batched = Answers.ask(engine, Answers.ADA, prompt, greedy, 1);
            for (int i = 0; i < 7; i++) others.add(neighbour(engine, random));
            assertThat(batched.get(1, TimeUnit.MINUTES).only()).isEqualTo(alone);
            for (CompletableFuture<Answers.Reply> other : others) other.get(1, TimeUnit.MINUTES);
            return alone.text();
        }
    }

    private static CompletableFuture<Answers.Reply> neighbour(Engine engine, Random random) {
        List<Integer> ids = new ArrayList<>(List.of(1));
        for (int i = random.nextInt(100); i >= 0; i--) ids.add(3 + random.nextInt(500));
        return Answers.ask(
                engine,
                Answers.ADA,
                new Prompt.Tokens(ids),
                params(1, 100 + random.nextInt(100), random.nextLong()),
                1);
    }

    private static SamplingParams params(double temperature, int maxTokens, long seed) {
        return new SamplingParams(
                temperature,
                1,
                0,
                0,
                0,
                0,
                1,
                Map.of(),
                OptionalLong.of(seed),
                maxTokens,
                false,
                0,
                List.of(),
                Set.of(),
                true,
                OptionalInt.of(0),
                OptionalInt.empty());
    }
}
