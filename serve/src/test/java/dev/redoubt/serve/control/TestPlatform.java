package dev.redoubt.serve.control;

import dev.redoubt.base.Home;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.TimeSource;
import dev.redoubt.serve.Call;
import dev.redoubt.serve.Cancellation;
import dev.redoubt.serve.control.PlatformStatus.ApplicationStatus;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.replica.ReplyListener;
import dev.redoubt.serve.scale.OngoingPolicy;
import dev.redoubt.serve.schema.Schema;
import dev.redoubt.serve.spec.ApplicationSpec;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.node.JsonNodeFactory;

/// A real platform over [TestRuntime], at a brisk pace.
final class TestPlatform implements AutoCloseable {
    static final Pace BRISK =
            new Pace(Duration.ofMillis(10), Duration.ofMillis(5), Duration.ofMillis(100), Duration.ofMillis(50));
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    final TestRuntime runtime = new TestRuntime();
    final List<String> changes = new CopyOnWriteArrayList<>();
    final Platform platform;

    /// @param atStart deployed before anything runs
    TestPlatform(Path home, ApplicationSpec... atStart) {
        platform = Platform.load(
                new Platform.Setup(
                        new Home(home),
                        Specs.MACHINE,
                        Map.of(TestRuntime.KIND, runtime),
                        Set.of(),
                        (spec, interfaces) -> List.of(),
                        (application, deployment) -> new OngoingPolicy(),
                        (change, application, version, reason) ->
                                changes.add(change + " " + application + " " + version),
                        TimeSource.system()),
                BRISK);
        for (ApplicationSpec spec : atStart)
            if (!(platform.deployAgain(spec) instanceof Outcome.Accepted))
                throw new AssertionError(platform.plan(spec));
        platform.start();
    }

    /// Deploys and waits for what comes of it.
    ApplicationStatus deployed(ApplicationSpec spec) throws InterruptedException {
        Outcome outcome = platform.deploy(spec);
        if (!(outcome instanceof Outcome.Accepted)) throw new AssertionError(outcome);
        return settled(spec.name());
    }

    ApplicationStatus settled(String application) throws InterruptedException {
        Optional<ApplicationStatus> status = platform.await(application, PATIENCE);
        return status.orElseThrow();
    }

    /// Waits until a condition holds; looks at each change of the status.
    void until(String what, java.util.function.BooleanSupplier condition) throws InterruptedException {
        long until = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > until) throw new AssertionError("not within " + PATIENCE + ": " + what);
            new CompletableFuture<Void>()
                    .completeOnTimeout(null, 5, TimeUnit.MILLISECONDS)
                    .join();
        }
    }

    /// One call through the ingress.
    String call(String application) throws Exception {
        return start(application).get(20, TimeUnit.SECONDS);
    }

    /// @return fails with a [ServeException]
    CompletableFuture<String> start(String application) {
        CompletableFuture<String> reply = new CompletableFuture<>();
        Call call = new Call(
                "r",
                application,
                "",
                System.nanoTime() + Duration.ofSeconds(30).toNanos(),
                Optional.empty(),
                new Cancellation());
        Ingress ingress = platform.ingress(application).orElseThrow();
        String word = ((Schema.Choice) ingress.face().input()).names().getFirst();
        ingress.call(new Payload.Tree(JsonNodeFactory.instance.stringNode(word)), call, new ReplyListener() {
            private String text = "";

            @Override
            public void next(Payload item) {
                text = item.tree().asString();
            }

            @Override
            public void completed() {
                if (!reply.complete(text)) throw new AssertionError("a call ended twice");
            }

            @Override
            public void failed(ServeException failure) {
                if (!reply.completeExceptionally(failure)) throw new AssertionError("a call ended twice");
            }
        });
        return reply;
    }

    @Override
    public void close() {
        platform.close();
        runtime.close();
    }
}
