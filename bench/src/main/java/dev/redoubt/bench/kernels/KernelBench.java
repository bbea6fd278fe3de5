package dev.redoubt.bench.kernels;

import dev.redoubt.kernels.Compute;
import dev.redoubt.kernels.Compute.Projection;
import dev.redoubt.kernels.FloatMatrix;
import dev.redoubt.kernels.WeightFormat;
import dev.redoubt.kernels.WeightMatrix;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/// Matrix products through the public operations, median of repeated calls: every weight format, few and many
/// rows.
///
/// Arguments: provider, threads, formats (comma-separated, or `all`), then `rows×outputs×inputs` each, such as
/// `vector 2 all 1x4096x4096 256x4096x4096`.
public final class KernelBench {
    private static final long MEASURE_NANOS = 700_000_000;

    private KernelBench() {}

    public static void main(String[] args) {
        PrintStream out = System.out;
        int threads = Integer.parseInt(args[1]);
        out.printf(
                "%-24s %-6s %8s %10s %10s %10s %10s%n",
                "shape", "format", "threads", "median µs", "best µs", "GB/s", "GFLOP/s");
        List<WeightFormat> formats = args[2].equals("all")
                ? List.of(WeightFormat.values())
                : Arrays.stream(args[2].split(",", -1))
                        .map(WeightFormat::valueOf)
                        .toList();
        for (int i = 3; i < args.length; i++) {
            String[] shape = args[i].split("x", -1);
            for (WeightFormat format : formats)
                measure(
                        args[0],
                        threads,
                        format,
                        args[i],
                        Arrays.stream(shape).mapToInt(Integer::parseInt).toArray(),
                        out);
        }
    }

    private static void measure(
            String provider, int threads, WeightFormat format, String name, int[] shape, PrintStream out) {
        int rows = shape[0];
        int outputs = shape[1];
        int inputs = shape[2];
        try (Arena arena = Arena.ofShared();
                Compute compute = Compute.open(provider, threads, rows, inputs)) {
            WeightMatrix weights =
                    WeightMatrix.of(format, outputs, inputs, weights(format, outputs, inputs, arena), arena);
            FloatMatrix in = FloatMatrix.allocate(rows, inputs, arena);
            SplittableRandom random = new SplittableRandom(1);
            for (int r = 0; r < rows; r++)
                for (int c = 0; c < inputs; c++) in.set(r, c, (float) random.nextDouble(-1, 1));
            Projection projection = Projection.into(weights, FloatMatrix.allocate(rows, outputs, arena));
            long[] times = sortedNanos(() -> compute.matmul(in, rows, projection));
            double micros = times[times.length / 2] / 1e3;
            double bytes = format.bytes(outputs, inputs);
            double operations = 2.0 * rows * outputs * inputs;
            out.printf(
                    Locale.ROOT,
                    "%-24s %-6s %8d %10.1f %10.1f %10.1f %10.1f%n",
                    name,
                    format,
                    threads,
                    micros,
                    times[0] / 1e3,
                    bytes / micros / 1e3,
                    operations / micros / 1e3);
        }
    }

    private static MemorySegment weights(WeightFormat format, int outputs, int inputs, Arena arena) {
        MemorySegment file = arena.allocate(format.bytes(outputs, inputs), 64);
        SplittableRandom random = new SplittableRandom(2);
        for (long at = 0; at + 4 <= file.byteSize(); at += 4)
            file.set(ValueLayout.JAVA_INT, at, random.nextInt() & 0x2FFF2FFF);
        return file;
    }

    /// Nanoseconds of each call in increasing order, after twice the time to warm up.
    private static long[] sortedNanos(Runnable call) {
        long warmUntil = System.nanoTime() + 2 * MEASURE_NANOS;
        while (System.nanoTime() < warmUntil) call.run();
        long[] times = new long[100_000];
        int count = 0;
        long until = System.nanoTime() + MEASURE_NANOS;
        while (count < 5 || (count < times.length && System.nanoTime() < until)) {
            long start = System.nanoTime();
            call.run();
            times[count++] = System.nanoTime() - start;
        }
        long[] sorted = Arrays.copyOf(times, count);
        Arrays.sort(sorted);
        return sorted;
    }
}
