package dev.redoubt.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import dev.redoubt.base.Home;
import dev.redoubt.base.TimeSource;
import dev.redoubt.base.generation.CacheClearing;
import dev.redoubt.base.generation.ChatMessage;
import dev.redoubt.base.generation.Generation;
import dev.redoubt.base.generation.GenerationListener;
import dev.redoubt.base.generation.GenerationRequest;
import dev.redoubt.base.generation.LanguageModel;
import dev.redoubt.base.generation.ModelCard;
import dev.redoubt.base.generation.ModelRuntime;
import dev.redoubt.base.generation.ModelStats;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.engine.Engine;
import dev.redoubt.engine.EngineOptions;
import dev.redoubt.gateway.AdminAddress;
import dev.redoubt.gateway.AdminOptions;
import dev.redoubt.gateway.EdgeOptions;
import dev.redoubt.gateway.HttpEdge;
import dev.redoubt.gateway.ModelRegistry;
import dev.redoubt.gateway.RoutePolicies;
import dev.redoubt.gateway.Served;
import dev.redoubt.policy.KeyStore;
import dev.redoubt.policy.Scope;
import dev.redoubt.policy.audit.AuditLog;
import dev.redoubt.policy.limit.RateLimiter;
import dev.redoubt.policy.limit.RateLimits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.LoggerFactory;

/// A server in a process of its own, for [CanaryTest]: all of the product's parts, every logger at TRACE, a
/// tiny model and a second one that breaks in the engine's place. Ends with its input.
final class CanaryServer {
    private CanaryServer() {}

    /// What it says on stdout is its port and its keys: those alone are not searched.
    ///
    /// @param searched where everything else that it writes is: `home`, `tmp` and `err`
    static Process start(Path searched, Path model) throws IOException {
        return new ProcessBuilder(
                        ProcessHandle.current().info().command().orElseThrow(),
                        "-Xmx512m",
                        "-XX:+UseSerialGC",
                        "-Djava.io.tmpdir=" + Files.createDirectories(searched.resolve("tmp")),
                        "--add-modules",
                        "jdk.incubator.vector",
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        CanaryServer.class.getName(),
                        searched.resolve("home").toString(),
                        model.toString())
                .redirectError(searched.resolve("err").toFile())
                .start();
    }

    public static void main(String[] args) throws IOException {
        traceEverything();
        Home home = new Home(Path.of(args[0]));
        Context context = new Context(home, Console.of(System.err, System.err));
        RateLimits rates = new RateLimits(6000, 1_000_000_000, 1000, 1000, 1000, 6000, 1000);
        EdgeOptions options = new EdgeOptions(
                "127.0.0.1",
                0,
                RequestLimits.DEFAULT,
                rates,
                Optional.empty(),
                RoutePolicies.DEFAULT,
                Optional.empty());
        AdminOptions admin = new AdminOptions(new AdminAddress.UnixSocket(home.adminSocket()), "test", List.of());
        ModelRegistry registry = new ModelRegistry();
        LocalModels models = new LocalModels(context);
        try (AuditLog audit = AuditLog.open(home);
                KeyStore keys = KeyStore.open(home, audit);
                RateLimiter limiter = RateLimiter.open(home.limitWindows(), rates, TimeSource.system());
                Engine engine = models.engine(models.artifact(args[1]), EngineOptions.defaults(2));
                HttpEdge edge = HttpEdge.start(
                        options, Optional.of(admin), Served.of(registry), keys, limiter, audit, TimeSource.system())) {
            registry.register(engine);
            registry.register(new Faulty(engine));
            System.out.println(edge.port() + " "
                    + keys.create("canary", Set.of(Scope.INFERENCE)).secret() + " "
                    + keys.create("watch", Set.of(Scope.METRICS)).secret());
            while (System.in.read() >= 0) {}
        }
    }

    private static void traceEverything() {
        LoggerContext loggers = (LoggerContext) LoggerFactory.getILoggerFactory();
        for (Logger logger : loggers.getLoggerList()) logger.setLevel(Level.TRACE);
    }

    /// A model with a bug, whose exception says what it was given.
    private record Faulty(LanguageModel model) implements LanguageModel {
        @Override
        public ModelCard card() {
            ModelCard card = model.card();
            return new ModelCard(
                    "faulty",
                    card.digest(),
                    card.architecture(),
                    card.quantization(),
                    card.contextTokensMax(),
                    card.vocabularySize(),
                    card.chat(),
                    card.licence(),
                    card.loadedAt(),
                    Optional.empty());
        }

        @Override
        public ModelStats stats() {
            return model.stats();
        }

        @Override
        public ModelRuntime runtime() {
            return model.runtime();
        }

        @Override
        public CacheClearing clearCache(String tenant) {
            return model.clearCache(tenant);
        }

        @Override
        public Generation generate(GenerationRequest request, GenerationListener listener) {
            throw new IllegalStateException("cannot generate for " + request, new IOException(request.toString()));
        }

        @Override
        public int[] tokenize(String text) {
            return model.tokenize(text);
        }

        @Override
        public int[] tokenize(List<ChatMessage> messages) {
            return model.tokenize(messages);
        }

        @Override
        public String detokenize(int[] tokenIds) {
            return model.detokenize(tokenIds);
        }

        @Override
        public String tokenText(int tokenId) {
            return model.tokenText(tokenId);
        }

        @Override
        public byte[] tokenBytes(int tokenId) {
            return model.tokenBytes(tokenId);
        }
    }
}
