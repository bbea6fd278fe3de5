package dev.redoubt.serve.java;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.serve.BatchHandler;
import dev.redoubt.serve.Batched;
import dev.redoubt.serve.Call;
import dev.redoubt.serve.Handler;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.replica.Servant;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Handlers that go on when nobody waits for them any more.
class OverdueTest {
    private static final Duration MAX = Duration.ofMillis(20);

    private static volatile CountDownLatch entered = new CountDownLatch(1);
    private static volatile CountDownLatch release = new CountDownLatch(1);

    @BeforeEach
    void fresh() {
        entered = new CountDownLatch(1);
        release = new CountDownLatch(1);
    }

    record Word(String word) {}

    private static void goOn() {
        entered.countDown();
        while (release.getCount() > 0) {
            try {
                release.await();
            } catch (InterruptedException ignored) {
                Thread.onSpinWait(); // that is what it is here for
            }
        }
    }

    public static final class Stubborn implements Handler<Word, Word> {
        @Override
        public Word handle(Word input) {
            goOn();
            return input;
        }
    }

    @Batched(maxBatchSize = 4, waitMillis = 1)
    public static final class StubbornBatch implements BatchHandler<Word, Word> {
        @Override
        public List<Word> handle(List<Word> inputs) {
            goOn();
            return inputs;
        }
    }

    @Test
    void R4_2_aCallThatGoesOnAfterItsEndMakesItsReplicaSick() throws Exception {
        sickUntilItEnds(Stubborn.class);
    }

    @Test
    void R4_2_aBatchThatGoesOnAfterItsEndMakesItsReplicaSick() throws Exception {
        sickUntilItEnds(StubbornBatch.class);
    }

    private static void sickUntilItEnds(Class<?> handler) throws Exception {
        try (var replica = new Replica(handler, MAX)) {
            Call call = Replica.call();
            Replies replies = replica.send("{\"word\":\"a\"}", call);
            assertThat(entered.await(20, TimeUnit.SECONDS)).isTrue();
            long longer = System.nanoTime() + MAX.plusMillis(10).toNanos();
            while (System.nanoTime() < longer) replica.servant.healthCheck(); // it may, while somebody waits
            call.cancellation().cancel();
            assertThat(replies.failure().code()).isEqualTo(ErrorCode.CANCELLED);
            assertThat(until(replica.servant, false)).contains("20 ms after its end");
            release.countDown();
            assertThat(until(replica.servant, true)).isEmpty();
        } finally {
            release.countDown();
        }
    }

    /// @return what the servant says when it is as wanted
    private static String until(Servant servant, boolean well) throws Exception {
        long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (true) {
            String says = "";
            try {
                servant.healthCheck();
            } catch (RuntimeRefusal sick) {
                says = String.valueOf(sick.getMessage());
            }
            if (says.isEmpty() == well) return says;
            assertThat(System.nanoTime()).isLessThan(end);
            Thread.onSpinWait();
        }
    }
}
