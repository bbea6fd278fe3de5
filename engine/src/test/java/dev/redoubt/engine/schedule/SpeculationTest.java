package dev.redoubt.engine.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.engine.kvcache.BlockPool;
import dev.redoubt.engine.kvcache.PrefixKeys;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class SpeculationTest {
    private final PrefixKeys keys = new PrefixKeys("model", new SecureRandom());

    private Sequence sequence(int output, int... prompt) {
        Sequence sequence =
                new Sequence(1, keys.scope("a", "key", Optional.empty()), prompt, output, Sequence.NO_DEADLINE, true);
        sequence.allowDrafts();
        return sequence;
    }

    private static List<Integer> guess(Sequence sequence, int most) {
        int[] draft = new int[8];
        int count = new NgramDrafter().draft(sequence, most, draft);
        return Arrays.stream(draft, 0, count).boxed().toList();
    }

    @Test
    void whatFollowedTheLongestMatchIsGuessed() {
        Sequence text = sequence(9, 5, 1, 2, 3, 40, 41, 9, 1, 2, 3, 50, 51, 7, 5, 1, 2, 3);
        assertThat(guess(text, 2)).containsExactly(40, 41); // 5 1 2 3 is longer than the later 1 2 3
        assertThat(guess(sequence(9, 1, 2, 3, 40, 1, 2, 3, 50, 1, 2, 3), 3)).containsExactly(50, 1, 2);
        assertThat(guess(sequence(9, 7, 1, 2, 40, 8, 1, 2), 3)).isEmpty(); // two are too few
        assertThat(guess(sequence(9, 1), 3)).isEmpty();
    }

    @Test
    void whatRepeatsItselfIsGuessedToGoOn() {
        assertThat(guess(sequence(9, 4, 4, 4, 4), 5)).containsExactly(4, 4, 4, 4, 4);
        assertThat(guess(sequence(9, 1, 2, 1, 2, 1, 2), 5)).containsExactly(1, 2, 1, 2, 1);
    }

    /// One step: the model says what `next` says after each position.
    private static int step(Scheduler scheduler, StepPace pace, Sequence sequence, int[] next, long nanos) {
        StepPlan plan = scheduler.plan(64);
        pace.ran(plan, nanos);
        int from = sequence.length();
        int rows = 1 + plan.entry(0).drafted();
        scheduler.commit(plan);
        for (int i = 0; i < rows && sequence.state() == Sequence.State.RUNNING; i++) {
            if (!sequence.hasCaughtUp()) break;
            scheduler.append(sequence, next[sequence.length() % next.length]);
            if (sequence.length() == sequence.tokensMax()) scheduler.end(sequence);
        }
        scheduler.verify();
        return sequence.length() - from;
    }

    @Test
    void rightGuessesAreManyTokensInAStepAndNeverBeyondTheLast() {
        StepPace pace = new StepPace(64);
        Speculation speculation = new Speculation(new NgramDrafter(), pace);
        Scheduler scheduler = new Scheduler(
                new SchedulerLimits(2, 64, 64, 256, 128), new BlockPool(16, 16, block -> {}), keys, speculation);
        int[] song = {11, 12, 13, 14, 15};
        Sequence sequence = sequence(100, 11, 12, 13, 14, 15, 11, 12, 13, 14, 15);
        scheduler.submit(List.of(sequence));
        int steps = 0;
        for (; sequence.state() != Sequence.State.ENDED; steps++) step(scheduler, pace, sequence, song, 1_000_000);
        assertThat(sequence.outputTokens()).isEqualTo(100);
        for (int i = 0; i < sequence.length(); i++)
            assertThat(sequence.token(i)).isEqualTo(song[i % 5]);
        assertThat(steps).isLessThan(40);
        assertThat(speculation.acceptedTokens())
                .isEqualTo(speculation.draftedTokens())
                .isEqualTo(100 - steps);
    }

    @Test
    void wrongGuessesEndAndTextThatStartsToRepeatIsNoticed() {
        StepPace pace = new StepPace(64);
        int[] wrong = {0};
        Speculation speculation = new Speculation(
                (sequence, most, draft) -> {
                    Arrays.fill(draft, 0, most, wrong[0] > 0 ? 99 : 7);
                    return most;
                },
                pace);
        Scheduler scheduler = new Scheduler(
                new SchedulerLimits(2, 64, 64, 8192, 8000), new BlockPool(512, 512, block -> {}), null, speculation);
        Sequence sequence = sequence(7000, 7, 7, 7);
        scheduler.submit(List.of(sequence));
        wrong[0] = 1;
        for (int i = 0; i < 500; i++)
            assertThat(step(scheduler, pace, sequence, new int[] {7}, 1_000_000))
                    .isEqualTo(1);
        assertThat(speculation.drafts()).isBetween(5L, 100L);
        long before = speculation.draftedTokens();
        for (int i = 0; i < 500; i++) step(scheduler, pace, sequence, new int[] {7}, 1_000_000);
        assertThat(speculation.draftedTokens() - before)
                .as("rows wasted on 500 tokens")
                .isLessThan(60);
        wrong[0] = 0;
        for (int i = 0; i < 300; i++) step(scheduler, pace, sequence, new int[] {7}, 1_000_000);
        assertThat(speculation.acceptedTokens()).isGreaterThan(500);
    }
}
