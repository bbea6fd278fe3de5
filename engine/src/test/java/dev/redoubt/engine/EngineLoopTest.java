package dev.redoubt.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.generation.Caller;
import dev.redoubt.base.generation.FinishReason;
import dev.redoubt.base.generation.GenerationEvent;
import dev.redoubt.base.generation.SamplingParams;
import dev.redoubt.engine.lora.AdapterRows;
import dev.redoubt.engine.schedule.SchedulerLimits;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class EngineLoopTest {
    private static final Caller ALICE = new Caller("app", "alice", Optional.empty());
    private static final Caller BOB = new Caller("app", "bob", Optional.empty());
    private static final int[] PROMPT = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4};

    private final Harness<FakeModel> harness = Harness.fake(new SchedulerLimits(4, 64, 16, 128, 64), 32, true);
    private final Heard heard = new Heard();

    private static SamplingParams params(int maxTokens, List<String> stop, Set<Integer> stopIds, boolean ignoreEos) {
        return params(maxTokens, 0, stop, stopIds, ignoreEos, OptionalInt.empty());
    }

    private static SamplingParams params(
            int maxTokens,
            int minTokens,
            List<String> stop,
            Set<Integer> stopIds,
            boolean ignoreEos,
            OptionalInt prompt) {
        return new SamplingParams(
                0,
                1,
                0,
                0,
                0,
                0,
                1,
                Map.of(),
                OptionalLong.of(1),
                maxTokens,
                false,
                minTokens,
                stop,
                stopIds,
                ignoreEos,
                OptionalInt.of(0),
                prompt);
    }

    /// What the fake model says to the prompt when nothing stops it.
    private List<Integer> freely(int tokens) {
        Heard all = new Heard();
        Harness<FakeModel> own = Harness.fake(new SchedulerLimits(4, 64, 64, 128, 64), 32, false);
        own.submit(ALICE, PROMPT, params(tokens, List.of(), Set.of(), true), 1, all);
        own.stepUntilIdle();
        return all.choice(0).ids;
    }

    @Test
    void eventsComeInOrderAndUsageIsFilled() {
        harness.clock.advance(Duration.ofMillis(5));
        LiveRequest request = harness.submit(ALICE, PROMPT, params(4, List.of(), Set.of(), true), 1, heard);
        harness.clock.advance(Duration.ofMillis(7));
        harness.step();
        assertThat(heard.events).isEmpty(); // 16 of 20 prompt tokens
        harness.clock.advance(Duration.ofMillis(1));
        harness.stepUntilIdle();
        harness.clock.advance(Duration.ofMillis(1));
        assertThat(heard.events.getFirst()).isEqualTo(new GenerationEvent.Started(20, 0, List.of()));
        assertThat(heard.choice(0).ids).hasSize(4);
        assertThat(heard.choice(0).text.toString()).isEqualTo(new FakeText().decode(ids(heard)));
        assertThat(heard.choice(0).finish).containsExactly(FinishReason.LENGTH);
        assertThat(heard.usage().promptTokens()).isEqualTo(20);
        assertThat(heard.usage().completionTokens()).isEqualTo(4);
        assertThat(heard.usage().queueNanos()).isEqualTo(7_000_000);
        assertThat(heard.usage().firstTokenNanos()).isEqualTo(8_000_000);
        assertThat(heard.usage().totalNanos()).isEqualTo(8_000_000);
        assertThat(request.closed).isTrue();
    }

    @Test
    void aStopTokenEndsTheTextCountsAndIsNotShown() {
        List<Integer> ids = freely(10);
        int stop = ids.get(6);
        int first = ids.indexOf(stop);
        harness.submit(ALICE, PROMPT, params(10, List.of(), Set.of(stop), true), 1, heard);
        harness.stepUntilIdle();
        assertThat(heard.choice(0).ids).isEqualTo(ids.subList(0, first + 1));
        assertThat(heard.choice(0).text.toString()).hasSize(first);
        assertThat(heard.choice(0).finish).containsExactly(FinishReason.STOP);
    }

    @Test
    void minTokensComeBeforeAnyStop() {
        List<Integer> ids = freely(10);
        harness.submit(ALICE, PROMPT, params(10, 5, List.of(), Set.copyOf(ids), true, OptionalInt.empty()), 1, heard);
        harness.stepUntilIdle();
        assertThat(heard.choice(0).ids).isEqualTo(ids.subList(0, 5));
    }

    @Test
    void aStopStringCutsTheTextAndStopsTheSequence() {
        List<Integer> ids = freely(30);
        String text =
                new FakeText().decode(ids.stream().mapToInt(Integer::intValue).toArray());
        String stop = text.substring(7, 10);
        int at = text.indexOf(stop);
        harness.submit(ALICE, PROMPT, params(30, List.of(stop), Set.of(), true), 1, heard);
        harness.stepUntilIdle();
        assertThat(heard.choice(0).text.toString()).isEqualTo(text.substring(0, at));
        assertThat(heard.choice(0).ids).isEqualTo(ids.subList(0, at + 3));
        assertThat(heard.choice(0).finish).containsExactly(FinishReason.STOP);
        assertThat(heard.usage().completionTokens()).isEqualTo(at + 3);
        assertThat(harness.model.rows).isLessThan(20 + 30);
    }

    @Test
    void promptLogprobsComeOnceForEveryTokenButTheFirst() {
        harness.submit(ALICE, PROMPT, params(2, List.of(), Set.of(), true), 1, new Heard());
        harness.stepUntilIdle(); // the prompt's first block is cached now
        harness.submit(ALICE, PROMPT, params(2, 0, List.of(), Set.of(), true, OptionalInt.of(0)), 2, heard);
        harness.stepUntilIdle();
        assertThat(heard.promptLogprobs).hasSize(19);
        for (int i = 0; i < 19; i++)
            assertThat(heard.promptLogprobs.get(i).tokenId()).isEqualTo(PROMPT[i + 1]);
        assertThat(heard.usage().cachedTokens()).isZero();
    }

    @Test
    void R1_3_cancelFreesTheBlocksInTheNextStep() {
        LiveRequest request = harness.submit(ALICE, PROMPT, params(60, List.of(), Set.of(), true), 2, heard);
        for (int i = 0; i < 5; i++) harness.step();
        harness.loop.cancel(request);
        harness.step();
        assertThat(harness.pool.freeBlocks()).isEqualTo(32);
        assertThat(heard.choice(0).finish).containsExactly(FinishReason.CANCELLED);
        assertThat(heard.choice(1).finish).containsExactly(FinishReason.CANCELLED);
        assertThat(heard.ended()).isTrue();
        harness.loop.cancel(request);
        harness.step();
    }

    @Test
    void R1_3_theDeadlineFreesTheBlocksInTheStepThatSeesIt() {
        harness.submit(ALICE, PROMPT, params(60, List.of(), Set.of(), true), 1, 1_000_000, heard);
        for (int i = 0; i < 5; i++) harness.step();
        assertThat(harness.pool.freeBlocks()).isLessThan(32);
        harness.clock.advance(Duration.ofMillis(1));
        harness.step();
        assertThat(harness.pool.freeBlocks()).isEqualTo(32);
        assertThat(heard.choice(0).finish).containsExactly(FinishReason.DEADLINE);
        assertThat(heard.usage().completionTokens()).isPositive();
    }

    @Test
    void aFaultOfTheSamplerEndsThatRequestAlone() {
        Heard neighbour = new Heard();
        harness.model.failingSeed = 1;
        harness.submit(ALICE, PROMPT, params(8, List.of(), Set.of(), true), 1, heard);
        harness.submit(BOB, PROMPT, SamplingParams.greedy(8), 1, neighbour);
        harness.stepUntilIdle();
        assertThat(failure(heard)).isEqualTo(ErrorCode.INTERNAL);
        assertThat(neighbour.await()).isInstanceOf(GenerationEvent.Completed.class);
    }

    @Test
    void V1_3_aFailedStepEndsItsRequestsZeroesTheirBlocksAndTheLoopGoesOn() {
        Heard neighbour = new Heard();
        harness.submit(ALICE, PROMPT, params(30, List.of(), Set.of(), true), 2, heard);
        harness.submit(BOB, PROMPT, SamplingParams.greedy(8), 1, neighbour);
        for (int i = 0; i < 3; i++) harness.step();
        harness.model.failures = 1;
        harness.step();
        assertThat(failure(heard)).isEqualTo(ErrorCode.INTERNAL);
        assertThat(failure(neighbour)).isEqualTo(ErrorCode.INTERNAL);
        assertThat(harness.model.allZero()).isTrue();
        Heard next = new Heard();
        harness.submit(BOB, PROMPT, SamplingParams.greedy(8), 1, next);
        harness.stepUntilIdle();
        assertThat(next.await()).isInstanceOf(GenerationEvent.Completed.class);
    }

    @Test
    void aListenerThatThrowsLosesItsRequestAndNothingElse() {
        Heard neighbour = new Heard();
        harness.submit(BOB, PROMPT, params(20, List.of(), Set.of(), true), 1, neighbour);
        int[] heardBefore = {0};
        LiveRequest broken = new LiveRequest(
                7,
                ALICE,
                params(20, List.of(), Set.of(), true),
                List.of(),
                1,
                AdapterRows.NONE,
                0,
                Long.MAX_VALUE,
                event -> {
                    heardBefore[0]++;
                    throw new IllegalStateException("broken listener");
                });
        harness.submit(broken, PROMPT);
        harness.stepUntilIdle();
        assertThat(heardBefore[0]).isEqualTo(2); // the first event, and the one that tells of the fault
        assertThat(neighbour.choice(0).ids).hasSize(20);
        assertThat(harness.pool.freeBlocks()).isEqualTo(32);
    }

    @Test
    void whoCanNeverFitHearsItBeforeAnythingIsComputed() {
        Harness<FakeModel> small = Harness.fake(new SchedulerLimits(4, 64, 16, 128, 64), 3, true);
        small.submit(ALICE, PROMPT, SamplingParams.greedy(40), 1, heard);
        small.step();
        assertThat(failure(heard)).isEqualTo(ErrorCode.KV_CACHE_TOO_SMALL);
        assertThat(small.model.rows).isZero();
    }

    @Test
    void aCancelBeforeTheSubmissionIsNotLost() {
        LiveRequest request = harness.submit(ALICE, PROMPT, SamplingParams.greedy(9), 1, heard);
        request.cancelled.set(true);
        harness.step();
        assertThat(heard.choice(0).finish).containsExactly(FinishReason.CANCELLED);
        assertThat(harness.model.rows).isZero();
    }

    private static ErrorCode failure(Heard heard) {
        return ((GenerationEvent.Failed) heard.await()).error().code();
    }

    private static int[] ids(Heard heard) {
        return heard.choice(0).ids.stream().mapToInt(Integer::intValue).toArray();
    }
}
