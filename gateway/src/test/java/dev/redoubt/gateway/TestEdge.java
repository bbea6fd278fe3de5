package dev.redoubt.gateway;

import dev.redoubt.base.Home;
import dev.redoubt.base.TimeSource;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.base.json.StrictJson;
import dev.redoubt.policy.KeyStore;
import dev.redoubt.policy.Scope;
import dev.redoubt.policy.Waiver;
import dev.redoubt.policy.audit.AuditLog;
import dev.redoubt.policy.limit.RateLimiter;
import dev.redoubt.policy.limit.RateLimits;
import dev.redoubt.serve.control.Platform;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/// An edge on a free port of loopback, with a scripted model, an inference key and a metrics key.
final class TestEdge implements AutoCloseable {
    static final String MODEL = "scripted";
    /// Of a test that is not about rates and sends more than anybody may.
    static final RateLimits GENEROUS = new RateLimits(6000, 1_000_000_000, 1000, 1000, 1000, 6000, 10_000_000);

    private static final StrictJson JSON = new StrictJson(JsonLimits.MODEL_FILE);

    final ScriptedModel model;
    final AuditLog audit;
    final KeyStore keys;
    final RateLimiter limiter;
    final HttpEdge edge;
    final String key;
    final String metricsKey;
    final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    /// An edge over that home; what a test does not ask for is as ever.
    static Setup at(Path home) {
        return new Setup(home);
    }

    /// What a test wants to be different.
    static final class Setup {
        private final Path home;
        private Duration pace = Duration.ZERO;
        private RequestLimits limits = RequestLimits.DEFAULT;
        private RateLimits rates = GENEROUS;
        private Optional<Set<String>> applications = Optional.empty();
        private EdgeOptions.Protocols protocols = EdgeOptions.Protocols.DEFAULT;
        private EdgeTimeouts timeouts = EdgeTimeouts.DEFAULT;
        private Optional<AdminOptions> admin = Optional.empty();
        private Optional<Platform> platform = Optional.empty();

        private Setup(Path home) {
            this.home = home;
        }

        /// @param pace time between tokens of the scripted model
        Setup pace(Duration pace) {
            this.pace = pace;
            return this;
        }

        Setup limits(RequestLimits limits) {
            this.limits = limits;
            return this;
        }

        Setup rates(RateLimits rates) {
            this.rates = rates;
            return this;
        }

        Setup applications(String... names) {
            this.applications = Optional.of(Set.of(names));
            return this;
        }

        Setup protocols(boolean sameOriginSockets, OptionalInt grpcPort) {
            this.protocols = new EdgeOptions.Protocols(sameOriginSockets, grpcPort);
            return this;
        }

        Setup timeouts(EdgeTimeouts timeouts) {
            this.timeouts = timeouts;
            return this;
        }

        Setup admin(AdminAddress address, Waiver... waivers) {
            this.admin = Optional.of(new AdminOptions(address, "1.2.3", List.of(waivers)));
            return this;
        }

        Setup platform(Platform platform) {
            this.platform = Optional.of(platform);
            return this;
        }

        TestEdge start() {
            return new TestEdge(this);
        }
    }

    private TestEdge(Setup setup) {
        try {
            model = new ScriptedModel(MODEL, setup.pace);
            Home root = new Home(setup.home.toAbsolutePath());
            audit = AuditLog.open(root);
            keys = KeyStore.open(root, audit);
            limiter = RateLimiter.open(root.limitWindows(), setup.rates, TimeSource.system());
            key = keys.create("test", Set.of(Scope.INFERENCE)).secret();
            metricsKey = keys.create("monitoring", Set.of(Scope.METRICS)).secret();
            ModelRegistry models = new ModelRegistry();
            models.register(model);
            EdgeOptions options = new EdgeOptions(
                    "127.0.0.1",
                    0,
                    setup.limits,
                    setup.rates,
                    setup.applications,
                    RoutePolicies.DEFAULT,
                    Optional.empty(),
                    setup.protocols);
            edge = HttpEdge.start(
                    options,
                    setup.admin,
                    new Served(models, setup.platform),
                    keys,
                    limiter,
                    audit,
                    TimeSource.system(),
                    setup.timeouts);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    URI uri(String path) {
        return URI.create("http://127.0.0.1:" + edge.port() + path);
    }

    HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(uri(path)).header("Authorization", "Bearer " + key);
    }

    HttpResponse<String> get(String path) {
        return send(request(path).build());
    }

    HttpResponse<String> post(String path, String body) {
        return send(request(path)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build());
    }

    HttpResponse<String> send(HttpRequest request) {
        try {
            return client.send(request, HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    static JsonNode json(String text) {
        try {
            return JSON.parse(text.getBytes(StandardCharsets.UTF_8));
        } catch (JsonRefusal e) {
            throw new AssertionError("not JSON: " + text, e);
        }
    }

    @Override
    public void close() {
        client.close();
        edge.close();
        limiter.close();
        keys.close();
        audit.close();
        model.close();
    }
}
