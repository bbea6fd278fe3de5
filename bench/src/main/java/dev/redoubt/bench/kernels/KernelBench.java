package dev.redoubt.bench.kernels;

import dev.redoubt.kernels.WeightFormat;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/// Matrix products of every weight format, few and many rows, beside what the machine can do at most: the bytes of the
/// weights against a plain read of as many, the multiply-adds against a loop of nothing else.
///
/// Arguments: `limits.c`, provider, threads, formats (comma-separated, or `all`), then `rows×outputs×inputs` each, such
/// as `vector 2 all 1x4096x4096 256x4096x4096`.
public final class KernelBench {
    private KernelBench() {}

    public static void main(String[] args) throws RunnerException {
        int threads = Integer.parseInt(args[2]);
        List<WeightFormat> formats = args[3].equals("all")
                ? List.of(WeightFormat.values())
                : Arrays.stream(args[3].split(",", -1))
                        .map(WeightFormat::valueOf)
                        .toList();
        List<String> shapes = List.of(args).subList(4, args.length);
        Set<Long> bytes = shapes.stream()
                .flatMap(shape -> formats.stream().map(Shape.parse(shape)::bytes))
                .collect(Collectors.toCollection(TreeSet::new));
        Optional<Limits> limits = Limits.measure(Path.of(args[0]), threads, bytes);
        limits.ifPresent(l -> System.out.printf(
                Locale.ROOT, "at most: %.1f GMAC/s int8, %.1f GMAC/s f32, %d threads%n", l.int8(), l.f32(), threads));
        System.out.printf(Locale.ROOT, "parts handed out and done: %.2f µs%n", HandOut.micros(args[1], threads));
        System.out.printf(
                "%-16s %-6s %10s %10s %8s %7s %9s %7s%n",
                "shape", "format", "median µs", "best µs", "GB/s", "of read", "GMAC/s", "of peak");
        for (RunResult run : measure(args[1], threads, formats, shapes)) print(run, limits);
    }

    private static Collection<RunResult> measure(
            String provider, int threads, List<WeightFormat> formats, List<String> shapes) throws RunnerException {
        Options options = new OptionsBuilder()
                .include(MatrixProduct.class.getName())
                .param("provider", provider)
                .param("threads", Integer.toString(threads))
                .param("shape", shapes.toArray(String[]::new))
                .param("format", formats.stream().map(WeightFormat::name).toArray(String[]::new))
                .mode(Mode.SampleTime)
                .timeUnit(java.util.concurrent.TimeUnit.NANOSECONDS)
                .forks(1)
                .warmupIterations(2)
                .warmupTime(TimeValue.milliseconds(500))
                .measurementIterations(3)
                .measurementTime(TimeValue.milliseconds(500))
                .verbosity(VerboseMode.SILENT)
                .build();
        return new Runner(options).run();
    }

    private static void print(RunResult run, Optional<Limits> limits) {
        Shape shape = Shape.parse(run.getParams().getParam("shape"));
        WeightFormat format = WeightFormat.valueOf(run.getParams().getParam("format"));
        var statistics = run.getPrimaryResult().getStatistics();
        double nanos = statistics.getPercentile(50);
        long bytes = shape.bytes(format);
        double gbPerSecond = bytes / nanos;
        double gmacPerSecond = shape.multiplyAdds() / nanos;
        String ofRead = limits.map(l -> share(gbPerSecond, l.reads().getOrDefault(bytes, 0.0)))
                .orElse("");
        String ofPeak = limits.map(l -> share(gmacPerSecond, format.quantized() ? l.int8() : l.f32()))
                .orElse("");
        System.out.printf(
                Locale.ROOT,
                "%-16s %-6s %10.1f %10.1f %8.1f %7s %9.1f %7s%n",
                run.getParams().getParam("shape"),
                format,
                nanos / 1e3,
                statistics.getMin() / 1e3,
                gbPerSecond,
                ofRead,
                gmacPerSecond,
                ofPeak);
    }

    private static String share(double part, double whole) {
        return String.format(Locale.ROOT, "%.0f %%", 100 * part / whole);
    }
}
