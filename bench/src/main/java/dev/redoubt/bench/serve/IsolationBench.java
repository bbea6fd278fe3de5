package dev.redoubt.bench.serve;

import dev.redoubt.base.ServeException;
import dev.redoubt.base.TimeSource;
import dev.redoubt.serve.Call;
import dev.redoubt.serve.Cancellation;
import dev.redoubt.serve.java.JavaRuntime;
import dev.redoubt.serve.replica.Outgoing;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.replica.ReplyListener;
import dev.redoubt.serve.replica.Servant;
import dev.redoubt.serve.replica.ServantFactory;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.spec.HealthCheck;
import dev.redoubt.serve.spec.Isolation;
import dev.redoubt.serve.spec.Resources;
import dev.redoubt.serve.spec.RuntimeSpec;
import dev.redoubt.serve.spec.Scale;
import dev.redoubt.serve.spec.Timeouts;
import dev.redoubt.serve.worker.WorkerLimits;
import dev.redoubt.serve.worker.WorkerRuntime;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import tools.jackson.databind.node.JsonNodeFactory;

/// One replica that does nothing, on threads of this process and in a process of its own: what a call takes when
/// nothing else runs, and how many there are a second when many do.
///
/// Arguments: a folder for the worker, the jar with `bench.Noop`.
public final class IsolationBench {
    private static final int ROUNDS = 5;
    private static final int WARM_UP = 30_000;
    private static final int EACH = 5_000;
    private static final int AT_ONCE = 32;
    private static final String HANDLER = "bench.Noop";
    private static final Outgoing NOBODY = (target, input, call, replies) -> {
        throw new IllegalStateException("this handler calls nobody");
    };

    private IsolationBench() {}

    public static void main(String[] args) throws Exception {
        Path jar = Path.of(args[1]).toAbsolutePath();
        try (WorkerRuntime workers = new WorkerRuntime(Path.of(args[0]), WorkerLimits.DEFAULT);
                URLClassLoader classes =
                        new URLClassLoader(new URL[] {jar.toUri().toURL()});
                JavaRuntime here = new JavaRuntime(spec -> loaded(classes), TimeSource.system());
                Servant thread = start(here, jar);
                Servant process = start(workers, jar)) {
            compare(thread, process);
        }
    }

    private static Class<?> loaded(ClassLoader classes) {
        try {
            return classes.loadClass(HANDLER);
        } catch (ClassNotFoundException e) {
            throw new IllegalArgumentException("the jar has no " + HANDLER, e);
        }
    }

    private static Servant start(ServantFactory runtime, Path jar) throws Exception {
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(jar));
        RuntimeSpec code = new RuntimeSpec(
                JavaRuntime.KIND,
                Map.of(
                        "class",
                        HANDLER,
                        "jar",
                        jar.toString(),
                        "sha256",
                        HexFormat.of().formatHex(digest)));
        DeploymentSpec spec = new DeploymentSpec(
                "Noop",
                code,
                Isolation.PROCESS,
                Resources.of(1, 256L << 20),
                100,
                0,
                new Scale.Fixed(1),
                HealthCheck.DEFAULT,
                Timeouts.DEFAULT,
                DeploymentSpec.NO_USER_CONFIG);
        return runtime.start("bench", spec, "noop-1", NOBODY);
    }

    private static void compare(Servant thread, Servant process) throws InterruptedException {
        for (Servant servant : new Servant[] {thread, process}) {
            alone(servant, WARM_UP);
            many(servant, WARM_UP);
        }
        double[][] medians = new double[2][ROUNDS];
        double[][] rates = new double[2][ROUNDS];
        for (int round = 0; round < ROUNDS; round++) {
            medians[0][round] = alone(thread, EACH);
            medians[1][round] = alone(process, EACH);
            rates[0][round] = many(thread, 4 * EACH);
            rates[1][round] = many(process, 4 * EACH);
        }
        System.out.printf("%-10s %12s %16s%n", "isolation", "p50, µs", AT_ONCE + " at once, /s");
        System.out.printf("%-10s %12.1f %16.0f%n", "thread", median(medians[0]), median(rates[0]));
        System.out.printf("%-10s %12.1f %16.0f%n", "process", median(medians[1]), median(rates[1]));
        System.out.printf("%-10s %12.1f%n", "more", median(medians[1]) - median(medians[0]));
    }

    /// @return the median of one call after the other, in microseconds
    private static double alone(Servant servant, int calls) throws InterruptedException {
        Semaphore done = new Semaphore(0);
        long[] nanos = new long[calls];
        for (int i = 0; i < calls; i++) {
            long begin = System.nanoTime();
            call(servant, done, new AtomicInteger());
            done.acquire();
            nanos[i] = System.nanoTime() - begin;
        }
        Arrays.sort(nanos);
        return nanos[calls / 2] / 1e3;
    }

    /// @return calls a second with as many in progress as fit
    private static double many(Servant servant, int calls) throws InterruptedException {
        Semaphore room = new Semaphore(AT_ONCE);
        AtomicInteger failures = new AtomicInteger();
        long begin = System.nanoTime();
        for (int i = 0; i < calls; i++) {
            room.acquire();
            call(servant, room, failures);
        }
        room.acquire(AT_ONCE);
        if (failures.get() > 0) throw new IllegalStateException(failures + " calls failed");
        return calls / ((System.nanoTime() - begin) / 1e9);
    }

    private static void call(Servant servant, Semaphore ended, AtomicInteger failures) {
        Call call = new Call(
                "request",
                "bench",
                "",
                System.nanoTime() + Duration.ofSeconds(15).toNanos(),
                Optional.empty(),
                new Cancellation());
        var input = JsonNodeFactory.instance.objectNode().put("x", 1);
        servant.call(new Payload.Tree(input), call, new ReplyListener() {
            @Override
            public void next(Payload item) {}

            @Override
            public void completed() {
                ended.release();
            }

            @Override
            public void failed(ServeException failure) {
                failures.incrementAndGet();
                ended.release();
            }
        });
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}
