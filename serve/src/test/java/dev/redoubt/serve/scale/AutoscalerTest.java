package dev.redoubt.serve.scale;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.serve.spec.Autoscaling;
import dev.redoubt.serve.spec.Resources;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/// In virtual time, a look every 100 ms unless it says otherwise.
final class AutoscalerTest {
    private static final Duration TICK = Duration.ofMillis(100);
    private static final int PLENTY = 100;

    private Autoscaler autoscaler = new Autoscaler(Autoscaling.between(1, 10));
    private final OngoingPolicy policy = new OngoingPolicy();
    private long now;
    private double ongoingSeconds;
    private int replicas = 1;

    @Test
    void R2_1_neverMoreThanTheMaximum() {
        run(Duration.ofMinutes(10), 100_000, TICK, PLENTY);
        assertThat(replicas).isEqualTo(10);
    }

    @Test
    void R2_2_neverMoreThanThereIsRoomForAsOfEachDecision() {
        run(Duration.ofMinutes(2), 100_000, TICK, 6);
        assertThat(replicas).isEqualTo(6);
        run(TICK, 100_000, TICK, 4); // others have come: at once
        assertThat(replicas).isEqualTo(4);
    }

    @Test
    void R2_2_roomIsTheTightestOfCpuMemoryAndGpu() {
        Holding share = Holding.shareOf(new Resources(10, 10L << 30, 1));
        assertThat(share.times(Resources.of(1, 1 << 20))).isEqualTo(8);
        assertThat(share.times(Resources.of(0.1, 2L << 30))).isEqualTo(4);
        assertThat(share.times(new Resources(0.1, 1 << 20, 0.3))).isEqualTo(2);
        assertThat(share.minus(Holding.of(Resources.of(9, 1), 1)).times(Resources.of(1, 1)))
                .isZero();
        assertThat(Holding.shareOf(new Resources(1, 1 << 30, 0)).times(Resources.of(0.1, 1)))
                .isEqualTo(8);
    }

    @Test
    void R2_3_upscalingWaitsThirtySeconds() {
        run(Duration.ofSeconds(29), 50, TICK, PLENTY);
        assertThat(replicas).isEqualTo(1);
        run(Duration.ofSeconds(2), 50, TICK, PLENTY);
        assertThat(replicas).isEqualTo(5);
    }

    @Test
    void R2_3_delaysGoByTheClockAndNotByHowOftenSomebodyLooks() {
        run(Duration.ofSeconds(28), 50, Duration.ofSeconds(7), PLENTY);
        assertThat(replicas).isEqualTo(1);
        run(Duration.ofSeconds(14), 50, Duration.ofSeconds(7), PLENTY);
        assertThat(replicas).isEqualTo(5);
    }

    @Test
    void R2_3_downscalingWaitsItsDelayAndGoesByTheMean() {
        replicas = 5;
        run(Duration.ofSeconds(595), 10, TICK, PLENTY);
        assertThat(replicas).isEqualTo(5);
        run(Duration.ofSeconds(40), 10, TICK, PLENTY);
        assertThat(replicas).isEqualTo(1);
    }

    @Test
    void R2_3_fromZeroTheFirstIsWokenAtOnce() {
        autoscaler = new Autoscaler(Autoscaling.between(0, 10));
        replicas = 0;
        run(Duration.ofMinutes(1), 0, TICK, PLENTY);
        assertThat(replicas).isZero();
        run(TICK, 1, TICK, PLENTY);
        assertThat(replicas).isEqualTo(1);
    }

    @Test
    void aWishInTheOtherDirectionBeginsAnew() {
        replicas = 5;
        run(Duration.ofMinutes(1), 50, TICK, PLENTY); // as it should be
        for (int i = 0; i < 10; i++) { // the mean crosses the target before 30 s are over
            run(Duration.ofSeconds(15), 80, TICK, PLENTY);
            run(Duration.ofSeconds(15), 0, TICK, PLENTY);
        }
        assertThat(replicas).isEqualTo(5);
    }

    @Test
    void aShortPeakIsAveragedAway() {
        run(Duration.ofSeconds(60), 5, TICK, PLENTY);
        run(Duration.ofSeconds(3), 40, TICK, PLENTY);
        run(Duration.ofSeconds(60), 5, TICK, PLENTY);
        assertThat(replicas).isEqualTo(1);
    }

    @Test
    void onlyTheLastReplicaReachesZero() {
        autoscaler = new Autoscaler(Autoscaling.between(0, 10));
        replicas = 4;
        run(Duration.ofSeconds(601), 0, TICK, PLENTY);
        assertThat(replicas).isEqualTo(1);
        run(Duration.ofSeconds(601), 0, TICK, PLENTY);
        assertThat(replicas).isZero();
    }

    @Test
    void theLastReplicaStaysWhileACallIsInProgress() {
        autoscaler = new Autoscaler(Autoscaling.between(0, 10));
        run(Duration.ofMinutes(30), 1, TICK, PLENTY);
        assertThat(replicas).isEqualTo(1);
    }

    @Test
    void aFactorTakesAPartOfTheWay() {
        assertThat(policy.desired(context(10, 300, 0.5, 1))).isEqualTo(20);
        assertThat(policy.desired(context(10, 0, 1, 0.5))).isEqualTo(5);
        assertThat(policy.desired(context(2, 10, 1, 0.3)))
                .as("not stuck by rounding")
                .isEqualTo(1);
        assertThat(policy.desired(context(3, 30, 1, 1))).isEqualTo(3);
    }

    private static ScalingContext context(int replicas, double mean, double up, double down) {
        Duration any = Duration.ofSeconds(60);
        return new ScalingContext(
                replicas, mean, (int) mean, 100, new Autoscaling(1, 100, 1, 10, any, any, any, any, up, down));
    }

    private void run(Duration time, int ongoing, Duration tick, int roomFor) {
        for (long end = now + time.toNanos(); now < end; ) {
            now += tick.toNanos();
            ongoingSeconds += ongoing * (tick.toNanos() / 1e9);
            ScalingContext context = autoscaler.observe(now, ongoingSeconds, ongoing, replicas, roomFor);
            replicas = autoscaler.decide(now, context, policy.desired(context));
        }
    }
}
