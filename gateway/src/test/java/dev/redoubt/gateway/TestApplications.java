package dev.redoubt.gateway;

import dev.redoubt.base.Home;
import dev.redoubt.base.TimeSource;
import dev.redoubt.serve.Call;
import dev.redoubt.serve.Deployment;
import dev.redoubt.serve.DeploymentHandle;
import dev.redoubt.serve.Handler;
import dev.redoubt.serve.Route;
import dev.redoubt.serve.StreamingHandler;
import dev.redoubt.serve.To;
import dev.redoubt.serve.control.ApplicationState;
import dev.redoubt.serve.control.Outcome;
import dev.redoubt.serve.control.Platform;
import dev.redoubt.serve.control.PlatformStatus.ApplicationStatus;
import dev.redoubt.serve.java.JavaRuntime;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.replica.Outgoing;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.replica.ReplyListener;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.replica.Servant;
import dev.redoubt.serve.replica.ServantFactory;
import dev.redoubt.serve.scale.OngoingPolicy;
import dev.redoubt.serve.schema.Schema;
import dev.redoubt.serve.spec.ApplicationSpec;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.spec.HealthCheck;
import dev.redoubt.serve.spec.Isolation;
import dev.redoubt.serve.spec.Resources;
import dev.redoubt.serve.spec.RuntimeSpec;
import dev.redoubt.serve.spec.Scale;
import dev.redoubt.serve.spec.Timeouts;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/// Handlers, and a platform of this process that runs them.
final class TestApplications {
    static final Map<String, Class<?>> HANDLERS = Map.of(
            "Greeter",
            Greeter.class,
            "Front",
            Front.class,
            "Counter",
            Counter.class,
            "Sleeper",
            Sleeper.class,
            "Lister",
            Lister.class,
            "Shelf",
            Shelf.class);

    private TestApplications() {}

    /// @param times at least 1, for the sake of a number
    public record Name(String name, int times) {}

    public record Greeting(String text, String caller) {}

    public record UpTo(int count) {}

    public record Count(int number) {}

    public enum Order {
        RISING,
        FALLING
    }

    public record Wanted(
            String shelf,
            Optional<Integer> item,
            Optional<Boolean> full,
            Optional<Double> share,
            Optional<Order> order,
            Optional<List<String>> tags,
            Optional<Greeting> note) {}

    public record Told(String text) {}

    /// Says what it was asked.
    @Deployment(name = "Shelf", maxOngoingRequests = 4, cpus = 0.1, memoryMiB = 16)
    @Route(method = Route.Method.GET, path = "/shelves/{shelf}")
    @Route(method = Route.Method.GET, path = "/shelves/{shelf}/{item}")
    @Route(method = Route.Method.PUT, path = "/shelves/{shelf}/{item}")
    @Route(method = Route.Method.DELETE, path = "/shelves/{shelf}/{item}")
    @Route(method = Route.Method.GET, path = "/shelves/{shelf}/all")
    public static final class Shelf implements Handler<Wanted, Told> {
        @Override
        public Told handle(Wanted input) {
            StringBuilder text = new StringBuilder(input.shelf());
            input.item().ifPresent(item -> text.append(" item ").append(item));
            input.full().ifPresent(full -> text.append(" full ").append(full));
            input.share().ifPresent(share -> text.append(" share ").append(share));
            input.order().ifPresent(order -> text.append(" order ").append(order));
            input.tags().ifPresent(tags -> text.append(" tags ").append(tags));
            input.note().ifPresent(note -> text.append(" note ").append(note.text()));
            return new Told(text.toString());
        }
    }

    @Deployment(name = "Greeter", maxOngoingRequests = 4, cpus = 0.1, memoryMiB = 16)
    public static final class Greeter implements Handler<Name, Greeting> {
        @Override
        public Greeting handle(Name input) {
            if (input.name().equals("trouble")) throw new IllegalStateException("the secret of " + input.name());
            return new Greeting("Hello " + input.name(), Call.current().application());
        }
    }

    /// Has the greeter greet.
    @Deployment(name = "Front", maxOngoingRequests = 4, cpus = 0.1, memoryMiB = 16)
    public static final class Front implements Handler<Name, Greeting> {
        private final DeploymentHandle<Name, Greeting> greeter;

        public Front(@To("Greeter") DeploymentHandle<Name, Greeting> greeter) {
            this.greeter = greeter;
        }

        @Override
        public Greeting handle(Name input) {
            return greeter.call(input).get();
        }
    }

    @Deployment(name = "Counter", maxOngoingRequests = 4, cpus = 0.1, memoryMiB = 16)
    public static final class Counter implements StreamingHandler<UpTo, Count> {
        @Override
        public void handle(UpTo input, Consumer<Count> out) {
            for (int i = 1; i <= input.count(); i++) out.accept(new Count(i));
        }
    }

    /// Works until it is told to stop.
    @Deployment(name = "Sleeper", maxOngoingRequests = 4, cpus = 0.1, memoryMiB = 16)
    public static final class Sleeper implements Handler<UpTo, Count> {
        static volatile CountDownLatch begun = new CountDownLatch(1);
        static volatile CountDownLatch stopped = new CountDownLatch(1);

        @Override
        public Count handle(UpTo input) throws InterruptedException {
            begun.countDown();
            try {
                new CountDownLatch(1).await();
            } catch (InterruptedException e) {
                stopped.countDown();
                throw e;
            }
            return new Count(0);
        }
    }

    public record Items(List<String> items) {}

    /// As [Sleeper], with more to keep.
    @Deployment(name = "Lister", maxOngoingRequests = 4, cpus = 0.1, memoryMiB = 16)
    public static final class Lister implements Handler<Items, Count> {
        @Override
        public Count handle(Items input) throws InterruptedException {
            new CountDownLatch(1).await();
            return new Count(input.items().size());
        }
    }

    /// A replica that answers nothing until it is told to.
    static final class Stuck implements ServantFactory {
        static final CountDownLatch FREE = new CountDownLatch(1);

        private static void answer(ReplyListener replies) {
            try {
                FREE.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            replies.next(new Payload.Tree(JsonNodeFactory.instance.stringNode("free")));
            replies.completed();
        }

        @Override
        public Interface describe(DeploymentSpec spec) {
            return new Interface(new Schema.Fields(List.of()), new Schema.Text(), false, List.of());
        }

        @Override
        public Servant start(String application, DeploymentSpec spec, String replicaId, Outgoing outgoing) {
            return new Servant() {
                @Override
                public void reconfigure(JsonNode userConfig) {}

                @Override
                public void healthCheck() {}

                @Override
                public void call(Payload input, Call call, ReplyListener replies) {
                    Thread.ofVirtual().start(() -> answer(replies));
                }

                @Override
                public void close() {}
            };
        }
    }

    static ApplicationSpec application(String name, String ingress, String... others) {
        List<String> all = new ArrayList<>(List.of(ingress));
        all.addAll(Arrays.asList(others));
        return new ApplicationSpec(
                name,
                ingress,
                Resources.of(0.5, 256L << 20),
                all.stream().map(TestApplications::deployment).toList());
    }

    private static DeploymentSpec deployment(String name) {
        return new DeploymentSpec(
                name,
                new RuntimeSpec(name.equals("Stuck") ? "stuck" : "java", Map.of("class", name)),
                Isolation.THREAD,
                Resources.of(0.1, 16L << 20),
                4,
                4,
                new Scale.Fixed(1),
                HealthCheck.DEFAULT,
                Timeouts.DEFAULT,
                DeploymentSpec.NO_USER_CONFIG);
    }

    static Platform platform(Path home) {
        JavaRuntime runtime = new JavaRuntime(
                spec -> {
                    Class<?> handler = HANDLERS.get(spec.runtime().settings().get("class"));
                    if (handler == null) throw new RuntimeRefusal("no such class");
                    return handler;
                },
                TimeSource.system());
        return Platform.open(new Platform.Setup(
                new Home(home.toAbsolutePath()),
                Resources.of(4, 4L << 30),
                Map.of("java", runtime, "stuck", new Stuck()),
                Set.of(),
                (spec, interfaces) -> List.of(),
                (application, deployment) -> new OngoingPolicy(),
                (change, application, version, reason) -> {},
                TimeSource.system()));
    }

    /// Returns when they run.
    static void deploy(Platform platform, ApplicationSpec... specs) throws InterruptedException {
        for (ApplicationSpec spec : specs) {
            if (platform.deploy(spec) instanceof Outcome.Refused(List<String> problems))
                throw new AssertionError(problems.toString());
            ApplicationStatus status =
                    platform.await(spec.name(), Duration.ofSeconds(30)).orElseThrow();
            if (status.state() != ApplicationState.RUNNING) throw new AssertionError(status.toString());
        }
    }
}
