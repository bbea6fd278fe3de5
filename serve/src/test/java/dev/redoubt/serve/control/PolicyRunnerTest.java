package dev.redoubt.serve.control;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.serve.scale.ScalingContext;
import dev.redoubt.serve.scale.ScalingPolicy;
import dev.redoubt.serve.spec.Autoscaling;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class PolicyRunnerTest {
    private static final ScalingContext CONTEXT = new ScalingContext(3, 100, 100, 10, Autoscaling.DEFAULT);

    @Test
    void aSlowPolicyHoldsUpNothingAndIsInterrupted() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch interrupted = new CountDownLatch(1);
        PolicyRunner runner = new PolicyRunner("shop/Front", context -> {
            asked.countDown();
            try {
                new CountDownLatch(1).await();
                return 9;
            } catch (InterruptedException e) {
                interrupted.countDown();
                throw e;
            }
        });
        assertThat(runner.desired(0, CONTEXT)).isEqualTo(3);
        assertThat(asked.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(runner.desired(Duration.ofSeconds(9).toNanos(), CONTEXT)).isEqualTo(3);
        assertThat(runner.desired(Duration.ofSeconds(10).toNanos(), CONTEXT)).isEqualTo(3);
        assertThat(interrupted.await(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void anAnswerCountsOnceItIsThere() throws Exception {
        PolicyRunner runner = new PolicyRunner("shop/Front", context -> 7);
        assertThat(runner.desired(0, CONTEXT)).isEqualTo(3);
        assertThat(eventually(runner, 7)).isEqualTo(7);
    }

    @Test
    void aBrokenPolicyLeavesTheNumberAsItIsAndIsAskedAgain() throws Exception {
        CountDownLatch asked = new CountDownLatch(3);
        ScalingPolicy broken = context -> {
            asked.countDown();
            if (asked.getCount() > 0) throw new IllegalStateException("broken");
            return 5;
        };
        PolicyRunner runner = new PolicyRunner("shop/Front", broken);
        assertThat(eventually(runner, 5)).isEqualTo(5);
        assertThat(asked.getCount()).isZero();
    }

    private static int eventually(PolicyRunner runner, int wanted) {
        long until = System.nanoTime() + Duration.ofSeconds(10).toNanos();
        int last = 0;
        while (last != wanted && System.nanoTime() < until) {
            last = runner.desired(0, CONTEXT);
            Thread.onSpinWait();
        }
        return last;
    }
}
