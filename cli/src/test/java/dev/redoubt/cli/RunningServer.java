package dev.redoubt.cli;

import dev.redoubt.base.Home;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.engine.EngineOptions;
import dev.redoubt.gateway.EdgeOptions;
import dev.redoubt.gateway.RoutePolicies;
import dev.redoubt.policy.limit.RateLimits;
import dev.redoubt.testkit.TinyModels;
import dev.redoubt.testkit.WeightKind;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// A server on a free port, with a tiny model unless said otherwise, for tests that talk to it as strangers do.
final class RunningServer implements AutoCloseable {
    final Server server;
    final String key;
    final String url;

    private RunningServer(Server server) {
        this.server = server;
        this.key = server.firstKey().orElseThrow();
        this.url = "http://127.0.0.1:" + server.port();
    }

    static RunningServer start(Path folder) throws IOException {
        return start(folder, RequestLimits.DEFAULT);
    }

    static RunningServer start(Path folder, RequestLimits limits) throws IOException {
        Path model = TinyModels.gguf(folder.resolve("tiny.gguf"), WeightKind.Q8_0, 11);
        return start(folder.resolve("home"), model.toString(), limits);
    }

    static RunningServer start(Path folder, RoutePolicies policies) throws IOException {
        Path model = TinyModels.gguf(folder.resolve("tiny.gguf"), WeightKind.Q8_0, 11);
        return start(
                folder.resolve("home"), model.toString(), RequestLimits.DEFAULT, EngineOptions.defaults(2), policies);
    }

    /// @param model as a user names it
    static RunningServer start(Path home, String model, RequestLimits limits) throws IOException {
        return start(home, model, limits, EngineOptions.defaults(2), RoutePolicies.DEFAULT);
    }

    /// @param adapters of the store, beside the model
    static RunningServer start(Path home, String model, List<String> adapters) throws IOException {
        return start(home, model, adapters, RequestLimits.DEFAULT, EngineOptions.defaults(2), RoutePolicies.DEFAULT);
    }

    /// @param limits of the edge
    /// @param options of the engine, with limits of its own
    static RunningServer start(Path home, String model, RequestLimits limits, EngineOptions options)
            throws IOException {
        return start(home, model, limits, options, RoutePolicies.DEFAULT);
    }

    private static RunningServer start(
            Path home, String model, RequestLimits limits, EngineOptions options, RoutePolicies policies)
            throws IOException {
        return start(home, model, List.of(), limits, options, policies);
    }

    private static RunningServer start(
            Path home,
            String model,
            List<String> adapters,
            RequestLimits limits,
            EngineOptions options,
            RoutePolicies policies)
            throws IOException {
        Console silent = Console.of(new ByteArrayOutputStream(), new ByteArrayOutputStream());
        Context context = new Context(new Home(home.toAbsolutePath()), silent);
        RateLimits rates = new RateLimits(6000, 1_000_000_000, 1000, 1000, 1000, 6000, 1000); // no test of rates
        return new RunningServer(Server.start(
                context,
                new LocalModels(context),
                ServerConfig.ofOptions(
                        model,
                        adapters,
                        options,
                        new EdgeOptions("127.0.0.1", 0, limits, rates, Optional.empty(), policies, Optional.empty()))));
    }

    @Override
    public void close() {
        server.close();
    }
}
