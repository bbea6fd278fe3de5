package dev.redoubt.engine.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// Scheduler and block pool under virtual time with random traffic. A failure prints its seed;
/// `-Dredoubt.sim.seed=SEED` replays that run alone, `-Dredoubt.sim.steps=N` sets how many steps are simulated
/// in all.
final class SchedulerSimTest {
    private static final long STEPS = Long.getLong("redoubt.sim.steps", 1_000_000);
    private static final int STEPS_PER_RUN = 4_000;

    @Test
    void everyRequestEndsAndNothingLeaksUnderRandomTraffic() {
        Long replayed = Long.getLong("redoubt.sim.seed");
        if (replayed != null) {
            System.out.println(new Simulation(replayed).run(STEPS_PER_RUN));
            return;
        }
        SplittableRandom seeds = new SplittableRandom(20261122);
        Simulation.Report total = Simulation.Report.NONE;
        long start = System.nanoTime();
        while (total.steps() < STEPS) {
            long seed = seeds.nextLong() >>> 1;
            try {
                total = total.plus(new Simulation(seed).run(STEPS_PER_RUN));
            } catch (RuntimeException | AssertionError failure) {
                throw new AssertionError("simulation failed: replay with -Dredoubt.sim.seed=" + seed, failure);
            }
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        System.out.printf("%s in %.1f s (%.0f steps/s)%n", total, seconds, total.steps() / seconds);
        // The traffic must reach what it is there for.
        assertThat(total.refused()).isPositive();
        assertThat(total.cancelled()).isPositive();
        assertThat(total.expired()).isPositive();
        assertThat(total.failed()).isPositive();
        assertThat(total.preemptions()).isGreaterThan(STEPS / 200);
        assertThat(total.prefixHits()).isGreaterThan(STEPS);
        assertThat(total.fairnessWindows()).isGreaterThan(STEPS / 100);
    }

    @Test
    void oneSeedGivesOneRun() {
        assertThat(new Simulation(7).run(2_000)).isEqualTo(new Simulation(7).run(2_000));
    }
}
