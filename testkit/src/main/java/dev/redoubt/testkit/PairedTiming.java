package dev.redoubt.testkit;

import java.time.Duration;
import java.util.Arrays;
import java.util.Random;

/// Whether two actions take the same time, as far as clocks can tell: what an attacker with a stopwatch sees.
///
/// @param pairs measured
/// @param medianNanos median of the differences, second less first
/// @param lowNanos lower end of its 99 % confidence interval
/// @param highNanos upper end
/// @param p probability of differences as one-sided as these, or more, if neither action were the slower one
public record PairedTiming(int pairs, double medianNanos, double lowNanos, double highNanos, double p) {
    /* Times of one process are not independent: the clock rate, the collector and the neighbours change. Measured one after the other, two
     * runs of the very same action differ "significantly" in most cases. So the two are measured in pairs, in an order that is drawn for each
     * pair, and only the differences within pairs count.
     *
     *   p          Wilcoxon's signed-rank test, two-sided: ties share their rank, zeros are left out, normal approximation with the
     *              corrections for ties and continuity (Hollander and Wolfe, Nonparametric Statistical Methods, 3.1)
     *   interval   percentile bootstrap of the median
     *
     * "No difference was found" says little where none could have been: ask for an interval that is narrow as well, and have
     * the same code find a difference that is there. Welch's t is no use: the tails are too heavy. */
    private static final int RESAMPLES = 2000;
    private static final double TAIL = 0.005; // on each side

    /// One of the two actions; it does its work and returns what it took.
    @FunctionalInterface
    public interface Timed {
        /// @return nanoseconds
        long run() throws Exception;
    }

    /// Measures pairs in random order, one after the other.
    public static PairedTiming measure(int pairs, long seed, Timed first, Timed second) throws Exception {
        Random random = new Random(seed);
        long[] differences = new long[pairs];
        for (int i = 0; i < pairs; i++) {
            if (random.nextBoolean()) {
                long a = first.run();
                differences[i] = second.run() - a;
            } else {
                long b = second.run();
                differences[i] = b - first.run();
            }
        }
        return of(differences, seed);
    }

    /// @param differences of pairs, in nanoseconds, in any order; at least ten
    static PairedTiming of(long[] differences, long seed) {
        if (differences.length < 10)
            throw new IllegalArgumentException("pairs must be 10 or more: " + differences.length);
        long[] sorted = differences.clone();
        Arrays.sort(sorted);
        double[] medians = resampledMedians(sorted, new Random(seed));
        int low = (int) (TAIL * RESAMPLES);
        return new PairedTiming(
                sorted.length, median(sorted), medians[low], medians[RESAMPLES - 1 - low], wilcoxon(differences));
    }

    /// Whether the difference is less than this, by the whole interval.
    public boolean within(Duration bound) {
        return -bound.toNanos() <= lowNanos && highNanos <= bound.toNanos();
    }

    /// The probabilities of several comparisons, raised so that each can be held against the same level (Holm's
    /// method).
    public static double[] holm(double... p) {
        Integer[] order = new Integer[p.length];
        Arrays.setAll(order, i -> i);
        Arrays.sort(order, (a, b) -> Double.compare(p[a], p[b]));
        double[] adjusted = new double[p.length];
        double least = 0;
        for (int rank = 0; rank < p.length; rank++) {
            least = Math.max(least, Math.min(1, p[order[rank]] * (p.length - rank)));
            adjusted[order[rank]] = least;
        }
        return adjusted;
    }

    /// Two-sided p of the signed-rank test; 1 if no pair differs.
    static double wilcoxon(long[] differences) {
        long[] sizes = Arrays.stream(differences)
                .filter(d -> d != 0)
                .map(Math::abs)
                .sorted()
                .toArray();
        int n = sizes.length;
        if (n == 0) return 1;
        double[] ranks = new double[n];
        double ties = 0;
        for (int start = 0; start < n; ) {
            int end = start;
            while (end < n && sizes[end] == sizes[start]) end++;
            Arrays.fill(ranks, start, end, (start + 1 + end) / 2.0); // the mean of start + 1 … end
            double tied = end - start;
            ties += tied * tied * tied - tied;
            start = end;
        }
        double positive = 0;
        for (long d : differences) if (d > 0) positive += ranks[firstOf(sizes, d)];
        double mean = n * (n + 1.0) / 4;
        double variance = n * (n + 1.0) * (2 * n + 1.0) / 24 - ties / 48;
        double distance = Math.max(0, Math.abs(positive - mean) - 0.5);
        return erfc(distance / Math.sqrt(variance) / Math.sqrt(2));
    }

    /// Complementary error function for x ≥ 0, to seven digits (Numerical Recipes, 6.2).
    static double erfc(double x) {
        double t = 1 / (1 + 0.5 * x);
        double[] c = {
            -1.26551223,
            1.00002368,
            0.37409196,
            0.09678418,
            -0.18628806,
            0.27886807,
            -1.13520398,
            1.48851587,
            -0.82215223,
            0.17087277
        };
        double sum = 0;
        for (int i = c.length - 1; i >= 0; i--) sum = c[i] + t * sum;
        return t * Math.exp(-x * x + sum);
    }

    private static int firstOf(long[] sorted, long value) {
        int at = Arrays.binarySearch(sorted, value);
        while (at > 0 && sorted[at - 1] == value) at--;
        return at;
    }

    private static double[] resampledMedians(long[] sorted, Random random) {
        int n = sorted.length;
        double[] medians = new double[RESAMPLES];
        int[] drawn = new int[n];
        for (int r = 0; r < RESAMPLES; r++) {
            Arrays.fill(drawn, 0);
            for (int i = 0; i < n; i++) drawn[random.nextInt(n)]++;
            medians[r] = (drawnAt(sorted, drawn, (n - 1) / 2) + drawnAt(sorted, drawn, n / 2)) / 2.0;
        }
        Arrays.sort(medians);
        return medians;
    }

    /// The value at a place, from 0, among those that were drawn.
    private static long drawnAt(long[] sorted, int[] drawn, int place) {
        int passed = 0;
        for (int i = 0; i < sorted.length; i++) {
            passed += drawn[i];
            if (passed > place) return sorted[i];
        }
        throw new IllegalStateException("fewer were drawn than there are: " + passed);
    }

    private static double median(long[] sorted) {
        int n = sorted.length;
        return (sorted[(n - 1) / 2] + sorted[n / 2]) / 2.0;
    }
}
