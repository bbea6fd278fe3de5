package dev.redoubt.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.policy.Scope;
import dev.redoubt.serve.control.Platform;
import dev.redoubt.serve.schema.MessagePackBody;
import dev.redoubt.serve.schema.Schema;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// `/{application}` over a real socket, to handlers that run.
@SuppressWarnings("NullAway.Init")
final class ApplicationRoutesTest {
    private static final RequestLimits LIMITS = RequestLimits.DEFAULT;

    @TempDir
    private static Path home;

    private static Platform platform;
    private static TestEdge edge;
    private static String stranger;

    @BeforeAll
    static void start() throws InterruptedException {
        platform = TestApplications.platform(home);
        TestApplications.deploy(
                platform,
                TestApplications.application("test", "Front", "Greeter"),
                TestApplications.application("counting", "Counter"),
                TestApplications.application("sleeping", "Sleeper"),
                TestApplications.application("lists", "Lister"),
                TestApplications.application("stuck", "Stuck"));
        edge = TestEdge.at(home).platform(platform).start();
        stranger = key("elsewhere");
    }

    @AfterAll
    static void stop() {
        edge.close();
        platform.close();
    }

    private static String key(String application) {
        return edge.keys.create(application, Set.of(Scope.INFERENCE)).secret();
    }

    private static HttpRequest request(String path, String key, String body) {
        return HttpRequest.newBuilder(edge.uri(path))
                .header("Authorization", "Bearer " + key)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
    }

    private static HttpResponse<String> post(String path, String key, String body) {
        return edge.send(request(path, key, body));
    }

    @Test
    void aCallGoesThroughItsStagesAndBack() {
        HttpResponse<String> reply = edge.post("/test", "{\"name\":\"Ada\",\"times\":1}");
        assertThat(reply.body()).isEqualTo("{\"text\":\"Hello Ada\",\"caller\":\"test\"}");
        assertThat(reply.statusCode()).isEqualTo(200);
        assertThat(edge.post("/test/", "{\"name\":\"Ada\",\"times\":1}").statusCode())
                .isEqualTo(200);
    }

    @Test
    void R4_3_aForeignApplicationLooksLikeNone() {
        HttpResponse<String> foreign = post("/test", stranger, "{\"name\":\"Ada\",\"times\":1}");
        HttpResponse<String> none = post("/nobody", stranger, "{\"name\":\"Ada\",\"times\":1}");
        HttpResponse<String> own = post("/elsewhere", stranger, "{\"name\":\"Ada\",\"times\":1}");
        assertThat(foreign.statusCode()).isEqualTo(404);
        for (HttpResponse<String> other : List.of(none, own)) {
            assertThat(other.statusCode()).isEqualTo(foreign.statusCode());
            assertThat(other.body()).isEqualTo(foreign.body());
            assertThat(names(other)).isEqualTo(names(foreign));
        }
        assertThat(post("/test", "rdt_nobody", "{}").statusCode()).isEqualTo(401);
    }

    private static List<String> names(HttpResponse<String> reply) {
        return new ArrayList<>(reply.headers().map().keySet());
    }

    @Test
    void R3_4_R1_7_whatTheSchemaDoesNotKnowIsRefusedByName() {
        for (String[] bad : new String[][] {
            {"{\"name\":\"Ada\"}", "times"},
            {"{\"name\":\"Ada\",\"times\":1,\"more\":2}", "more"},
            {"{\"name\":7,\"times\":1}", "name"},
            {"{\"name\":\"Ada\",\"times\":1.5}", "times"},
            {"{\"name\":\"Ada\",\"times\":99999999999}", "times"},
            {"{\"name\":null,\"times\":1}", "name"}
        }) {
            HttpResponse<String> reply = edge.post("/test", bad[0]);
            assertThat(reply.statusCode()).as(bad[0]).isEqualTo(400);
            assertThat(error(reply).path("param").asString()).as(reply.body()).isEqualTo(bad[1]);
        }
        for (String bad : List.of("[]", "7", "{", "", "{\"name\":\"a\",\"name\":\"b\",\"times\":1}"))
            assertThat(edge.post("/test", bad).statusCode()).as(bad).isEqualTo(400);
    }

    private static JsonNode error(HttpResponse<String> reply) {
        return TestEdge.json(reply.body()).path("error");
    }

    @Test
    void R5_3_aFaultOfAHandlerTellsNothingButItsId() {
        HttpResponse<String> reply = edge.post("/test", "{\"name\":\"trouble\",\"times\":1}");
        assertThat(reply.statusCode()).isEqualTo(500);
        assertThat(reply.body())
                .doesNotContain("secret")
                .doesNotContain("IllegalState")
                .contains("error_id");
    }

    @Test
    void aStreamComesItemByItem() {
        HttpResponse<String> reply = post("/counting", key("counting"), "{\"count\":3}");
        assertThat(reply.body())
                .isEqualTo("data: {\"number\":1}\n\ndata: {\"number\":2}\n\ndata: {\"number\":3}\n\ndata: [DONE]\n\n");
        assertThat(reply.headers().firstValue("Content-Type")).hasValue("text/event-stream; charset=utf-8");
    }

    @Test
    void aLongStreamComesWhole() {
        HttpResponse<String> reply = post("/counting", key("counting"), "{\"count\":20000}");
        assertThat(reply.body().lines().filter(line -> line.startsWith("data: {")))
                .hasSize(20_000);
        assertThat(reply.body()).endsWith("data: {\"number\":20000}\n\ndata: [DONE]\n\n");
    }

    @Test
    void R5_4_whoLeavesStopsEveryStage() throws Exception {
        TestApplications.Sleeper.begun = new CountDownLatch(1);
        TestApplications.Sleeper.stopped = new CountDownLatch(1);
        var call = edge.client.sendAsync(
                request("/sleeping", key("sleeping"), "{\"count\":1}"), HttpResponse.BodyHandlers.ofString());
        assertThat(TestApplications.Sleeper.begun.await(20, TimeUnit.SECONDS)).isTrue();
        call.cancel(true);
        assertThat(TestApplications.Sleeper.stopped.await(20, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void R1_1_whatFindsNoPlaceIsToldToComeAgain() throws Exception {
        String key = key("sleeping");
        List<java.util.concurrent.CompletableFuture<HttpResponse<String>>> calls = new ArrayList<>();
        for (int i = 0; i < 9; i++) // four run, four wait
        calls.add(edge.client.sendAsync(
                request("/sleeping", key, "{\"count\":1}"), HttpResponse.BodyHandlers.ofString()));
        Object first = java.util.concurrent.CompletableFuture.anyOf(
                        calls.toArray(java.util.concurrent.CompletableFuture[]::new))
                .get(20, TimeUnit.SECONDS);
        HttpResponse<?> refused = (HttpResponse<?>) first;
        assertThat(refused.statusCode()).isEqualTo(503);
        assertThat(refused.headers().firstValue("Retry-After")).isPresent();
        calls.forEach(call -> call.cancel(true));
    }

    @Test
    void messagePackComesAndGoes() {
        byte[] body = MessagePackBody.write(TestEdge.json("{\"name\":\"Ada\",\"times\":1}"));
        HttpRequest request = HttpRequest.newBuilder(edge.uri("/test"))
                .header("Authorization", "Bearer " + edge.key)
                .header("Content-Type", "application/msgpack")
                .header("Accept", "application/msgpack")
                .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                .build();
        HttpResponse<byte[]> reply = edge.client
                .sendAsync(request, HttpResponse.BodyHandlers.ofByteArray())
                .join();
        assertThat(reply.statusCode()).isEqualTo(200);
        assertThat(reply.headers().firstValue("Content-Type")).hasValue("application/msgpack");
        Schema output = platform.ingress("test").orElseThrow().face().output();
        assertThat(MessagePackBody.read(reply.body(), output).toString())
                .isEqualTo("{\"text\":\"Hello Ada\",\"caller\":\"test\"}");
    }

    @Test
    void anAnswerThatIsNoTensorsIsJsonThoughTensorsAreAskedFor() {
        HttpRequest request = HttpRequest.newBuilder(edge.uri("/test"))
                .header("Authorization", "Bearer " + edge.key)
                .header("Content-Type", "application/json")
                .header("Accept", "application/vnd.safetensors")
                .POST(HttpRequest.BodyPublishers.ofString("{\"name\":\"Ada\",\"times\":1}"))
                .build();
        HttpResponse<String> reply = edge.client
                .sendAsync(request, HttpResponse.BodyHandlers.ofString())
                .join();
        assertThat(reply.statusCode()).isEqualTo(200);
        assertThat(reply.headers().firstValue("Content-Type")).hasValue("application/json");
        assertThat(reply.body()).startsWith("{\"text\":\"Hello Ada\"");
    }

    @Test
    void R3_2_aBodyOfATypeThatTheInputCannotBeIsRefusedWithThoseItCanBe() {
        for (String type : List.of("application/octet-stream", "application/vnd.safetensors", "text/plain")) {
            HttpResponse<String> reply = edge.send(HttpRequest.newBuilder(edge.uri("/test"))
                    .header("Authorization", "Bearer " + edge.key)
                    .header("Content-Type", type)
                    .POST(HttpRequest.BodyPublishers.ofString("x"))
                    .build());
            assertThat(reply.statusCode()).as(type).isEqualTo(415);
            assertThat(error(reply).path("message").asString())
                    .isEqualTo("content type must be application/json or application/msgpack");
        }
    }

    @Test
    void R4_2_aBodyCountsUntilItsCallIsOverAndLeavesRoomForOthers() throws Exception {
        String key = key("sleeping");
        String body = "{\"count\":1" + " ".repeat(100_000) + "}";
        BodyBudget bodies = edge.edge.bodies();
        await(() -> bodies.used() == 0);
        List<java.util.concurrent.CompletableFuture<HttpResponse<String>>> calls = new ArrayList<>();
        for (int i = 0; i < 8; i++) // four run, four wait
        calls.add(edge.client.sendAsync(request("/sleeping", key, body), HttpResponse.BodyHandlers.ofString()));
        await(() -> bodies.used() >= 8L * body.length());
        long rest = Runtime.getRuntime().maxMemory() / 8 - bodies.used();
        bodies.of("sleeping").take(rest);
        try {
            HttpResponse<String> refused = post("/sleeping", key, body);
            assertThat(refused.statusCode()).isEqualTo(503);
            assertThat(error(refused).path("code").asString()).isEqualTo("busy");
            assertThat(edge.post("/test", "{\"name\":\"Ada\",\"times\":1}").statusCode())
                    .isEqualTo(200);
        } finally {
            bodies.of("sleeping").give(rest);
        }
        calls.forEach(call -> call.cancel(true));
        await(() -> bodies.used() == 0);
    }

    @Test
    void R1_4_whatABodyIsMadeIntoCountsAndNotItsBytesAlone() throws Exception {
        String key = key("lists");
        BodyBudget bodies = edge.edge.bodies();
        await(() -> bodies.used() == 0);
        String many = "{\"items\":[" + "\"a\",".repeat(50_000) + "\"a\"]}";
        var call = edge.client.sendAsync(request("/lists", key, many), HttpResponse.BodyHandlers.ofString());
        await(() -> bodies.used() > 10L * many.length());
        call.cancel(true);
        await(() -> bodies.used() == 0);
    }

    private static void await(BooleanSupplier what) throws InterruptedException {
        for (int i = 0; i < 2000 && !what.getAsBoolean(); i++) new CountDownLatch(1).await(10, TimeUnit.MILLISECONDS);
        assertThat(what.getAsBoolean()).isTrue();
    }

    @Test
    void R4_2_aReplicaThatAnswersNothingHoldsUpNobodyElse() throws Exception {
        String key = key("stuck");
        List<java.util.concurrent.CompletableFuture<HttpResponse<String>>> calls = new ArrayList<>();
        for (int i = 0; i < 4; i++)
            calls.add(edge.client.sendAsync(request("/stuck", key, "{}"), HttpResponse.BodyHandlers.ofString()));
        try {
            for (int i = 0; i < 16; i++) livez(); // each on a connection of its own, so on every event loop
        } finally {
            TestApplications.Stuck.FREE.countDown();
        }
        for (var call : calls) assertThat(call.get(20, TimeUnit.SECONDS).body()).isEqualTo("\"free\"");
    }

    private static void livez() throws Exception {
        try (var other = java.net.http.HttpClient.newHttpClient()) {
            HttpRequest probe = HttpRequest.newBuilder(edge.uri("/livez"))
                    .timeout(Duration.ofSeconds(20))
                    .build();
            assertThat(other.send(probe, HttpResponse.BodyHandlers.discarding()).statusCode())
                    .isEqualTo(200);
        }
    }

    @Test
    void R3_4_theModelOfACallIsANameOrRefused() {
        HttpRequest request = HttpRequest.newBuilder(edge.uri("/test"))
                .header("Authorization", "Bearer " + edge.key)
                .header("Content-Type", "application/json")
                .header("X-Model-Id", "../else")
                .POST(HttpRequest.BodyPublishers.ofString("{\"name\":\"Ada\",\"times\":1}"))
                .build();
        HttpResponse<String> reply = edge.send(request);
        assertThat(reply.statusCode()).isEqualTo(400);
        assertThat(error(reply).path("param").asString()).isEqualTo("X-Model-Id");
    }

    @Test
    void whoMissesARouteOfTheApplicationIsToldWhereTheyStand() {
        assertThat(edge.get("/test/nowhere").body()).contains("GET /test/openapi.json lists them");
        assertThat(edge.get("/nowhere").body()).contains("GET /openapi.json lists them");
    }

    @Test
    void R3_4_aCallNamesOneModel() {
        HttpRequest request = HttpRequest.newBuilder(edge.uri("/test"))
                .header("Authorization", "Bearer " + edge.key)
                .header("Content-Type", "application/json")
                .header("X-Model-Id", "a")
                .header("X-Model-Id", "b")
                .POST(HttpRequest.BodyPublishers.ofString("{\"name\":\"Ada\",\"times\":1}"))
                .build();
        HttpResponse<String> reply = edge.send(request);
        assertThat(reply.statusCode()).isEqualTo(400);
        assertThat(error(reply).path("code").asString()).isEqualTo("duplicate_field");
    }

    @Test
    void onlyPostIsTaken() {
        assertThat(edge.get("/test").statusCode()).isEqualTo(405);
    }
}
