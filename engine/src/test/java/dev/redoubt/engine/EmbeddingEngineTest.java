package dev.redoubt.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.TimeSource;
import dev.redoubt.base.generation.Caller;
import dev.redoubt.base.generation.EmbeddingListener;
import dev.redoubt.base.generation.EmbeddingRequest;
import dev.redoubt.base.generation.Generation;
import dev.redoubt.base.generation.Prompt;
import dev.redoubt.base.generation.Usage;
import dev.redoubt.testkit.TinyEncoder;
import dev.redoubt.testkit.WeightKind;
import dev.redoubt.trust.ModelPath;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddingEngineTest {
    private static final TimeSource TIME = TimeSource.system();
    private static final String WORDS = "the cat sat on the mat hello world";

    @TempDir
    Path folder;

    private EmbeddingEngine open(EngineOptions options) throws IOException {
        return EmbeddingEngine.open(
                ModelPath.open(TinyEncoder.write(folder.resolve("tiny"), WeightKind.F32, 3)), options, TIME);
    }

    private record Embedded(List<float[]> vectors, Usage usage) {}

    private static final class Heard implements EmbeddingListener {
        final CompletableFuture<Embedded> end = new CompletableFuture<>();

        @Override
        public void embedded(List<float[]> vectors, Usage usage) {
            end.complete(new Embedded(vectors, usage));
        }

        @Override
        public void failed(ServeException error, Usage usage) {
            end.completeExceptionally(error);
        }

        Embedded get() throws Exception {
            return end.get(20, TimeUnit.SECONDS);
        }

        ErrorCode error() {
            return ((ServeException) end.handle((embedded, error) -> error)
                            .orTimeout(20, TimeUnit.SECONDS)
                            .join())
                    .code();
        }
    }

    private static EmbeddingRequest request(String tenant, List<Prompt> inputs, OptionalInt dimensions) {
        Caller caller = new Caller(tenant, "key", Optional.empty());
        return new EmbeddingRequest(caller, inputs, dimensions, TIME.nanos() + TimeUnit.SECONDS.toNanos(30));
    }

    private static List<Prompt> texts(String... texts) {
        return List.of(texts).stream().<Prompt>map(Prompt.Text::new).toList();
    }

    private static Embedded embed(EmbeddingEngine engine, List<Prompt> inputs, OptionalInt dimensions)
            throws Exception {
        Heard heard = new Heard();
        engine.embed(request("one", inputs, dimensions), heard);
        return heard.get();
    }

    @Test
    void V3_2_vectorsAreTheSameBitsAloneAndAmongMany() throws Exception {
        try (EmbeddingEngine engine = open(EngineOptions.defaults(2))) {
            List<String> texts = new ArrayList<>();
            Random random = new Random(1);
            for (int i = 0; i < 40; i++) {
                StringBuilder text = new StringBuilder("cat");
                for (int word = random.nextInt(45); word > 0; word--)
                    text.append(' ').append(WORDS.split(" ")[random.nextInt(8)]);
                texts.add(text.toString());
            }
            List<float[]> alone = new ArrayList<>();
            for (String text : texts)
                alone.add(embed(engine, texts(text), OptionalInt.empty())
                        .vectors()
                        .getFirst());
            List<Heard> all = new ArrayList<>();
            List<List<Integer>> asked = new ArrayList<>();
            for (int i = 0; i < 60; i++) {
                List<Integer> some =
                        new ArrayList<>(IntStream.range(0, texts.size()).boxed().toList());
                Collections.shuffle(some, random);
                some = some.subList(0, 1 + random.nextInt(10));
                Heard heard = new Heard();
                List<Prompt> inputs = some.stream()
                        .<Prompt>map(one -> new Prompt.Text(texts.get(one)))
                        .toList();
                engine.embed(request("tenant " + i % 3, inputs, OptionalInt.empty()), heard);
                all.add(heard);
                asked.add(some);
            }
            for (int i = 0; i < all.size(); i++) {
                List<float[]> vectors = all.get(i).get().vectors();
                for (int j = 0; j < vectors.size(); j++)
                    assertThat(vectors.get(j)).isEqualTo(alone.get(asked.get(i).get(j)));
            }
            assertThat(engine.stats().promptTokens()).isPositive();
            assertThat(engine.runtime().memoryBytes())
                    .isGreaterThan(engine.runtime().kvBytes());
        }
    }

    @Test
    void theFirstNumbersAreAnEmbeddingWhereTheModelSaysSo() throws Exception {
        try (EmbeddingEngine engine = open(EngineOptions.defaults(1))) {
            float[] all =
                    embed(engine, texts(WORDS), OptionalInt.empty()).vectors().getFirst();
            float[] some =
                    embed(engine, texts(WORDS), OptionalInt.of(8)).vectors().getFirst();
            assertThat(all).hasSize(32);
            assertThat(some).hasSize(8);
            double length = 0;
            for (int i = 0; i < 8; i++) length += (double) all[i] * all[i];
            double squares = 0;
            for (int i = 0; i < 8; i++) {
                assertThat(some[i]).isCloseTo((float) (all[i] / Math.sqrt(length)), within(1e-6f));
                squares += (double) some[i] * some[i];
            }
            assertThat(squares).isCloseTo(1, within(1e-6));
            refused(engine, texts("cat"), OptionalInt.of(9), "'dimensions' is 9, allowed is 8, 16 and 32");
        }
    }

    @Test
    void idsAreTakenAsTheyAre() throws Exception {
        try (EmbeddingEngine engine = open(EngineOptions.defaults(1))) {
            Embedded words = embed(engine, texts("the cat"), OptionalInt.empty());
            Embedded ids = embed(engine, List.of(new Prompt.Tokens(List.of(2, 5, 6, 3))), OptionalInt.empty());
            assertThat(ids.vectors().getFirst()).isEqualTo(words.vectors().getFirst());
            assertThat(words.usage().promptTokens()).isEqualTo(4);
            assertThat(engine.detokenize(new int[] {2, 5, 6, 3})).isEqualTo("[CLS] the cat [SEP]");
        }
    }

    @Test
    void V3_1_whatIsOutOfBoundsNeverGetsNearABatch() throws Exception {
        try (EmbeddingEngine engine = open(EngineOptions.defaults(1))) {
            refused(engine, texts(""), OptionalInt.empty(), "'input' has no tokens");
            refused(engine, texts("cat", ""), OptionalInt.empty(), "'input[1]' has no tokens");
            refused(
                    engine,
                    texts("x".repeat(8193)),
                    OptionalInt.empty(),
                    "'input' has 8193 code points, limit is 8192");
            refused(
                    engine,
                    List.of(new Prompt.Tokens(List.of(29))),
                    OptionalInt.empty(),
                    "'input' holds token id 29, the vocabulary has ids 0 to 28");
            refused(
                    engine,
                    List.of(new Prompt.Tokens(Collections.nCopies(49, 5))),
                    OptionalInt.empty(),
                    "'input' has 49 tokens, the model takes 48 at most");
            refused(
                    engine,
                    Collections.nCopies(33, new Prompt.Text("cat")),
                    OptionalInt.empty(),
                    "'input' is a list of 33, allowed is a list of 1 to 32");
            Heard heard = new Heard();
            engine.embed(request("one", texts("cat", "cat ".repeat(47)), OptionalInt.empty()), heard);
            assertThatThrownBy(heard::get).hasMessageContaining("'input[1]' has 49 tokens, the model takes 48 at most");
            assertThat(engine.stats().steps()).isZero();
        }
    }

    private static void refused(EmbeddingEngine engine, List<Prompt> inputs, OptionalInt dimensions, String message) {
        assertThatThrownBy(() -> engine.embed(request("one", inputs, dimensions), new Heard()))
                .isInstanceOf(ServeException.class)
                .hasMessageContaining(message);
    }

    @Test
    void V2_1_tooLittleMemoryIsRefusedWithWhatWouldDo() {
        EngineOptions options = EngineOptions.defaults(1).withKvBytesMax(100_000);
        assertThatThrownBy(() -> open(options))
                .isInstanceOf(StartRefusal.class)
                .hasMessage("keys and values of a batch of 512 tokens take 131072 bytes, 100000 are left beside the"
                        + " weights: allow 31072 more");
    }

    @Test
    void V6_2_oneThatIsWithdrawnAnswersNobody() throws Exception {
        try (Held held = new Held(this, EmbeddingEngineTest::ones)) {
            Heard before = new Heard();
            held.engine.embed(request("one", texts("cat"), OptionalInt.empty()), before);
            held.begun.await();
            assertThat(held.engine.changedWeights()).isEmpty();
            held.engine.canaryPassed();
            held.engine.withdraw();
            held.go.countDown();
            assertThat(before.error()).isEqualTo(ErrorCode.CANCELLED);
            assertThatThrownBy(() -> held.engine.embed(request("one", texts("cat"), OptionalInt.empty()), new Heard()))
                    .isInstanceOfSatisfying(
                            ServeException.class,
                            refused -> assertThat(refused.code()).isEqualTo(ErrorCode.MODEL_WITHDRAWN));
            assertThat(held.engine.stats().canaryReadings()).isEqualTo(1);
            assertThat(held.engine.stats().canaryFailures()).isEqualTo(1);
        }
    }

    /// An engine whose batches wait until they are let go.
    private static final class Held implements AutoCloseable {
        final CountDownLatch go = new CountDownLatch(1);
        final CountDownLatch begun = new CountDownLatch(1);
        final EmbeddingEngine engine;

        Held(EmbeddingEngineTest test, BatchEncoder after) throws IOException {
            EngineOptions options = EngineOptions.defaults(1);
            EmbeddingEngine.Parts real = EmbeddingParts.load(
                    ModelPath.open(TinyEncoder.write(test.folder.resolve("tiny"), WeightKind.F32, 3)), options, TIME);
            EmbeddingLoop.Limits limits =
                    new EmbeddingLoop.Limits(4, 2, real.limits().tokensMax());
            engine = new EmbeddingEngine(
                    options,
                    new EmbeddingEngine.Parts(
                            real.card(),
                            real.sizes(),
                            real.tokenizer(),
                            real.detokenizer(),
                            batch -> {
                                begun.countDown();
                                try {
                                    go.await();
                                } catch (InterruptedException e) {
                                    throw new IllegalStateException(e);
                                }
                                return after.encode(batch);
                            },
                            limits,
                            real.runtime(),
                            real.description(),
                            real.changedWeights(),
                            real.resources()),
                    TIME);
        }

        @Override
        public void close() {
            go.countDown();
            engine.close();
        }
    }

    private static float[][] ones(List<EmbeddingJob.Text> batch) {
        float[][] vectors = new float[batch.size()][1];
        for (float[] vector : vectors) vector[0] = 1;
        return vectors;
    }

    @Test
    void V3_6_aRequestOfManyTextsDoesNotHoldUpAnotherTenants() {
        List<String> order = new ArrayList<>();
        List<EmbeddingJob> embedded = new ArrayList<>();
        EmbeddingLoop.Listener listener = new EmbeddingLoop.Listener() {
            @Override
            public void embedded(EmbeddingJob job) {
                embedded.add(job);
            }

            @Override
            public void failed(EmbeddingJob job, ServeException error) {
                throw error;
            }
        };
        EmbeddingLoop.Limits limits = new EmbeddingLoop.Limits(4, 2, 48);
        EmbeddingLoop loop = new EmbeddingLoop(
                limits,
                batch -> {
                    assertThat(batch).hasSizeLessThanOrEqualTo(2);
                    for (EmbeddingJob.Text text : batch) order.add(text.tenant());
                    return ones(batch);
                },
                listener,
                TIME);
        EmbeddingJob busy = job("busy", 10);
        EmbeddingJob other = job("other", 1);
        loop.submit(busy);
        loop.step();
        loop.submit(other);
        while (loop.step()) loop.verify();
        assertThat(order.indexOf("other")).as("its turn, of %s", order).isLessThanOrEqualTo(3);
        assertThat(embedded).containsExactly(other, busy);
        assertThat(order).hasSize(11);
    }

    private static EmbeddingJob job(String tenant, int texts) {
        Caller caller = new Caller(tenant, "key", Optional.empty());
        EmbeddingJob job = new EmbeddingJob(1, caller, 1, TIME.nanos(), Long.MAX_VALUE / 2, new Heard());
        job.inputs = Collections.nCopies(texts, new int[] {2, 6, 3});
        return job;
    }

    @Test
    void R1_3_whoIsLateOrLeavesEndsAndTheOthersGoOn() throws Exception {
        try (Held held = new Held(this, EmbeddingEngineTest::ones)) {
            Heard first = new Heard();
            Heard leaves = new Heard();
            Heard late = new Heard();
            Heard stays = new Heard();
            held.engine.embed(request("one", texts("cat", "cat", "cat"), OptionalInt.empty()), first);
            held.begun.await();
            Generation left = held.engine.embed(request("one", texts("cat"), OptionalInt.empty()), leaves);
            held.engine.embed(
                    new EmbeddingRequest(
                            new Caller("one", "key", Optional.empty()),
                            texts("cat"),
                            OptionalInt.empty(),
                            TIME.nanos()),
                    late);
            held.engine.embed(request("one", texts("cat"), OptionalInt.empty()), stays);
            left.cancel();
            held.go.countDown();
            assertThat(leaves.error()).isEqualTo(ErrorCode.CANCELLED);
            assertThat(late.error()).isEqualTo(ErrorCode.DEADLINE_EXCEEDED);
            assertThat(stays.get().vectors()).hasSize(1);
            assertThat(first.get().vectors()).hasSize(3);
        }
    }

    @Test
    void R1_1_moreThanTheLimitIsRefusedAndClosingEndsTheRest() throws Exception {
        List<Heard> all = new ArrayList<>();
        try (Held held = new Held(this, EmbeddingEngineTest::ones)) {
            for (int i = 0; i < 100; i++) {
                Heard heard = new Heard();
                held.engine.embed(request("one", texts("cat"), OptionalInt.empty()), heard);
                all.add(heard);
            }
            assertThatThrownBy(() -> held.engine.embed(request("one", texts("cat"), OptionalInt.empty()), new Heard()))
                    .hasMessage("100 requests are running or waiting, limit is 100: retry later");
            held.begun.await();
        }
        for (Heard heard : all) assertThat(heard.end).isDone();
        assertThat(all.stream().filter(heard -> heard.end.isCompletedExceptionally()))
                .allMatch(heard -> heard.error() == ErrorCode.SHUTTING_DOWN);
    }

    @Test
    void whatIsNotFiniteAndWhatThrowsEndTheirOwnRequestsAlone() throws Exception {
        int[] batches = {0};
        try (Held held = new Held(this, batch -> {
            if (++batches[0] == 3) throw new IllegalStateException("a fault");
            float[][] vectors = ones(batch);
            for (int i = 0; i < vectors.length; i++) if (batch.get(i).tenant().equals("bad")) vectors[i][0] = Float.NaN;
            return vectors;
        })) {
            held.go.countDown();
            Heard bad = new Heard();
            held.engine.embed(request("bad", texts("cat"), OptionalInt.empty()), bad);
            assertThat(bad.error()).isEqualTo(ErrorCode.INTERNAL);
            Heard good = new Heard();
            held.engine.embed(request("good", texts("cat"), OptionalInt.empty()), good);
            assertThat(good.get().vectors()).hasSize(1);
            Heard thrown = new Heard();
            held.engine.embed(request("good", texts("cat"), OptionalInt.empty()), thrown);
            assertThat(thrown.error()).isEqualTo(ErrorCode.INTERNAL);
            Heard after = new Heard();
            held.engine.embed(request("good", texts("cat"), OptionalInt.empty()), after);
            assertThat(after.get().vectors()).hasSize(1);
        }
    }
}
