package dev.redoubt.serve.java;

import dev.redoubt.base.TimeSource;
import dev.redoubt.serve.Call;
import dev.redoubt.serve.Cancellation;
import dev.redoubt.serve.replica.Outgoing;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.replica.Servant;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.spec.HealthCheck;
import dev.redoubt.serve.spec.Isolation;
import dev.redoubt.serve.spec.Resources;
import dev.redoubt.serve.spec.RuntimeSpec;
import dev.redoubt.serve.spec.Scale;
import dev.redoubt.serve.spec.Timeouts;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.json.JsonMapper;

/// One servant of a handler class, with calls to it.
final class Replica implements AutoCloseable {
    static final JsonMapper JSON = JsonMapper.builder().build();

    private static final Outgoing NOBODY = (target, input, call, replies) -> {
        throw new AssertionError("nothing is called");
    };

    private final JavaRuntime runtime;
    final Servant servant;

    Replica(Class<?> handler) throws RuntimeRefusal {
        this(handler, JavaRuntime.OVERDUE_MAX);
    }

    Replica(Class<?> handler, Duration overdueMax) throws RuntimeRefusal {
        this(handler, NOBODY, overdueMax, JavaRuntime.VIRTUAL);
    }

    Replica(Class<?> handler, Outgoing outgoing) throws RuntimeRefusal {
        this(handler, outgoing, JavaRuntime.OVERDUE_MAX, JavaRuntime.VIRTUAL);
    }

    Replica(Class<?> handler, CallThreads threads) throws RuntimeRefusal {
        this(handler, NOBODY, JavaRuntime.OVERDUE_MAX, threads);
    }

    private Replica(Class<?> handler, Outgoing outgoing, Duration overdueMax, CallThreads threads)
            throws RuntimeRefusal {
        this.runtime = new JavaRuntime(spec -> handler, TimeSource.system(), overdueMax, threads);
        this.servant = runtime.start("shop", spec(handler.getSimpleName(), "{}"), "Test-1", outgoing);
    }

    static DeploymentSpec spec(String name, String userConfig) {
        return new DeploymentSpec(
                name,
                new RuntimeSpec(JavaRuntime.KIND, Map.of()),
                Isolation.THREAD,
                Resources.of(1, 1 << 20),
                100,
                100,
                new Scale.Fixed(1),
                HealthCheck.DEFAULT,
                Timeouts.DEFAULT,
                userConfig);
    }

    static Call call(Duration timeout) {
        return new Call(
                "request-1",
                "shop",
                "key-1",
                System.nanoTime() + timeout.toNanos(),
                Optional.empty(),
                new Cancellation());
    }

    static Call call() {
        return call(Duration.ofSeconds(20));
    }

    Replies send(String json) {
        return send(json, call());
    }

    Replies send(String json, Call call) {
        var replies = new Replies();
        servant.call(new Payload.Tree(JSON.readTree(json)), call, replies);
        return replies;
    }

    @Override
    public void close() {
        servant.close();
        runtime.close();
    }
}
