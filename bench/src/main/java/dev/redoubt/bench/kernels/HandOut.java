package dev.redoubt.bench.kernels;

import dev.redoubt.kernels.Compute;
import java.util.Arrays;

/// What it costs to hand parts to the compute threads and to know that they are done, when there is nothing to do in
/// them. A step does so some hundred times, one after the other.
final class HandOut {
    private static final int RUNS = 21;
    private static final int REGIONS = 20_000;

    private HandOut() {}

    /// Microseconds of one region with a part for each thread, median over runs, back to back as in a step.
    static double micros(String provider, int threads) {
        double[] runs = new double[RUNS];
        try (Compute compute = Compute.open(provider, threads, 1, 32)) {
            for (int run = 0; run < RUNS; run++) {
                long begin = System.nanoTime();
                for (int region = 0; region < REGIONS; region++) compute.forEach(threads, (part, worker) -> {});
                runs[run] = (System.nanoTime() - begin) / 1e3 / REGIONS;
            }
        }
        Arrays.sort(runs);
        return runs[RUNS / 2];
    }
}
