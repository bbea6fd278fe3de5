package dev.redoubt.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.Home;
import dev.redoubt.base.TimeSource;
import dev.redoubt.policy.Scope;
import dev.redoubt.serve.control.Outcome;
import dev.redoubt.serve.control.Platform;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.replica.Outgoing;
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
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Applications that are wanted, and of which nobody can say since a restart what they take.
@SuppressWarnings("NullAway.Init")
final class AbsentApplicationTest {
    private static final String MODEL = "small";

    @TempDir
    private static Path home;

    private static Platform platform;
    private static TestEdge edge;

    /// Its jar or model is there when it is deployed, and not afterwards.
    private record Vanishing(boolean there, Optional<String> model) implements ServantFactory {
        @Override
        public Interface describe(DeploymentSpec spec) throws RuntimeRefusal {
            if (!there) throw new RuntimeRefusal("there is no such file");
            return new Interface(new Schema.Text(), new Schema.Text(), false, List.of());
        }

        @Override
        public Optional<String> languageModel(DeploymentSpec spec) {
            return model;
        }

        @Override
        public Servant start(String application, DeploymentSpec spec, String replicaId, Outgoing outgoing)
                throws RuntimeRefusal {
            throw new RuntimeRefusal("there is no such file");
        }
    }

    @BeforeAll
    static void start() {
        try (Platform before = platform(true)) {
            for (String name : List.of("handler", "model"))
                assertThat(before.deploy(application(name))).isInstanceOf(Outcome.Accepted.class);
        }
        platform = platform(false);
        edge = TestEdge.at(home).platform(platform).start();
    }

    @AfterAll
    static void stop() {
        edge.close();
        platform.close();
    }

    private static Platform platform(boolean there) {
        return Platform.open(new Platform.Setup(
                new Home(home.toAbsolutePath()),
                Resources.of(4, 4L << 30),
                Map.of(
                        "handler",
                        new Vanishing(there, Optional.empty()),
                        "model",
                        new Vanishing(there, Optional.of(MODEL))),
                Set.of(),
                (spec, interfaces) -> List.of(),
                (application, deployment) -> new OngoingPolicy(),
                (change, application, version, reason) -> {},
                TimeSource.system()));
    }

    private static ApplicationSpec application(String kind) {
        return new ApplicationSpec(
                kind,
                "Front",
                Resources.of(1, 1L << 30),
                List.of(new DeploymentSpec(
                        "Front",
                        new RuntimeSpec(kind, Map.of()),
                        Isolation.THREAD,
                        Resources.of(0.1, 16L << 20),
                        4,
                        4,
                        new Scale.Fixed(1),
                        HealthCheck.DEFAULT,
                        Timeouts.DEFAULT,
                        DeploymentSpec.NO_USER_CONFIG)));
    }

    private static HttpResponse<String> ask(String application, String method, String path, String body) {
        String key = edge.keys.create(application, Set.of(Scope.INFERENCE)).secret();
        return edge.send(HttpRequest.newBuilder(edge.uri(path))
                .header("Authorization", "Bearer " + key)
                .header("Content-Type", "application/json")
                .method(
                        method,
                        body.isEmpty()
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofString(body))
                .build());
    }

    private static void assertUnavailable(HttpResponse<String> reply) {
        assertThat(reply.statusCode()).as(reply.body()).isEqualTo(503);
        assertThat(reply.body()).contains("deployment_unavailable", "'Front'");
        assertThat(reply.headers().firstValueAsLong("Retry-After")).hasValue(30);
    }

    @Test
    void itsOwnCallersAreToldToComeAgain() {
        assertUnavailable(ask("handler", "POST", "/handler", "\"word\""));
        assertUnavailable(ask("handler", "GET", "/handler/below/it", ""));
        assertUnavailable(ask("handler", "GET", "/handler/openapi.json", ""));
    }

    @Test
    void aModelIsUnavailableByItsName() {
        String chat = "{\"model\":\"%s\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";
        assertUnavailable(ask("model", "POST", "/v1/chat/completions", chat.formatted(MODEL)));
        assertUnavailable(ask("model", "GET", "/v1/models/" + MODEL, ""));
        assertThat(ask("model", "POST", "/v1/chat/completions", chat.formatted(TestEdge.MODEL))
                        .statusCode())
                .as("the server's")
                .isEqualTo(200);
        assertThat(ask("model", "POST", "/v1/chat/completions", chat.formatted("another"))
                        .statusCode())
                .isEqualTo(404);
        assertThat(ask("model", "POST", "/model", "\"word\"").statusCode()).isEqualTo(404);
    }

    @Test
    void R4_3_toOthersNoneOfThemExists() {
        HttpResponse<String> none = ask("elsewhere", "POST", "/nobody", "\"word\"");
        HttpResponse<String> foreign = ask("elsewhere", "POST", "/handler", "\"word\"");
        assertThat(foreign.statusCode()).isEqualTo(404);
        assertThat(foreign.body()).isEqualTo(none.body());
        assertThat(ask("elsewhere", "GET", "/v1/models/" + MODEL, "").statusCode())
                .isEqualTo(404);
    }
}
