package dev.redoubt.engine.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.engine.kvcache.BlockPool;
import dev.redoubt.engine.kvcache.PrefixKeys;
import java.security.SecureRandom;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// The real scheduler against a machine of which a decode costs so much and a prefill token so much.
final class StepPaceTest {
    private static final long MILLISECOND = 1_000_000;
    private final PrefixKeys keys = new PrefixKeys("model", new SecureRandom());
    private final Scheduler scheduler = new Scheduler(
            new SchedulerLimits(8, 1024, 512, 16_384, 4096), new BlockPool(4096, 4096, block -> {}), null, null);
    private StepPace pace = new StepPace(512);
    private long ids;

    private void submit(int prompt, int output) {
        scheduler.submit(List.of(new Sequence(
                ids++, keys.scope("a", "key", Optional.empty()), new int[prompt], output, Long.MAX_VALUE, true)));
    }

    /// One step; what it takes is (decodes · decode + prefill · token) and a tenth more or less.
    private long step(long decode, long token, SplittableRandom noise) {
        StepPlan plan = scheduler.plan(pace.prefillTokens());
        int prefill = plan.tokens() - plan.decodes();
        long nanos = (long) ((plan.decodes() * decode + prefill * token) * noise.nextDouble(0.9, 1.1));
        boolean beside = plan.decodes() > 0 && prefill > 0;
        pace.ran(plan, nanos);
        scheduler.commit(plan);
        for (Sequence sequence : List.copyOf(scheduler.alive())) {
            if (sequence.computedTokens() < sequence.length()) continue;
            scheduler.append(sequence, 1);
            if (sequence.length() == sequence.tokensMax()) scheduler.end(sequence);
        }
        return beside ? nanos : 0;
    }

    @Test
    void aStepWithPrefillLastsAsLongAsTheGapMay() {
        for (long token : new long[] {MILLISECOND / 10, MILLISECOND / 2, 3 * MILLISECOND}) {
            SplittableRandom noise = new SplittableRandom(token);
            pace = new StepPace(512);
            submit(64, 2000);
            for (int i = 0; i < 10; i++) step(5 * MILLISECOND, token, noise);
            submit(8000, 1);
            int steps = 0;
            long longest = 0;
            for (long nanos; (nanos = step(5 * MILLISECOND, token, noise)) > 0; steps++)
                longest = Math.max(longest, nanos);
            assertThat(longest).isLessThan((long) (1.25 * StepPace.TARGET_NANOS));
            long least = 8000 * token / StepPace.TARGET_NANOS;
            assertThat((long) steps).isBetween(Math.max(least, 8000 / 512), 2 * Math.max(least, 8000 / 512));
            List.copyOf(scheduler.alive()).forEach(scheduler::end);
        }
    }

    @Test
    void aSlowMachineStillGetsOn() {
        SplittableRandom noise = new SplittableRandom(1);
        submit(64, 500);
        for (int i = 0; i < 4; i++) step(400 * MILLISECOND, 50 * MILLISECOND, noise);
        assertThat(pace.prefillTokens()).isEqualTo(16);
        assertThat(new StepPace(4).prefillTokens()).isEqualTo(4);
    }
}
