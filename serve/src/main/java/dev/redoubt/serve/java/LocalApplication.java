package dev.redoubt.serve.java;

import dev.redoubt.base.Check;
import dev.redoubt.base.TimeSource;
import dev.redoubt.serve.Call;
import dev.redoubt.serve.Cancellation;
import dev.redoubt.serve.DeploymentHandle;
import dev.redoubt.serve.graph.Graph;
import dev.redoubt.serve.graph.StageTimeouts;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.replica.ReplyListener;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.replica.Servant;
import dev.redoubt.serve.schema.Binding;
import dev.redoubt.serve.schema.JsonBody;
import dev.redoubt.serve.schema.SchemaCheck;
import dev.redoubt.serve.spec.ApplicationSpec;
import dev.redoubt.serve.spec.DeploymentSpec;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import tools.jackson.databind.JsonNode;

/// An application that runs in this process without a server; see [Serve#local]. Safe for any thread.
public final class LocalApplication implements AutoCloseable {
    /// What a request has, as in a server (R1.3).
    public static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(30);

    private final Application application;
    private final TimeSource clock;
    private final JavaRuntime runtime;
    private final Map<String, Interface> interfaces = new HashMap<>();
    private final Map<String, Servant> servants = new LinkedHashMap<>(); // who is called before who calls
    private final HandlerClass ingress;
    private final ApplicationSpec spec;

    private LocalApplication(Application application, TimeSource clock) {
        this.application = application;
        this.clock = clock;
        this.runtime = new JavaRuntime(application, clock);
        List<String> problems = new ArrayList<>();
        for (DeploymentSpec deployment : application.spec().deployments()) {
            try {
                interfaces.put(deployment.name(), runtime.describe(deployment));
            } catch (RuntimeRefusal refusal) {
                problems.add(String.valueOf(refusal.getMessage()));
            }
        }
        this.spec = problems.isEmpty()
                ? StageTimeouts.filled(application.spec(), interfaces, REQUEST_TIMEOUT)
                : application.spec();
        if (problems.isEmpty()) problems.addAll(Graph.problems(spec, interfaces, REQUEST_TIMEOUT));
        Check.that(
                problems.isEmpty(),
                "application '%s' cannot be deployed: %s",
                application.spec().name(),
                String.join("; ", problems));
        try {
            this.ingress =
                    HandlerClass.read(application.find(spec(application.spec().ingress())));
        } catch (RuntimeRefusal refusal) {
            throw new IllegalStateException(refusal); // it has just been described
        }
    }

    static LocalApplication start(Application application, TimeSource clock) {
        LocalApplication local = new LocalApplication(application, clock);
        try {
            for (String name : Graph.order(application.spec(), local.interfaces)) local.start(name);
            return local;
        } catch (Exception refusal) {
            local.close();
            throw new IllegalArgumentException(
                    "application '%s' does not start: %s"
                            .formatted(application.spec().name(), refusal.getMessage()),
                    refusal);
        }
    }

    private void start(String name) throws Exception {
        DeploymentSpec deployment = spec(name);
        Servant servant = runtime.start(application.spec().name(), deployment, name + "-local", this::route);
        servants.put(name, servant);
        servant.reconfigure(JsonBody.read(deployment.userConfig().getBytes(StandardCharsets.UTF_8)));
        servant.healthCheck();
    }

    private DeploymentSpec spec(String name) {
        return spec.find(name).orElseThrow();
    }

    private void route(String target, Payload input, Call call, ReplyListener replies) {
        if (input instanceof Payload.Tree(JsonNode node))
            SchemaCheck.check(Objects.requireNonNull(interfaces.get(target)).input(), node);
        long timeout = spec(target).timeouts().call().toNanos();
        Objects.requireNonNull(servants.get(target)).call(input, call.until(clock.nanos() + timeout), replies);
    }

    /// The ingress, each call of it a request of its own.
    ///
    /// @param input raw class of what its handler takes
    /// @param output raw class of what it gives
    /// @throws IllegalArgumentException if they are others
    public <I, O> DeploymentHandle<I, O> ingress(Class<I> input, Class<O> output) {
        same("takes", ingress.input(), input);
        same("gives", ingress.output(), output);
        return handle();
    }

    private void same(String does, Binding binding, Class<?> said) {
        Type type = binding.type() instanceof ParameterizedType generic ? generic.getRawType() : binding.type();
        Check.that(
                type.equals(said),
                "the ingress %s %s %s, not %s",
                application.spec().ingress(),
                does,
                type.getTypeName(),
                said.getName());
    }

    private <I, O> DeploymentHandle<I, O> handle() {
        String name = application.spec().ingress();
        var edge = new HandlerClass.Edge(name, ingress.input(), ingress.output());
        return RoutedHandle.of(new RoutedHandle.Route(
                edge, this::route, clock, application.spec().name(), this::request));
    }

    /// A request that comes in and goes out as JSON, the way HTTP has it.
    ///
    /// @throws dev.redoubt.base.ServeException as a caller over HTTP would see it
    public String json(String body) {
        Check.that(
                ingress.style() != HandlerClass.Style.STREAMING,
                "the ingress %s gives a stream: read it by ingress(…).stream(…)",
                application.spec().ingress());
        JsonNode input = JsonBody.read(body.getBytes(StandardCharsets.UTF_8));
        Call request = request();
        var response = new PendingResponse<>(
                ingress.output(), request, application.spec().name());
        route(application.spec().ingress(), new Payload.Tree(input), request, response);
        JsonNode output = ingress.output().write(response.get());
        return JsonBody.text(output);
    }

    private Call request() {
        return new Call(
                "local-" + Long.toHexString(ThreadLocalRandom.current().nextLong()),
                application.spec().name(),
                "",
                clock.nanos() + REQUEST_TIMEOUT.toNanos(),
                Optional.empty(),
                new Cancellation());
    }

    @Override
    public void close() {
        for (Servant servant : servants.values().stream().toList().reversed()) servant.close();
        runtime.close();
    }
}
