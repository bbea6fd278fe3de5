package dev.redoubt.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PairedTimingTest {
    private static final Duration BOUND = Duration.ofNanos(25_000);

    @Test
    void theSignedRankTestIsTheOneOfTheTextbook() {
        // W+ = 109.5 of 120, mean 60, variance 310 less 12/48 for the two 4 and the two 8: z = 49 / sqrt(309.75)
        long[] differences = {6, -3, 12, 5, -1, 8, 8, -2, 15, 4, 7, 9, -4, 10, 11};
        assertThat(PairedTiming.wilcoxon(differences)).isCloseTo(0.005367054968, within(1e-8));
    }

    @Test
    void zerosSayNothing() {
        assertThat(PairedTiming.wilcoxon(new long[20])).isEqualTo(1);
        long[] some = {6, -3, 12, 5, -1, 8, 8, -2, 15, 4, 7, 9, -4, 10, 11};
        long[] padded = java.util.Arrays.copyOf(some, 40);
        assertThat(PairedTiming.wilcoxon(padded)).isEqualTo(PairedTiming.wilcoxon(some));
    }

    @Test
    void theTailIsRightFarOut() {
        assertThat(PairedTiming.erfc(0)).isCloseTo(1, within(2e-7));
        assertThat(PairedTiming.erfc(0.5)).isCloseTo(0.4795001221869535, within(1e-7));
        assertThat(PairedTiming.erfc(3) / 2.209049699858544e-5).isCloseTo(1, within(1e-6));
        assertThat(PairedTiming.erfc(5) / 1.5374597944280347e-12).isCloseTo(1, within(1e-6));
    }

    @Test
    void severalComparisonsAreHeldToOneLevel() {
        assertThat(PairedTiming.holm(0.01, 0.04, 0.03, 0.005))
                .containsExactly(new double[] {0.03, 0.06, 0.06, 0.02}, within(1e-12));
        assertThat(PairedTiming.holm(0.9, 0.8)).containsExactly(1, 1);
    }

    @Test
    void theSameIsFoundTheSame() {
        int wrong = 0;
        int missed = 0;
        for (int seed = 0; seed < 300; seed++) {
            PairedTiming same = PairedTiming.of(noise(new Random(seed), 500, 0), seed);
            if (same.p() < 0.05) wrong++;
            if (same.lowNanos() > 0 || same.highNanos() < 0) missed++;
        }
        assertThat(wrong).as("about 15 of 300 at 5 %").isBetween(3, 32);
        assertThat(missed).as("about 3 of 300 at 99 %").isLessThan(13);
    }

    @Test
    void whatDiffersIsFoundToDiffer() {
        for (int seed = 0; seed < 20; seed++) {
            PairedTiming slower = PairedTiming.of(noise(new Random(seed), 1000, 100_000), seed);
            assertThat(slower.p()).as("seed %s", seed).isLessThan(1e-8);
            assertThat(slower.within(BOUND)).isFalse();
            assertThat(slower.medianNanos()).isBetween(60_000.0, 140_000.0);
            assertThat(slower.lowNanos()).isLessThan(slower.medianNanos());
            assertThat(slower.highNanos()).isGreaterThan(slower.medianNanos());
        }
    }

    @Test
    void pairsAreMeasuredInBothOrders() throws Exception {
        StringBuilder order = new StringBuilder();
        PairedTiming timing = PairedTiming.measure(
                100,
                7,
                () -> {
                    order.append('a');
                    return 1000;
                },
                () -> {
                    order.append('b');
                    return 1500;
                });
        assertThat(order).hasSize(200);
        assertThat(order.toString()).contains("abba", "baab");
        assertThat(timing.medianNanos()).isEqualTo(500);
        assertThat(timing.within(Duration.ofNanos(500))).isTrue();
        assertThat(timing.within(Duration.ofNanos(499))).isFalse();
    }

    @Test
    void fewPairsProveNothing() {
        assertThatIllegalArgumentException().isThrownBy(() -> PairedTiming.of(new long[9], 1));
    }

    /// Differences with heavy tails, as of a busy machine.
    private static long[] noise(Random random, int count, long shift) {
        long[] differences = new long[count];
        for (int i = 0; i < count; i++) {
            double tail = random.nextInt(20) == 0 ? 20 : 1;
            differences[i] = shift + (long) (random.nextGaussian() * 150_000 * tail);
        }
        return differences;
    }
}
