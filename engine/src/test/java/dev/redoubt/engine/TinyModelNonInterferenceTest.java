package dev.redoubt.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.TimeSource;
import dev.redoubt.base.generation.Prompt;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.base.generation.SamplingParams;
import dev.redoubt.base.generation.TokenLogprob;
import dev.redoubt.engine.Answers.Answer;
import dev.redoubt.kernels.KvFormat;
import dev.redoubt.kernels.Providers;
import dev.redoubt.testkit.CheckpointKind;
import dev.redoubt.testkit.Shared;
import dev.redoubt.testkit.TinyCheckpoints;
import dev.redoubt.testkit.TinyModels;
import dev.redoubt.testkit.WeightKind;
import dev.redoubt.trust.ModelPath;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// V3.2 on the real engine with a small real model: the same bits alone and in any company. A failing schedule
/// replays with `-Dredoubt.seed=N`.
final class TinyModelNonInterferenceTest {
    private static final int REQUESTS = 40;
    private static final int SCHEDULES_PER_ENGINE = Integer.getInteger("redoubt.schedules", 2);

    @TempDir
    Path folder;

    /// What can vary without being seen in the answer.
    private record Setting(
            KvFormat kvFormat,
            String kernels,
            int threads,
            int chunk,
            boolean prefixCache,
            boolean smallPool,
            boolean speculative) {}

    private record Question(int[] prompt, SamplingParams sampling) {}

    @ParameterizedTest
    @EnumSource(WeightKind.class)
    void V3_2_tokensAndLogprobsAreTheSameBitsAloneAndInAnyCompany(WeightKind kind) throws Exception {
        compareInAnyCompany(kind, EngineOptions.defaults(1).kvFormat());
    }

    /// F16 is what the formats of weights are tried with.
    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "F16")
    void V3_2_thatHoldsForEveryFormatOfTheKvCache(KvFormat kvFormat) throws Exception {
        compareInAnyCompany(WeightKind.Q8_0, kvFormat);
    }

    /// Few schedules of each: products are those of the formats above, what is new is the order of columns.
    @ParameterizedTest
    @EnumSource
    void V3_2_thatHoldsForEveryKindOfCheckpoint(CheckpointKind kind) throws Exception {
        long seed = Long.getLong("redoubt.seed", 20260101L);
        Path model = TinyCheckpoints.write(folder.resolve("tiny"), kind, 7);
        List<Question> questions = questions(new Random(seed)).subList(0, 12);
        KvFormat kvFormat = EngineOptions.defaults(1).kvFormat();
        List<Answer> alone = new ArrayList<>();
        try (Engine engine = open(model, new Setting(kvFormat, "scalar", 1, 512, false, false, false))) {
            for (Question question : questions)
                alone.add(Answers.answer(engine, new Prompt.Tokens(boxed(question.prompt)), question.sampling)
                        .only());
        }
        for (String kernels : Providers.present()) {
            if (kernels.equals("scalar")) continue; // seen alone
            Setting setting = new Setting(kvFormat, kernels, 2, 16, true, true, false);
            try (Engine engine = open(model, setting)) {
                compare(engine, setting, questions, alone, seed);
                assertAllBlocksAreFreed(engine);
            }
        }
    }

    private void compareInAnyCompany(WeightKind kind, KvFormat kvFormat) throws Exception {
        long seed = Long.getLong("redoubt.seed", 20260101L);
        Path file = TinyModels.gguf(folder.resolve("tiny.gguf"), kind, 7);
        List<Question> questions = questions(new Random(seed));
        List<Answer> alone = new ArrayList<>();
        try (Engine engine = open(file, new Setting(kvFormat, "scalar", 1, 512, false, false, false))) {
            for (Question question : questions)
                alone.add(Answers.answer(engine, new Prompt.Tokens(boxed(question.prompt)), question.sampling)
                        .only());
        }
        List<Setting> settings = new ArrayList<>();
        for (String kernels : Providers.present())
            for (int threads : new int[] {1, 2})
                for (int chunk : new int[] {16, 64, 512}) {
                    if (kernels.equals("scalar") && (chunk == 16) == (threads == 2)) continue; // slow, and seen alone
                    settings.add(new Setting(
                            kvFormat,
                            kernels,
                            threads,
                            chunk,
                            chunk == 64,
                            (chunk == 16) == (threads == 2),
                            chunk != 512));
                }
        long preemptions = 0;
        long hits = 0;
        long guessed = 0;
        for (Setting setting : settings) {
            try (Engine engine = open(file, setting)) {
                // How requests meet is left to the threads, so that a small pool may be large enough for a while.
                for (int schedule = 0;
                        schedule < SCHEDULES_PER_ENGINE
                                || (setting.smallPool
                                        && preemptions + engine.stats().preemptions() == 0
                                        && schedule < 100);
                        schedule++) compare(engine, setting, questions, alone, seed * 1_000 + schedule);
                preemptions += engine.stats().preemptions();
                hits += engine.stats().prefixCacheHits();
                guessed += engine.stats().acceptedTokens();
                assertAllBlocksAreFreed(engine);
            }
        }
        assertThat(preemptions)
                .as("the small pools must preempt, or this proves nothing")
                .isPositive();
        assertThat(hits).as("the prefix cache must hit, or this proves nothing").isPositive();
        assertThat(guessed).as("guesses must be right, or this proves nothing").isPositive();
    }

    /// The formats that have no tiny model: rows of theirs are 256 weights and more.
    @ParameterizedTest
    @ValueSource(strings = {"Q2_K", "Q3_K", "Q4_K_M", "Q5_K", "Q6_K", "IQ4_NL", "IQ4_XS", "MIXED"})
    void V3_2_thatHoldsForEveryFormatOfGguf(String variant) throws Exception {
        Path file = Shared.testdata("shakespeare/gguf/shakespeare-" + variant + ".gguf");
        List<Question> questions = questions(new Random(11)).subList(0, 12);
        List<Answer> alone = new ArrayList<>();
        try (Engine engine = open(file, new Setting(KvFormat.F16, "vector", 1, 512, false, false, false))) {
            for (Question question : questions)
                alone.add(Answers.answer(engine, new Prompt.Tokens(boxed(question.prompt)), question.sampling)
                        .only());
        }
        for (int chunk : new int[] {16, 64, 512}) {
            Setting setting = new Setting(KvFormat.F16, "auto", 2, chunk, chunk == 64, false, chunk != 512);
            try (Engine engine = open(file, setting)) {
                for (int schedule = 0; schedule < SCHEDULES_PER_ENGINE; schedule++)
                    compare(engine, setting, questions, alone, schedule);
                assertAllBlocksAreFreed(engine);
            }
        }
    }

    @Test
    void V3_2_choicesOfOneRequestAreThoseOfItsSeed() throws Exception {
        Path file = TinyModels.gguf(folder.resolve("tiny.gguf"), WeightKind.Q8_0, 7);
        Question question = questions(new Random(5)).get(1);
        try (Engine one = open(file, new Setting(KvFormat.F16, "vector", 2, 16, true, false, true));
                Engine other = open(file, new Setting(KvFormat.F16, "scalar", 1, 512, false, false, false))) {
            Prompt prompt = new Prompt.Tokens(boxed(question.prompt));
            var first =
                    Answers.ask(one, Answers.ADA, prompt, question.sampling, 4).get(1, TimeUnit.MINUTES);
            var second = Answers.ask(other, Answers.ADA, prompt, question.sampling, 4)
                    .get(1, TimeUnit.MINUTES);
            assertThat(first.choices()).isEqualTo(second.choices());
            assertThat(first.choices().get(0).tokenIds())
                    .isNotEqualTo(first.choices().get(1).tokenIds());
        }
    }

    /// The last answer may be heard before the step that gave it has published its reading.
    private static void assertAllBlocksAreFreed(Engine engine) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (engine.stats().kvBlocksUsed() > 0 && System.nanoTime() < end) Thread.onSpinWait();
        assertThat(engine.stats().kvBlocksUsed())
                .as("blocks after all requests")
                .isZero();
    }

    private static void compare(Engine engine, Setting setting, List<Question> questions, List<Answer> alone, long seed)
            throws Exception {
        Random random = new Random(seed);
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < questions.size(); i++) order.add(i);
        Collections.shuffle(order, random);
        int company = 1 + random.nextInt(Math.min(32, questions.size()));
        List<CompletableFuture<Answers.Reply>> running = new ArrayList<>();
        for (int i = 0; i < company; i++) {
            Question question = questions.get(order.get(i));
            running.add(
                    Answers.ask(engine, Answers.ADA, new Prompt.Tokens(boxed(question.prompt)), question.sampling, 1));
            if (random.nextInt(4) == 0)
                running.get(random.nextInt(running.size())).get(1, TimeUnit.MINUTES);
        }
        for (int i = 0; i < company; i++) {
            Answer answer = running.get(i).get(1, TimeUnit.MINUTES).only();
            Answer expected = alone.get(order.get(i));
            assertThat(answer.tokenIds())
                    .as("tokens of request %s, %s, seed %s", order.get(i), setting, seed)
                    .isEqualTo(expected.tokenIds());
            assertThat(bits(answer.logprobs()))
                    .as("logprob bits of request %s, %s, seed %s", order.get(i), setting, seed)
                    .isEqualTo(bits(expected.logprobs()));
            assertThat(answer.text()).isEqualTo(expected.text());
        }
    }

    private static List<Integer> bits(List<TokenLogprob> logprobs) {
        List<Integer> bits = new ArrayList<>();
        for (TokenLogprob logprob : logprobs) {
            bits.add(Float.floatToRawIntBits(logprob.logprob()));
            for (TokenLogprob.Alternative alternative : logprob.top()) {
                bits.add(alternative.tokenId());
                bits.add(Float.floatToRawIntBits(alternative.logprob()));
            }
        }
        return bits;
    }

    private static List<Question> questions(Random random) {
        List<int[]> prefixes = new ArrayList<>();
        for (int i = 0; i < 3; i++) prefixes.add(random.ints(48, 3, 250).toArray());
        List<Question> questions = new ArrayList<>();
        for (int i = 0; i < REQUESTS; i++) {
            int[] own = random.ints(1 + random.nextInt(90), 3, 250).toArray();
            int[] prompt = own;
            if (i % 2 == 0) { // shares a prefix of whole blocks with others
                int[] prefix = prefixes.get(random.nextInt(prefixes.size()));
                prompt = new int[prefix.length + own.length];
                System.arraycopy(prefix, 0, prompt, 0, prefix.length);
                System.arraycopy(own, 0, prompt, prefix.length, own.length);
            }
            boolean greedy = i % 3 == 0;
            questions.add(new Question(
                    prompt,
                    new SamplingParams(
                            greedy ? 0 : 0.5 + random.nextDouble(),
                            i % 4 == 1 ? 0.9 : 1,
                            i % 5 == 1 ? 40 : 0,
                            i % 7 == 1 ? 0.02 : 0,
                            i % 6 == 1 ? 0.5 : 0,
                            i % 6 == 2 ? 0.5 : 0,
                            i % 6 == 3 ? 1.2 : 1,
                            // so strong that the text repeats itself, and guesses are right
                            i % 8 == 1 ? Map.of(5, i % 3 == 2 ? 30.0 : 3.0) : Map.of(),
                            OptionalLong.of(random.nextLong()),
                            4 + random.nextInt(20),
                            false,
                            0,
                            List.of(),
                            Set.of(),
                            true,
                            OptionalInt.of(3),
                            OptionalInt.empty())));
        }
        return questions;
    }

    private static Engine open(Path file, Setting setting) {
        EngineOptions options = new EngineOptions(
                setting.kernels,
                setting.threads,
                256,
                32,
                512,
                setting.chunk,
                1024,
                0.5,
                setting.kvFormat,
                OptionalLong.of((setting.smallPool ? 100_000L : 4_000_000L) * setting.kvFormat.elementBytes()),
                setting.prefixCache ? PrefixSharing.PRINCIPAL : PrefixSharing.OFF,
                setting.speculative,
                RequestLimits.DEFAULT);
        return Engine.open(ModelPath.open(file), options, TimeSource.system());
    }

    private static List<Integer> boxed(int[] ids) {
        List<Integer> list = new ArrayList<>(ids.length);
        for (int id : ids) list.add(id);
        return list;
    }
}
