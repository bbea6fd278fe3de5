package dev.redoubt.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.TimeSource;
import dev.redoubt.base.generation.CacheClearing;
import dev.redoubt.base.generation.Caller;
import dev.redoubt.base.generation.ChatMessage;
import dev.redoubt.base.generation.FinishReason;
import dev.redoubt.base.generation.Generation;
import dev.redoubt.base.generation.GenerationEvent;
import dev.redoubt.base.generation.GenerationRequest;
import dev.redoubt.base.generation.ModelCard;
import dev.redoubt.base.generation.ModelRuntime;
import dev.redoubt.base.generation.Prompt;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.base.generation.SamplingParams;
import dev.redoubt.engine.model.StepBatch;
import dev.redoubt.kernels.KvFormat;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// The whole engine with its threads, on a fake model.
final class EngineTest {
    private static final Caller ALICE = new Caller("app", "alice", Optional.empty());
    private static final int BLOCKS = 64;

    private final FakeModel model = new FakeModel(BLOCKS);
    private final Semaphore steps = new Semaphore(0);
    private final AtomicBoolean held = new AtomicBoolean();
    private final AtomicBoolean resourcesClosed = new AtomicBoolean();
    private Engine engine = engine(16);

    @AfterEach
    void close() {
        release();
        engine.close();
        assertThat(resourcesClosed).isTrue();
        assertThat(model.allZero())
                .as("V1.3: nothing is left when the engine is closed")
                .isTrue();
    }

    private Engine engine(int ongoingMax) {
        EngineOptions options = new EngineOptions(
                "scalar",
                1,
                256,
                8,
                64,
                32,
                ongoingMax,
                0.8,
                KvFormat.F16,
                OptionalLong.empty(),
                PrefixSharing.PRINCIPAL,
                true,
                RequestLimits.DEFAULT);
        ModelCard card = new ModelCard(
                "fake",
                "00",
                "fake",
                "F32",
                256,
                FakeModel.VOCABULARY,
                true,
                Optional.empty(),
                Instant.EPOCH,
                Optional.empty());
        StepRunner runner = new StepRunner() {
            @Override
            public TokenPicker newPicker(SamplingParams params, long seed, int[] promptIds) {
                return model.newPicker(params, seed, promptIds);
            }

            @Override
            public Optional<String> changedWeights() {
                return model.changedWeights();
            }

            @Override
            public void run(StepBatch batch, List<? extends RowTask> tasks) {
                if (held.get()) steps.acquireUninterruptibly();
                model.run(batch, tasks);
            }
        };
        Engine.Parts parts = new Engine.Parts(
                card,
                new FakeText(),
                runner,
                model,
                BLOCKS,
                Set.of(FakeText.END_OF_SEQUENCE),
                new ModelRuntime("fake", 1, "principal", "f16", BLOCKS, BLOCKS, true),
                "fake",
                List.of(),
                () -> resourcesClosed.set(true));
        return new Engine(options, parts, TimeSource.system());
    }

    private void hold() {
        held.set(true);
    }

    private void release() {
        held.set(false);
        steps.release(1_000_000);
    }

    private static GenerationRequest request(Prompt prompt, SamplingParams sampling, int choices) {
        return new GenerationRequest(ALICE, prompt, sampling, List.of(), choices, System.nanoTime() + 60_000_000_000L);
    }

    private static GenerationRequest text(String text, int maxTokens) {
        return request(new Prompt.Text(text), SamplingParams.greedy(maxTokens), 1);
    }

    private static ErrorCode failure(Heard heard) {
        return ((GenerationEvent.Failed) heard.await()).error().code();
    }

    @Test
    void aTextGetsAnAnswer() {
        Heard heard = new Heard();
        engine.generate(text("hello", 5), heard);
        assertThat(heard.await()).isInstanceOf(GenerationEvent.Completed.class);
        assertThat(heard.usage().promptTokens()).isEqualTo(5);
        assertThat(heard.choice(0).ids).isNotEmpty();
        assertThat(heard.usage().totalNanos())
                .isGreaterThanOrEqualTo(heard.usage().firstTokenNanos());
    }

    @Test
    void theSameSeedGivesTheSameTokensAndEachChoiceItsOwn() {
        SamplingParams sampling = new SamplingParams(
                1,
                1,
                0,
                0,
                0,
                0,
                1,
                java.util.Map.of(),
                OptionalLong.of(5),
                30,
                false,
                0,
                List.of(),
                Set.of(),
                true,
                java.util.OptionalInt.empty(),
                java.util.OptionalInt.empty());
        Heard one = new Heard();
        Heard two = new Heard();
        engine.generate(request(new Prompt.Text("hello"), sampling, 2), one);
        engine.generate(request(new Prompt.Text("hello"), sampling, 1), two);
        one.await();
        two.await();
        assertThat(two.choice(0).ids).isEqualTo(one.choice(0).ids);
        assertThat(one.choice(1).ids).isNotEqualTo(one.choice(0).ids);
    }

    @Test
    void V3_1_whatCanBeSeenWithoutTokensIsRefusedAtOnce() {
        Heard heard = new Heard();
        assertThatThrownBy(() -> engine.generate(text("hello", 2049), heard))
                .isInstanceOfSatisfying(ServeException.class, refusal -> {
                    assertThat(refusal.code()).isEqualTo(ErrorCode.OUT_OF_RANGE);
                    assertThat(refusal.field()).hasValue("max_tokens");
                });
        assertThat(heard.events).isEmpty();
        assertThat(engine.stats().requestsWaiting()).isZero();
    }

    @Test
    void V1_4_theContextLengthIsRefusedByAnEventBeforeAnythingIsComputed() {
        Heard heard = new Heard();
        engine.generate(text("a".repeat(200), 57), heard);
        assertThat(failure(heard)).isEqualTo(ErrorCode.CONTEXT_LENGTH_EXCEEDED);
        Heard empty = new Heard();
        engine.generate(text("", 5), empty);
        assertThat(failure(empty)).isEqualTo(ErrorCode.EMPTY_PROMPT);
        Heard refused = new Heard();
        engine.generate(
                request(new Prompt.Chat(List.of(new ChatMessage("user", "refuse"))), SamplingParams.greedy(4), 1),
                refused);
        assertThat(failure(refused)).isEqualTo(ErrorCode.TEMPLATE_REFUSED);
        assertThat(model.rows).isZero();
    }

    @Test
    void R1_1_aRequestOverTheQueueLimitIsRefused() {
        engine.close();
        engine = engine(2);
        hold();
        List<Heard> heard = new ArrayList<>();
        int refused = 0;
        for (int i = 0; i < 8; i++) {
            try {
                Heard one = new Heard();
                engine.generate(text("hello", 3), one);
                heard.add(one);
            } catch (ServeException full) {
                assertThat(full.code()).isEqualTo(ErrorCode.QUEUE_FULL);
                refused++;
            }
        }
        assertThat(refused).isEqualTo(6);
        release();
        for (Heard one : heard) assertThat(one.await()).isInstanceOf(GenerationEvent.Completed.class);
        Heard after = new Heard();
        engine.generate(text("hello", 3), after);
        after.await();
    }

    @Test
    void aListenerThatBlocksMakesTheEngineRefuseInsteadOfPilingUp() throws InterruptedException {
        CountDownLatch unblock = new CountDownLatch(1);
        List<Heard> heard = new ArrayList<>();
        assertThatThrownBy(() -> {
                    while (true) {
                        Heard one = new Heard();
                        engine.generate(text("hello", 2), event -> {
                            try {
                                unblock.await();
                            } catch (InterruptedException interrupted) {
                                throw new IllegalStateException(interrupted);
                            }
                            one.onEvent(event);
                        });
                        heard.add(one);
                    }
                })
                .isInstanceOfSatisfying(
                        ServeException.class, full -> assertThat(full.code()).isEqualTo(ErrorCode.QUEUE_FULL));
        assertThat(heard).hasSize(16);
        unblock.countDown();
        for (Heard one : heard) assertThat(one.await()).isInstanceOf(GenerationEvent.Completed.class);
    }

    @Test
    void cancelEndsEveryChoice() throws InterruptedException {
        hold();
        CountDownLatch started = new CountDownLatch(1);
        Heard heard = new Heard();
        Generation generation =
                engine.generate(request(new Prompt.Text("hello"), SamplingParams.greedy(200), 2), event -> {
                    heard.onEvent(event);
                    started.countDown();
                });
        steps.release(3);
        assertThat(started.await(20, TimeUnit.SECONDS)).isTrue();
        generation.cancel();
        generation.cancel();
        release();
        heard.await();
        assertThat(heard.choice(0).finish).containsExactly(FinishReason.CANCELLED);
    }

    @Test
    void closingEndsEveryRequestWithAnErrorAndRefusesNewOnes() throws InterruptedException {
        hold();
        List<Heard> heard = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            heard.add(new Heard());
            engine.generate(text("hello " + i, 200), heard.getLast());
        }
        Thread closing = Thread.ofPlatform().start(engine::close);
        assertThatThrownBy(() -> {
                    while (true) { // until closing has begun
                        Heard late = new Heard();
                        engine.generate(text("hello", 5), late);
                        heard.add(late);
                    }
                })
                .isInstanceOf(ServeException.class);
        release();
        closing.join();
        for (Heard one : heard)
            if (one.await() instanceof GenerationEvent.Failed failed)
                assertThat(failed.error().code()).isEqualTo(ErrorCode.SHUTTING_DOWN);
        assertThatThrownBy(() -> engine.generate(text("hello", 5), new Heard())).hasMessageContaining("shutting down");
    }

    @Test
    void V1_3_clearingATenantForgetsItsPrefixes() {
        Heard first = new Heard();
        engine.generate(text("a".repeat(40), 2), first);
        first.await();
        assertThat(engine.clearCache("other")).isEqualTo(CacheClearing.NOTHING);
        assertThat(engine.clearCache("app")).isEqualTo(new CacheClearing(2, 0));
        assertThat(model.allZero()).isTrue();
        Heard again = new Heard();
        engine.generate(text("a".repeat(40), 2), again);
        assertThat(again.usage().cachedTokens()).isZero();
        Heard hit = new Heard();
        engine.generate(text("a".repeat(40), 2), hit);
        assertThat(hit.usage().cachedTokens()).isEqualTo(32);
    }

    @Test
    void tokenizingFromAVirtualThreadRunsOnAPlatformThread() throws InterruptedException {
        List<Object> results = new ArrayList<>();
        Thread caller = Thread.ofVirtual().start(() -> {
            results.add(engine.tokenize("abc"));
            try {
                engine.tokenize(List.of(new ChatMessage("user", "refuse")));
            } catch (ServeException refusal) {
                results.add(refusal.code());
            }
        });
        caller.join();
        assertThat(results).containsExactly(new int[] {1, 2, 3}, ErrorCode.TEMPLATE_REFUSED);
        assertThat(engine.tokenText(0)).isEqualTo("<end>");
        assertThatThrownBy(() -> engine.detokenize(new int[] {24})).hasMessageContaining("24");
    }

    /// Many callers at once: every request gets exactly one final event, and nothing is held afterwards.
    @Test
    void manyCallersAtOnceAllGetTheirOwnAnswer() throws InterruptedException {
        engine.close();
        engine = engine(2_000);
        int callers = 16;
        List<Thread> threads = new ArrayList<>();
        List<Heard> all = java.util.Collections.synchronizedList(new ArrayList<>());
        List<Throwable> failures = java.util.Collections.synchronizedList(new ArrayList<>());
        for (int c = 0; c < callers; c++) {
            SplittableRandom random = new SplittableRandom(c);
            Caller caller = new Caller("app" + c % 3, "key" + c, Optional.empty());
            threads.add(Thread.ofVirtual().start(() -> {
                try {
                    for (int i = 0; i < 40; i++) {
                        Heard heard = new Heard();
                        all.add(heard);
                        Generation generation = engine.generate(
                                new GenerationRequest(
                                        caller,
                                        new Prompt.Text("abcdefgh".repeat(random.nextInt(1, 12))),
                                        SamplingParams.greedy(random.nextInt(1, 60)),
                                        List.of(),
                                        random.nextInt(1, 3),
                                        System.nanoTime() + random.nextLong(1, 20_000_000_000L)),
                                heard);
                        if (random.nextInt(4) == 0) generation.cancel();
                        if (random.nextInt(3) == 0) heard.await();
                    }
                } catch (RuntimeException | AssertionError failure) {
                    failures.add(failure);
                }
            }));
        }
        for (Thread thread : threads) thread.join();
        assertThat(failures).isEmpty();
        for (Heard heard : all) assertThat(heard.await()).isInstanceOf(GenerationEvent.Completed.class);
        assertThat(all).hasSize(callers * 40);
    }
}
