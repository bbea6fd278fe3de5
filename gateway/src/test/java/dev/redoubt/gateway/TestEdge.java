package dev.redoubt.gateway;

import dev.redoubt.base.Home;
import dev.redoubt.base.TimeSource;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.base.json.StrictJson;
import dev.redoubt.policy.KeyStore;
import dev.redoubt.policy.Scope;
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
import java.util.Optional;
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

    TestEdge(Path home, Duration pace, RequestLimits limits, EdgeTimeouts timeouts) {
        this(
                home,
                pace,
                new EdgeOptions(
                        "127.0.0.1", 0, limits, GENEROUS, Optional.empty(), RoutePolicies.DEFAULT, Optional.empty()),
                timeouts);
    }

    TestEdge(Path home, Duration pace, EdgeOptions options, EdgeTimeouts timeouts) {
        this(home, pace, options, Optional.empty(), timeouts);
    }

    TestEdge(Path home, Duration pace, EdgeOptions options, Optional<AdminOptions> admin, EdgeTimeouts timeouts) {
        this(home, pace, options, admin, timeouts, Optional.empty());
    }

    TestEdge(
            Path home,
            Duration pace,
            EdgeOptions options,
            Optional<AdminOptions> admin,
            EdgeTimeouts timeouts,
            Optional<Platform> platform) {
        try {
            model = new ScriptedModel(MODEL, pace);
            Home root = new Home(home.toAbsolutePath());
            audit = AuditLog.open(root);
            keys = KeyStore.open(root, audit);
            limiter = RateLimiter.open(root.limitWindows(), options.rates(), TimeSource.system());
            key = keys.create("test", Set.of(Scope.INFERENCE)).secret();
            metricsKey = keys.create("monitoring", Set.of(Scope.METRICS)).secret();
            ModelRegistry models = new ModelRegistry();
            models.register(model);
            edge = HttpEdge.start(
                    options, admin, new Served(models, platform), keys, limiter, audit, TimeSource.system(), timeouts);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    TestEdge(Path home, Duration pace) {
        this(home, pace, RequestLimits.DEFAULT, EdgeTimeouts.DEFAULT);
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
