package dev.redoubt.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.TimeSource;
import dev.redoubt.base.generation.ChatMessage;
import dev.redoubt.base.generation.Prompt;
import dev.redoubt.base.generation.SamplingParams;
import dev.redoubt.base.generation.TokenLogprob;
import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.base.json.StrictJson;
import dev.redoubt.kernels.KvFormat;
import dev.redoubt.testkit.Shared;
import dev.redoubt.testkit.SmolLm2;
import dev.redoubt.trust.ModelPath;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/// The default model against its float32 reference: ids and rendered chats to the letter, probabilities
/// teacher-forced. The bounds are the product's promise; what was measured stands in docs/BENCHMARKS.md.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class GoldenSmolLm2Test {
    private Engine engine;
    private JsonNode golden;

    @BeforeAll
    void open() throws IOException, JsonRefusal {
        golden =
                new StrictJson(JsonLimits.MODEL_FILE).parse(Files.readAllBytes(Shared.testdata("smollm2/golden.json")));
        engine = open(EngineOptions.defaults(2).kvFormat());
    }

    private static Engine open(KvFormat kvFormat) throws IOException {
        return Engine.open(
                ModelPath.open(SmolLm2.file()),
                new EngineOptions(
                        "auto",
                        2,
                        4096,
                        16,
                        4096,
                        512,
                        64,
                        0.5,
                        kvFormat,
                        OptionalLong.of(1L << 30),
                        PrefixSharing.PRINCIPAL,
                        true,
                        EngineOptions.defaults(2).limits()),
                TimeSource.system());
    }

    @AfterAll
    void close() {
        if (engine != null) engine.close();
    }

    @Test
    void tokenIdsAndRenderedChatsAreTheReferences() {
        for (JsonNode golden : golden.get("cases")) {
            String name = golden.get("name").stringValue();
            int[] ids = ints(golden.get("ids"));
            if (golden.has("prompt")) {
                assertThat(engine.tokenize(golden.get("prompt").stringValue()))
                        .as(name)
                        .isEqualTo(ids);
            } else {
                assertThat(engine.render(messages(golden)))
                        .as(name)
                        .isEqualTo(golden.get("rendered").stringValue());
                assertThat(engine.tokenize(messages(golden))).as(name).isEqualTo(ids);
            }
        }
    }

    /// @param gapError the gap between the two best logits above which int8 activations and this format of the KV
    ///     cache were never seen to change their order
    @ParameterizedTest
    @CsvSource({"F32,0.2", "F16,0.2"})
    void greedyTokensAreTheReferencesWhereverItsGapExceedsTheMeasuredError(KvFormat kvFormat, double gapError)
            throws Exception {
        try (Engine engine = open(kvFormat)) {
            assertGreedyTokens(engine, kvFormat, gapError);
        }
    }

    private void assertGreedyTokens(Engine engine, KvFormat kvFormat, double gapError) throws Exception {
        double largestFlippedGap = 0;
        int flips = 0;
        int steps = 0;
        for (JsonNode golden : golden.get("cases")) {
            int[] prompt = ints(golden.get("ids"));
            JsonNode greedy = golden.get("greedy");
            int[] ids = ints(greedy.get("ids"));
            List<Integer> all = new ArrayList<>();
            for (int id : prompt) all.add(id);
            for (int id : ids) all.add(id);
            List<TokenLogprob> scored =
                    Answers.answer(engine, new Prompt.Tokens(all), scoring(1)).promptLogprobs();
            int firstFlip = ids.length;
            for (int step = 0; step < ids.length; step++) { // teacher-forced
                int best = scored.get(prompt.length - 1 + step).top().getFirst().tokenId();
                steps++;
                if (best == ids[step]) continue;
                flips++;
                firstFlip = Math.min(firstFlip, step);
                largestFlippedGap =
                        Math.max(largestFlippedGap, greedy.get("gap").get(step).doubleValue());
            }
            // on its own path: the same tokens up to the first one that a small gap may flip
            SamplingParams own = new SamplingParams(
                    0,
                    1,
                    0,
                    0,
                    0,
                    0,
                    1,
                    Map.of(),
                    OptionalLong.empty(),
                    ids.length,
                    false,
                    0,
                    List.of(),
                    Set.of(),
                    true,
                    OptionalInt.of(0),
                    OptionalInt.empty());
            List<Integer> chosen =
                    Answers.answer(engine, prompt(golden, prompt), own).only().tokenIds();
            assertThat(chosen.subList(0, firstFlip))
                    .as(golden.get("name").stringValue())
                    .isEqualTo(all.subList(prompt.length, prompt.length + firstFlip));
        }
        System.out.printf(
                "SmolLM2 greedy, KV %s, teacher-forced: %d of %d steps differ, largest gap among them %.3f%n",
                kvFormat, flips, steps, largestFlippedGap);
        assertThat(largestFlippedGap).isLessThan(gapError);
    }

    @ParameterizedTest
    @CsvSource({"F16,0.97", "F32,0.97", "Q8,0.96"})
    void perplexityTop1AndDivergenceAreWithinThePromise(KvFormat kvFormat, double top1Min) throws Exception {
        try (Engine engine = open(kvFormat)) {
            assertWithinThePromise("wikitext", engine, kvFormat, top1Min);
            assertWithinThePromise("shakespeare", engine, kvFormat, top1Min);
        }
    }

    private static void assertWithinThePromise(String text, Engine engine, KvFormat kvFormat, double top1Min)
            throws Exception {
        IntArray ids = IntArray.read("smollm2/" + text + "-ids.i32");
        IntArray top1 = IntArray.read("smollm2/" + text + "-top1.i32");
        IntArray top16 = IntArray.read("smollm2/" + text + "-top16-ids.i32");
        float[] nll = floats("smollm2/" + text + "-nll.f32");
        float[] top16Logprob = floats("smollm2/" + text + "-top16-logprob.f32");
        double ours = 0;
        double theirs = 0;
        double divergence = 0;
        int agreed = 0;
        int at = 0;
        for (int window = 0; window < 8; window++) {
            List<Integer> prompt = new ArrayList<>();
            for (int i = 0; i < 512; i++) prompt.add(ids.values[512 * window + i]);
            List<TokenLogprob> scored = Answers.answer(engine, new Prompt.Tokens(prompt), scoring(20))
                    .promptLogprobs();
            assertThat(scored).hasSize(511);
            for (TokenLogprob entry : scored) {
                ours -= entry.logprob();
                theirs += nll[at];
                if (entry.top().getFirst().tokenId() == top1.values[at]) agreed++;
                divergence += divergence(entry, top16.values, top16Logprob, 16 * at);
                at++;
            }
        }
        double ratio = Math.exp((ours - theirs) / at);
        System.out.printf(
                "SmolLM2 %s, KV %s: perplexity %.4f (reference %.4f, ratio %.5f), top-1 agreement %.4f, mean KL %.6f%n",
                text,
                kvFormat,
                Math.exp(ours / at),
                Math.exp(theirs / at),
                ratio,
                (double) agreed / at,
                divergence / at);
        assertThat(ratio).isBetween(0.99, 1.01);
        assertThat((double) agreed / at).isGreaterThanOrEqualTo(top1Min);
        assertThat(divergence / at).isLessThanOrEqualTo(0.005);
    }

    /// Over the reference's 16 most likely ids that are among our 20, and the rest as one outcome: a lower
    /// bound.
    private static double divergence(TokenLogprob entry, int[] ids, float[] logprobs, int from) {
        Map<Integer, Float> own = new HashMap<>();
        for (TokenLogprob.Alternative alternative : entry.top()) own.put(alternative.tokenId(), alternative.logprob());
        double sum = 0;
        double restP = 1;
        double restQ = 1;
        for (int i = from; i < from + 16; i++) {
            Float q = own.get(ids[i]);
            if (q == null) continue;
            double p = Math.exp(logprobs[i]);
            sum += p * (logprobs[i] - q);
            restP -= p;
            restQ -= Math.exp(q);
        }
        return restP > 1e-9 && restQ > 1e-9 ? sum + restP * Math.log(restP / restQ) : sum;
    }

    private static SamplingParams scoring(int top) {
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
                1,
                false,
                0,
                List.of(),
                Set.of(),
                true,
                OptionalInt.empty(),
                OptionalInt.of(top));
    }

    private static Prompt prompt(JsonNode golden, int[] ids) {
        if (golden.has("messages")) return new Prompt.Chat(messages(golden));
        List<Integer> boxed = new ArrayList<>();
        for (int id : ids) boxed.add(id);
        return new Prompt.Tokens(boxed);
    }

    private static List<ChatMessage> messages(JsonNode golden) {
        List<ChatMessage> messages = new ArrayList<>();
        for (JsonNode message : golden.get("messages"))
            messages.add(new ChatMessage(
                    message.get("role").stringValue(), message.get("content").stringValue()));
        return messages;
    }

    private static int[] ints(JsonNode array) {
        int[] values = new int[array.size()];
        for (int i = 0; i < values.length; i++) values[i] = array.get(i).intValue();
        return values;
    }

    private record IntArray(int[] values) {
        static IntArray read(String path) throws IOException {
            ByteBuffer bytes =
                    ByteBuffer.wrap(Files.readAllBytes(Shared.testdata(path))).order(ByteOrder.LITTLE_ENDIAN);
            int[] values = new int[bytes.remaining() / 4];
            bytes.asIntBuffer().get(values);
            return new IntArray(values);
        }
    }

    private static float[] floats(String path) throws IOException {
        ByteBuffer bytes =
                ByteBuffer.wrap(Files.readAllBytes(Shared.testdata(path))).order(ByteOrder.LITTLE_ENDIAN);
        float[] values = new float[bytes.remaining() / 4];
        bytes.asFloatBuffer().get(values);
        return values;
    }
}
