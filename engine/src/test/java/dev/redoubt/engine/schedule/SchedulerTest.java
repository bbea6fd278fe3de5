package dev.redoubt.engine.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.engine.kvcache.BlockPool;
import dev.redoubt.engine.kvcache.PrefixKeys;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class SchedulerTest {
    private final PrefixKeys keys = new PrefixKeys("model", Optional.empty(), new SecureRandom());
    private long ids;

    private record World(Scheduler scheduler, BlockPool pool) {}

    private World world(int sequences, int batched, int chunk, int blocks, boolean cache) {
        BlockPool pool = new BlockPool(blocks, block -> {});
        SchedulerLimits limits = new SchedulerLimits(sequences, batched, chunk, 1024, 256);
        return new World(new Scheduler(limits, pool, cache ? keys : null), pool);
    }

    private Sequence sequence(String tenant, int prompt, int output) {
        int[] tokens = new int[prompt];
        java.util.Arrays.fill(tokens, 7);
        return new Sequence(ids++, keys.scope(tenant, "key", Optional.empty()), tokens, output, Long.MAX_VALUE, true);
    }

    /// One step with token 1 for whoever catches up; those that are full end.
    private static List<String> step(Scheduler scheduler) {
        StepPlan plan = scheduler.plan();
        List<String> text = new ArrayList<>();
        for (StepPlan.Entry entry : Simulation.entries(plan))
            text.add(entry.sequence().id() + ":" + entry.from() + "+" + entry.tokens());
        scheduler.commit(plan);
        for (StepPlan.Entry entry : Simulation.entries(plan)) {
            Sequence sequence = entry.sequence();
            if (sequence.computedTokens() < sequence.length()) continue;
            scheduler.append(sequence, 1);
            if (sequence.length() == sequence.tokensMax()) scheduler.end(sequence);
        }
        scheduler.verify();
        return text;
    }

    @Test
    void aStepMixesDecodesAndPrefillChunksUnderOneBudget() {
        World world = world(4, 20, 12, 32, false);
        world.scheduler.submit(List.of(sequence("a", 5, 9)));
        assertThat(step(world.scheduler)).containsExactly("0:0+5");
        world.scheduler.submit(List.of(sequence("a", 30, 9)));
        world.scheduler.submit(List.of(sequence("a", 30, 9)));
        assertThat(step(world.scheduler)).containsExactly("0:5+1", "1:0+12", "2:0+7");
        assertThat(step(world.scheduler)).containsExactly("0:6+1", "1:12+12", "2:7+7");
        assertThat(step(world.scheduler)).containsExactly("0:7+1", "1:24+6", "2:14+12");
        assertThat(step(world.scheduler)).containsExactly("0:8+1", "1:30+1", "2:26+4");
    }

    @Test
    void V3_6_theTenantServedLeastGoesFirstAndInsideATenantTheFirst() {
        World world = world(1, 64, 64, 32, false);
        for (int i = 0; i < 3; i++) world.scheduler.submit(List.of(sequence("a", 10, 1)));
        world.scheduler.submit(List.of(sequence("b", 20, 1)));
        world.scheduler.submit(List.of(sequence("b", 20, 1)));
        List<String> order = new ArrayList<>();
        while (!world.scheduler.alive().isEmpty()) order.addAll(step(world.scheduler));
        // a is charged 12 per request, b 22: a b a | b at 22 and a at 24 | b a
        assertThat(order).containsExactly("0:0+10", "3:0+20", "1:0+10", "4:0+20", "2:0+10");
    }

    @Test
    void V3_6_idleTimeEarnsNoCredit() {
        World world = world(1, 64, 64, 32, false);
        for (int i = 0; i < 20; i++) world.scheduler.submit(List.of(sequence("busy", 50, 1)));
        for (int i = 0; i < 10; i++) step(world.scheduler);
        for (int i = 0; i < 5; i++) world.scheduler.submit(List.of(sequence("late", 50, 1)));
        List<String> order = new ArrayList<>();
        for (int i = 0; i < 6; i++) order.addAll(step(world.scheduler));
        // Alternates from now on; without the lift "late" (20 to 24) would run five times in a row.
        assertThat(order).containsExactly("10:0+50", "20:0+50", "11:0+50", "21:0+50", "12:0+50", "22:0+50");
    }

    /// One tenant floods with long prompts, one asks for long answers; both always have something waiting.
    @Test
    void V3_6_backloggedTenantsGetTheSameServiceWithinTheBound() {
        SchedulerLimits limits = new SchedulerLimits(6, 64, 32, 256, 100);
        Scheduler scheduler = new Scheduler(limits, new BlockPool(40, block -> {}), null);
        long bound = limits.fairnessBound();
        assertThat(bound).isEqualTo(2 * (256 + 2 * 6 * 100));
        for (int i = 0; i < 20_000; i++) {
            while (waiting(scheduler, "prompts") < 8) scheduler.submit(List.of(sequence("prompts", 150, 1)));
            while (waiting(scheduler, "answers") < 8) scheduler.submit(List.of(sequence("answers", 4, 100)));
            assertThat(scheduler.isBacklogged("prompts") && scheduler.isBacklogged("answers"))
                    .isTrue();
            step(scheduler);
            long difference = Math.abs(scheduler.counter("prompts") - scheduler.counter("answers"));
            assertThat(difference).isLessThanOrEqualTo(bound / 2);
        }
        assertThat(scheduler.counter("prompts")).isGreaterThan(50 * bound);
        assertThat(scheduler.spreadMax()).isPositive().isLessThanOrEqualTo(bound / 2);
    }

    private static long waiting(Scheduler scheduler, String tenant) {
        return scheduler.alive().stream()
                .filter(sequence -> sequence.tenant().equals(tenant) && sequence.state() == Sequence.State.WAITING)
                .count();
    }

    @Test
    void aHeadThatDoesNotFitIsNotPassed() {
        World world = world(4, 64, 64, 4, false);
        world.scheduler.submit(List.of(sequence("a", 40, 8)));
        world.scheduler.submit(List.of(sequence("b", 40, 8)));
        world.scheduler.submit(List.of(sequence("b", 1, 8)));
        assertThat(step(world.scheduler)).containsExactly("0:0+40");
        assertThat(step(world.scheduler)).containsExactly("0:40+1");
    }

    @Test
    void whoCanNeverFitIsRefusedAtEntry() {
        World world = world(4, 64, 64, 4, false);
        assertThat(world.scheduler.submit(List.of(sequence("a", 40, 25)))).isEqualTo(new Submission.Refused(5, 4));
        assertThat(world.scheduler.submit(List.of(sequence("a", 40, 24)))).isEqualTo(new Submission.Queued());
        assertThat(world.scheduler.alive()).hasSize(1);
    }

    @Test
    void theVictimKeepsItsOutputAndComputesAgain() {
        World world = world(4, 64, 64, 4, false);
        Sequence first = sequence("a", 30, 20);
        Sequence second = sequence("a", 30, 20);
        world.scheduler.submit(List.of(first));
        world.scheduler.submit(List.of(second));
        for (int i = 0; i < 3; i++) step(world.scheduler);
        assertThat(second.outputTokens()).isEqualTo(3);
        List<String> planned = step(world.scheduler); // both need a third block, none is free
        assertThat(planned).containsExactly("0:32+1");
        assertThat(second.state()).isEqualTo(Sequence.State.WAITING);
        assertThat(second.outputTokens()).isEqualTo(3);
        assertThat(second.table().count()).isZero();
        assertThat(world.scheduler.preemptions()).isEqualTo(1);
        while (second.state() != Sequence.State.ENDED) step(world.scheduler);
        assertThat(second.outputTokens()).isEqualTo(20);
        assertThat(world.scheduler.counter("a")).isEqualTo(2 * (30 + 2 * 20)); // computing again is not charged
    }

    @Test
    void thePrefixCacheGivesFullBlocksUpToTheLastTokenButOne() {
        World world = world(4, 64, 64, 32, true);
        Sequence first = sequence("a", 32, 1);
        world.scheduler.submit(List.of(first));
        step(world.scheduler);
        Sequence same = sequence("a", 32, 1); // both blocks are cached, the last token is computed all the same
        Sequence longer = sequence("a", 40, 1);
        Sequence foreign = sequence("b", 32, 1);
        for (Sequence next : List.of(same, longer, foreign)) world.scheduler.submit(List.of(next));
        assertThat(step(world.scheduler)).containsExactly("1:16+16", "3:0+32", "2:32+8");
        assertThat(same.cachedTokens()).isEqualTo(16);
        assertThat(longer.cachedTokens()).isEqualTo(32);
        assertThat(foreign.cachedTokens()).isZero();
        assertThat(world.scheduler.prefixHits()).isEqualTo(48);
    }

    @Test
    void choicesOfOneRequestComputeTheSharedPromptOnce() {
        World world = world(4, 64, 32, 32, true);
        world.scheduler.submit(List.of(sequence("a", 50, 4), sequence("a", 50, 4), sequence("a", 50, 4)));
        assertThat(step(world.scheduler)).containsExactly("0:0+32");
        assertThat(step(world.scheduler)).containsExactly("0:32+18");
        assertThat(step(world.scheduler)).containsExactly("0:50+1", "1:48+2", "2:48+2");
    }

    @Test
    void R1_3_cancelAndDeadlineFreeTheBlocksAtOnce() {
        World world = world(4, 64, 64, 8, false);
        Sequence cancelled = sequence("a", 30, 20);
        Sequence expiring = new Sequence(99, keys.scope("a", "key", Optional.empty()), new int[40], 4, 1_000, true);
        world.scheduler.submit(List.of(cancelled));
        world.scheduler.submit(List.of(expiring));
        step(world.scheduler);
        assertThat(world.pool.freeBlocks()).isEqualTo(3);
        world.scheduler.end(cancelled);
        assertThat(world.pool.freeBlocks()).isEqualTo(5);
        assertThat(world.scheduler.expire(999)).isEmpty();
        assertThat(world.scheduler.expire(1_000)).containsExactly(expiring);
        assertThat(world.pool.freeBlocks()).isEqualTo(8);
        assertThat(world.scheduler.plan().isEmpty()).isTrue();
        world.scheduler.verify();
    }
}
