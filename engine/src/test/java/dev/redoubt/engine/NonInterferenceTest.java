package dev.redoubt.engine;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/// RULES V3.2 as far as scheduling decides it, on a model that shows every wrong slot.
final class NonInterferenceTest {
    @Test
    void V3_2_tokensAreTheSameAloneAndUnderAnySchedule() {
        RandomSchedules schedules = new RandomSchedules(Harness::fake, FakeModel.VOCABULARY);
        schedules.run(42, 600);
        assertThat(schedules.preempted()).as("schedules that preempted").isGreaterThan(50);
        assertThat(schedules.accepted()).as("guesses that were right").isGreaterThan(2_000);
        assertThat(schedules.drafted()).as("guesses that were wrong").isGreaterThan(schedules.accepted() + 2_000);
        assertThat(schedules.cached()).as("targets with a prefix hit").isGreaterThan(50);
    }
}
