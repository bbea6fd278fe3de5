package dev.redoubt.serve.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class ShortCallsTest {
    private final ShortCalls calls = new ShortCalls();

    private void take(int count, long nanos) {
        for (int i = 0; i < count; i++) calls.took(nanos);
    }

    @Test
    void callsAreTakenForLongUntilSomeWereShort() {
        assertThat(calls.likely()).isFalse();
        take(100, 1000);
        assertThat(calls.likely()).isTrue();
        take(200, 10 * ShortCalls.SHORT_NANOS);
        assertThat(calls.likely()).isFalse();
    }

    @Test
    void whatMostTakeCountsNotWhatAFewTake() {
        Random random = new Random(7);
        take(100, 1000);
        for (int i = 0; i < 10_000; i++) {
            calls.took(random.nextInt(10) == 0 ? 5_000_000 : 1000);
            assertThat(calls.likely()).isTrue();
        }
    }

    @Test
    void whatHoldsUpOthersIsPaidForMoreEachTime() {
        take(100, 1000);
        for (int apart = ShortCalls.APART_MIN; apart <= ShortCalls.APART_MAX; apart *= 2) {
            calls.heldUp();
            take(apart - 1, 1000);
            assertThat(calls.likely()).as("after %d", apart - 1).isFalse();
            take(1, 1000);
            assertThat(calls.likely()).as("after %d", apart).isTrue();
        }
        take(ShortCalls.APART_MAX + 1, 1000);
        calls.heldUp();
        take(ShortCalls.APART_MIN, 1000);
        assertThat(calls.likely()).as("it has been calm for long").isTrue();
    }
}
