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
    private final PrefixKeys keys = new PrefixKeys("model", new SecureRandom());
    private long ids;

    private record World(Scheduler scheduler, BlockPool pool) {}

    private World world(int sequences, int batched, int chunk, int blocks, boolean cache) {
        BlockPool pool = new BlockPool(blocks, blocks, block -> {});
        SchedulerLimits limits = new SchedulerLimits(sequences, batched, chunk, 1024, 256);
        return new World(new Scheduler(limits, pool, cache ? keys : null, null), pool);
    }

    private Sequence sequence(String tenant, int prompt, int output) {
        int[] tokens = new int[prompt];
        java.util.Arrays.fill(tokens, 7);
        return new Sequence(ids++, keys.scope(tenant, "key", Optional.empty()), tokens, output, Long.MAX_VALUE, true);
    }

    /// A prompt whose first `common` tokens are those of [#sequence]'s.
    private Sequence beginning(String tenant, int prompt, int common) {
        Sequence like = sequence(tenant, prompt, 4);
        for (int i = common; i < prompt; i++) like.tokens()[i] = 100 + (int) like.id();
        return like;
    }

    /// One step with token 1 for whoever catches up; those that are full end.
    private static List<String> step(Scheduler scheduler) {
        return step(scheduler, Integer.MAX_VALUE);
    }

    private static List<String> step(Scheduler scheduler, int prefillBesideDecodes) {
        StepPlan plan = scheduler.plan(prefillBesideDecodes);
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
        World world = world(4, 20, 18, 32, false);
        world.scheduler.submit(List.of(sequence("a", 5, 9)));
        assertThat(step(world.scheduler)).containsExactly("0:0+5");
        world.scheduler.submit(List.of(sequence("a", 30, 9)));
        world.scheduler.submit(List.of(sequence("a", 30, 9)));
        assertThat(step(world.scheduler)).containsExactly("0:5+1", "1:0+18");
        assertThat(step(world.scheduler, 12)).containsExactly("0:6+1", "1:18+12");
        assertThat(step(world.scheduler, 12)).containsExactly("0:7+1", "1:30+1", "2:0+12");
        assertThat(step(world.scheduler)).containsExactly("0:8+1", "1:31+1", "2:12+18");
        assertThat(step(world.scheduler)).containsExactly("0:9+1", "1:32+1", "2:30+1");
    }

    @Test
    void V2_3_aStepIsBoundedInTokensAndSequences() {
        World world = world(4, 20, 20, 64, false);
        for (int i = 0; i < 6; i++) world.scheduler.submit(List.of(sequence("a", 5, 9)));
        assertThat(step(world.scheduler)).containsExactly("0:0+5", "1:0+5", "2:0+5", "3:0+5"); // all of both
        World narrow = world(4, 19, 19, 64, false);
        for (int i = 6; i < 10; i++) narrow.scheduler.submit(List.of(sequence("a", 5, 9)));
        assertThat(step(narrow.scheduler)).containsExactly("6:0+5", "7:0+5", "8:0+5", "9:0+4");
    }

    @Test
    void decodesComeBeforePrefillsThatWereAdmittedEarlier() {
        World world = world(4, 8, 8, 32, false);
        world.scheduler.submit(List.of(sequence("a", 30, 9)));
        assertThat(step(world.scheduler)).containsExactly("0:0+8");
        world.scheduler.submit(List.of(sequence("a", 1, 9)));
        world.scheduler.submit(List.of(sequence("a", 20, 9)));
        assertThat(step(world.scheduler)).containsExactly("0:8+8"); // the budget is spent
        assertThat(step(world.scheduler)).containsExactly("0:16+8");
        assertThat(step(world.scheduler)).containsExactly("0:24+6", "1:0+1", "2:0+1");
        assertThat(step(world.scheduler)).containsExactly("0:30+1", "1:1+1", "2:1+6");
        assertThat(step(world.scheduler, 3)).containsExactly("0:31+1", "1:2+1", "2:7+3");
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
        Scheduler scheduler = new Scheduler(limits, new BlockPool(40, 40, block -> {}), null, null);
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
        assertThat(world.scheduler.waiting()).isZero();
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
    void whatSeveralRequestsBeginWithIsComputedOnce() {
        World world = world(8, 128, 120, 32, true);
        for (int i = 0; i < 3; i++) world.scheduler.submit(List.of(beginning("a", 70, 50 + i)));
        world.scheduler.submit(List.of(sequence("b", 20, 4))); // another scope waits for nobody
        assertThat(step(world.scheduler)).containsExactly("0:0+70", "3:0+20");
        assertThat(world.scheduler.alive())
                .extracting(Sequence::state)
                .containsExactly(
                        Sequence.State.RUNNING, Sequence.State.HELD, Sequence.State.HELD, Sequence.State.RUNNING);
        assertThat(world.scheduler.waiting()).isEqualTo(2);
        // 50, 51 and 52 common tokens: three blocks are of use to all, and are there
        assertThat(step(world.scheduler)).containsExactly("0:70+1", "3:20+1", "1:48+22", "2:48+22");
        assertThat(world.scheduler.prefixHits()).isEqualTo(96);
    }

    @Test
    void whoeverIsHeldGoesOnWhenTheOtherEnds() {
        for (boolean fault : new boolean[] {false, true}) {
            World world = world(8, 128, 120, 32, true);
            List<Sequence> all = List.of(sequence("a", 70, 4), sequence("a", 70, 4), sequence("a", 70, 4));
            for (Sequence each : all) world.scheduler.submit(List.of(each));
            StepPlan plan = world.scheduler.plan(64);
            assertThat(plan.tokens()).isEqualTo(70);
            assertThat(List.of(all.get(1).state(), all.get(2).state())).containsOnly(Sequence.State.HELD);
            world.scheduler.end(all.get(1));
            if (fault) world.scheduler.discard(all.get(0));
            else world.scheduler.end(all.get(0));
            world.scheduler.commit(plan);
            world.scheduler.verify();
            assertThat(step(world.scheduler)).containsExactly(all.get(2).id() + ":0+70");
            while (!world.scheduler.alive().isEmpty()) step(world.scheduler);
            assertThat(all.get(2).outputTokens()).isEqualTo(4);
            assertThat(all.get(1).state()).isEqualTo(Sequence.State.ENDED);
        }
    }

    @Test
    void promptLogprobsAreComputedAndOthersWaitForThem() {
        World world = world(8, 128, 120, 32, true);
        Sequence reads = sequence("a", 40, 1);
        Sequence own = new Sequence(9, reads.scope(), reads.tokens().clone(), 1, Long.MAX_VALUE, false);
        world.scheduler.submit(List.of(own));
        world.scheduler.submit(List.of(reads));
        assertThat(step(world.scheduler)).containsExactly("9:0+40");
        Sequence again = new Sequence(10, reads.scope(), reads.tokens().clone(), 1, Long.MAX_VALUE, false);
        world.scheduler.submit(List.of(again));
        assertThat(step(world.scheduler)).containsExactly(reads.id() + ":32+8", "10:0+40");
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
        assertThat(world.scheduler.plan(1).isEmpty()).isTrue();
        world.scheduler.verify();
    }
}
