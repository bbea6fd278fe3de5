package dev.redoubt.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.redoubt.gateway.fields.FieldTable;
import dev.redoubt.policy.Scope;
import dev.redoubt.policy.limit.RateLimits;
import java.io.IOException;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// How often a caller may ask, over sockets.
final class RatesTest {
    private static final String ONE = "{\"prompt\":\"x\",\"max_tokens\":1}";

    @TempDir
    Path home;

    @SuppressWarnings("NullAway.Init") // each test starts its own
    private TestEdge edge;

    private final List<RawClient> clients = new ArrayList<>();

    @AfterEach
    void stop() throws IOException {
        for (RawClient client : clients) client.close();
        if (edge != null) edge.close();
    }

    @Test
    void V3_4_sixtyRequestsAreAnsweredAndThe61stIsToldHowLong() {
        start(RateLimits.DEFAULT);
        long first = System.nanoTime();
        for (int i = 1; i <= 60; i++) {
            HttpResponse<String> reply = i % 3 == 0
                    ? edge.post("/tokenize", "{\"prompt\":\"x\"}")
                    : edge.post("/generate", i % 3 == 1 ? ONE : "{"); // malformed ones have been read, and count
            assertThat(reply.statusCode()).as("request %s", i).isEqualTo(i % 3 == 2 ? 400 : 200);
            assertThat(reply.headers().firstValue("x-ratelimit-remaining-requests"))
                    .contains(Integer.toString(60 - i));
        }
        HttpResponse<String> refused = edge.post("/generate", ONE);
        long since = System.nanoTime() - first;
        assertThat(refused.statusCode()).isEqualTo(429);
        assertThat(refused.body()).contains("rate_limit_exceeded", "60 requests per minute");
        long wait = Long.parseLong(header(refused, "retry-after-ms"));
        assertThat(Duration.ofMillis(wait).toNanos())
                .isBetween(
                        Duration.ofSeconds(60).toNanos() - since - 1_000_000,
                        Duration.ofSeconds(60).toNanos());
        assertThat(header(refused, "retry-after")).isEqualTo(Long.toString(Math.ceilDiv(wait, 1000)));
        assertThat(header(refused, "x-ratelimit-remaining-requests")).isEqualTo("0");
        assertThat(edge.get("/v1/models").statusCode()).as("a read").isEqualTo(200);
    }

    @Test
    void V3_4_theWindowIsTheKeysAndSurvivesARestart() {
        start(rates(2, 100_000, 16));
        assertThat(edge.post("/generate", ONE).statusCode()).isEqualTo(200);
        assertThat(edge.post("/generate", ONE).statusCode()).isEqualTo(200);
        String key = edge.key;
        edge.close();
        start(rates(2, 100_000, 16));
        assertThat(edge.post("/generate", ONE).statusCode()).as("a new key").isEqualTo(200);
        assertThat(edge.send(as(key, "/generate", ONE)).statusCode())
                .as("the old one")
                .isEqualTo(429);
    }

    @Test
    void V3_4_repliesTellWhatIsLeftInTheFormOfOpenAi() {
        start(rates(60, 100_000, 16));
        HttpHeaders reply = edge.post("/generate", ONE).headers();
        assertThat(reply.firstValue("x-ratelimit-limit-requests")).contains("60");
        assertThat(reply.firstValue("x-ratelimit-remaining-requests")).contains("59");
        assertThat(reply.firstValue("x-ratelimit-reset-requests").orElseThrow()).matches("1m0s|5\\d(\\.\\d{1,3})?s");
        assertThat(reply.firstValue("x-ratelimit-limit-tokens")).contains("100000");
        assertThat(Integer.parseInt(
                        reply.firstValue("x-ratelimit-remaining-tokens").orElseThrow()))
                .isBetween(
                        99_996,
                        99_998); // one token of prompt and one of answer; two more before the answer was counted
        assertThat(reply.firstValue("x-ratelimit-reset-tokens").orElseThrow()).matches("1m0s|5\\d(\\.\\d{1,3})?s");
        assertThat(edge.get("/v1/models").headers().map().keySet()).noneMatch(name -> name.startsWith("x-ratelimit"));
    }

    @Test
    void V3_4_tokensThatWereNotUsedAreGivenBack() {
        start(rates(60, 1000, 16));
        // reserved: 3 + 900; used: 1 + 900
        assertThat(edge.post("/generate", "{\"prompt\":\"x\",\"max_tokens\":900}")
                        .statusCode())
                .isEqualTo(200);
        awaitTokens("99");
        HttpResponse<String> refused = edge.post("/generate", "{\"prompt\":\"x\",\"max_tokens\":97}");
        assertThat(refused.statusCode()).isEqualTo(429);
        assertThat(refused.body()).contains("rate_limit_exceeded", "1000 tokens per minute");
        assertThat(Long.parseLong(header(refused, "retry-after-ms"))).isBetween(50_000L, 60_000L);
        assertThat(edge.post("/generate", "{\"prompt\":\"x\",\"max_tokens\":96}")
                        .statusCode())
                .isEqualTo(200);
        HttpResponse<String> never = edge.post("/generate", "{\"prompt\":\"x\",\"max_tokens\":998}");
        assertThat(never.statusCode()).isEqualTo(400);
        assertThat(never.body()).contains("request_over_token_limit");
    }

    @Test
    void V3_4_aCallerWhoLeavesPaysForWhatWasComputedAndNoMore() throws IOException {
        start(Duration.ofMillis(5), rates(60, 10_000, 16));
        RawClient client = hang("x", 2000);
        assertThat(within(() -> edge.model.steps.get() > 20)).isTrue();
        client.close();
        assertThat(within(() -> edge.limiter.ongoing() == 0)).isTrue();
        long left = edge.limiter
                .quota(edge.keys.authenticate(edge.key).orElseThrow())
                .orElseThrow()
                .tokensRemaining();
        assertThat(left).isBetween(9_000L, 9_990L);
    }

    @Test
    void V3_4_aRefusalByTheModelTakesNoTokens() {
        start(rates(60, 1000, 16));
        assertThat(edge.post("/generate", "{\"prompt\":\"!full\",\"max_tokens\":900}")
                        .statusCode())
                .isEqualTo(429);
        awaitTokens("1000");
    }

    @Test
    void V3_4_streamsAreBoundedAndTheirPlacesComeBack() throws IOException {
        start(rates(60, 100_000, 16));
        for (int i = 0; i < 16; i++) hang("!hang", 1);
        assertThat(within(() -> edge.model.running() == 16)).isTrue();
        HttpResponse<String> refused = edge.post("/generate", ONE);
        assertThat(refused.statusCode()).isEqualTo(429);
        assertThat(refused.body()).contains("rate_limit_exceeded", "16 requests of a key at once");
        assertThat(header(refused, "retry-after")).isEqualTo("1");
        assertThat(header(refused, "x-ratelimit-remaining-requests")).isEqualTo("44");
        clients.removeLast().close();
        assertThat(within(() -> edge.limiter.ongoing() == 15)).isTrue();
        assertThat(edge.post("/generate", ONE).statusCode()).isEqualTo(200);
    }

    @Test
    void V3_4_everyEndOfARequestGivesItsPlaceBack() throws IOException {
        start(TestEdge.GENEROUS);
        for (String body :
                List.of(ONE, "{", "{\"prompt\":\"!throw\"}", "{\"prompt\":\"!full\"}", "{\"prompt\":\"!late\"}"))
            edge.post("/generate", body);
        edge.post("/v1/completions", "{\"model\":\"scripted\",\"prompt\":\"!break\",\"stream\":true}");
        edge.get("/generate"); // 405
        edge.send(as(edge.key, "/generate?x=1", ONE)); // a query
        try (RawClient client = new RawClient(edge)) { // left in the middle of its body
            client.send(client.post("/generate") + "Content-Length: 100\r\n\r\n{");
            assertThat(within(() -> edge.limiter.ongoing() > 0)).isTrue();
        }
        try (RawClient client = new RawClient(edge)) {
            client.send(client.post("/generate") + "Transfer-Encoding: chunked\r\n\r\nx\r\n"); // no size of a chunk
        }
        assertThat(within(() -> edge.limiter.ongoing() == 0)).isTrue();
    }

    @Test
    void R1_1_request101IsToldToComeAgain() throws IOException {
        RateLimits d = TestEdge.GENEROUS;
        start(new RateLimits(d.requestsPerMinute(), d.tokensPerMinute(), 1000, 1000, 100, 6000, 6000));
        for (int i = 0; i < 99; i++) hang("!hang", 1);
        assertThat(within(() -> edge.limiter.ongoing() == 99)).isTrue();
        hang("!hang", 1);
        assertThat(within(() -> edge.limiter.ongoing() == 100 && edge.model.running() == 100))
                .isTrue();
        HttpResponse<String> refused = edge.post("/generate", ONE);
        assertThat(refused.statusCode()).isEqualTo(503);
        assertThat(refused.body()).contains("overloaded", "100");
        assertThat(header(refused, "retry-after")).isEqualTo("1");
        clients.removeLast().close();
        assertThat(within(() -> edge.limiter.ongoing() == 99)).isTrue();
        assertThat(edge.post("/generate", ONE).statusCode()).isEqualTo(200);
    }

    @Test
    void readsAreBoundedToo() {
        start(new RateLimits(60, 1000, 16, 64, 100, 4, 600));
        assertThat(edge.get("/v1/models").statusCode()).isEqualTo(200);
        assertThat(edge.get("/openapi.json").statusCode()).isEqualTo(200);
        assertThat(edge.get("/nothing").statusCode()).isEqualTo(404);
        assertThat(edge.get("/metrics").statusCode()).isEqualTo(403);
        assertThat(edge.get("/nothing").statusCode()).isEqualTo(429);
        assertThat(edge.get("/livez").statusCode()).isEqualTo(200);
        assertThat(edge.post("/generate", ONE).statusCode()).isEqualTo(200);
    }

    @Test
    void V5_3_failuresOfAnAddressAreBoundedAndLockNobodyOut() {
        start(new RateLimits(60, 1000, 16, 64, 100, 600, 3));
        for (int i = 0; i < 3; i++)
            assertThat(edge.send(as("rdt_" + "A".repeat(43), "/generate", ONE)).statusCode())
                    .isEqualTo(401);
        HttpResponse<String> refused = edge.send(as("rdt_" + "A".repeat(43), "/generate", ONE));
        assertThat(refused.statusCode()).isEqualTo(429);
        assertThat(Long.parseLong(header(refused, "retry-after-ms"))).isBetween(15_000L, 20_000L);
        assertThat(edge.post("/generate", ONE).statusCode()).as("a valid key").isEqualTo(200);
    }

    @Test
    void R4_3_aForeignKeyGetsTheBytesOfAnUnknownOne() throws IOException {
        edge = TestEdge.at(home).applications("test", "monitoring").start();
        String foreign = edge.keys.create("bank", Set.of(Scope.INFERENCE)).secret();
        var disabled = edge.keys.create("test", Set.of(Scope.INFERENCE));
        edge.keys.disable(disabled.keyId());
        String unknown = raw("rdt_" + "A".repeat(43));
        assertThat(unknown).startsWith("HTTP/1.1 401");
        assertThat(raw(foreign)).isEqualTo(unknown);
        assertThat(raw(disabled.secret())).isEqualTo(unknown);
        assertThat(edge.post("/generate", ONE).statusCode()).isEqualTo(200);
    }

    @Test
    void R4_4_aRouteWithoutAPolicyDoesNotStart() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new RouteTable(List.of(without(new Route.Handling.Probe(() -> 200))), "/"))
                .withMessageContaining("/forgotten has no policy");
        Route open = new Route(
                new Access.Open(), "/open", new Route.Handling.Get((exchange, none) -> {}), "open to anybody");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new RouteTable(List.of(open), "/"))
                .withMessageContaining("/open is open and no probe");
        Route openPost = new Route(
                new Access.Open(),
                "/open",
                new Route.Handling.Post(new FieldTable(List.of(), Set.of()), (exchange, body) -> {}),
                "open to anybody");
        assertThatIllegalArgumentException().isThrownBy(() -> new RouteTable(List.of(openPost), "/"));
    }

    @Test
    void whoeverIsToldOfTheEndIsToldHowLongItTakes() throws Exception {
        start(Duration.ofMillis(10), TestEdge.GENEROUS);
        try (RawClient late = new RawClient(edge)) {
            late.send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").reply(); // connected before the end
            hang("!hang", 1);
            assertThat(within(() -> edge.model.running() == 1)).isTrue();
            Thread closing = Thread.ofPlatform().start(() -> edge.edge.close());
            RawClient.Reply reply;
            long end = System.nanoTime() + Duration.ofSeconds(5).toNanos();
            do
                reply = late.sendPlain("/generate", "{".getBytes(StandardCharsets.US_ASCII))
                        .reply();
            while (reply.status() == 400 && System.nanoTime() < end);
            if (reply.status() != 0) { // else the connection was closed first, which says it as well
                assertThat(reply.status()).isEqualTo(503);
                assertThat(reply.header("Retry-After")).isEqualTo("10");
            }
            for (RawClient client : clients) client.close();
            closing.join();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "0,0s",
        "1,1ms",
        "250000000,250ms",
        "250000001,251ms",
        "999999999,1s",
        "1000000000,1s",
        "1500000000,1.5s",
        "59940000000,59.94s",
        "60000000000,1m0s",
        "61250000000,1m1.25s",
        "360000000000,6m0s"
    })
    void durationsAreWrittenAsOpenAiWritesThem(long nanos, String text) {
        assertThat(RateHeaders.duration(Duration.ofNanos(nanos))).isEqualTo(text);
    }

    @SuppressWarnings("NullAway") // the mistake that must not start
    private static Route without(Route.Handling handling) {
        return new Route(null, "/forgotten", handling, "nobody thought of it");
    }

    private void start(RateLimits rates) {
        start(Duration.ZERO, rates);
    }

    private void start(Duration pace, RateLimits rates) {
        edge = TestEdge.at(home).pace(pace).rates(rates).start();
    }

    private static RateLimits rates(int requests, int tokens, int streams) {
        return new RateLimits(requests, tokens, streams, 64, 100, 600, 600);
    }

    /// A request that goes on until its connection is closed.
    private RawClient hang(String prompt, int maxTokens) throws IOException {
        RawClient client = new RawClient(edge);
        clients.add(client);
        String body = "{\"model\":\"scripted\",\"prompt\":\"" + prompt + "\",\"max_tokens\":" + maxTokens
                + ",\"stream\":true}";
        return client.sendPlain("/v1/completions", body.getBytes(StandardCharsets.UTF_8));
    }

    private HttpRequest as(String key, String path, String body) {
        return HttpRequest.newBuilder(edge.uri(path))
                .header("Authorization", "Bearer " + key)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
    }

    /// All bytes of a reply but the request's id.
    private String raw(String key) throws IOException {
        try (RawClient client = new RawClient(edge)) {
            RawClient.Reply reply = client.send(
                            "GET /v1/models HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + key + "\r\n\r\n")
                    .reply();
            return (reply.head() + reply.body()).replaceFirst("(?i)x-request-id: \\S+", "x-request-id: -");
        }
    }

    private static String header(HttpResponse<String> reply, String name) {
        return reply.headers().firstValue(name).orElseThrow();
    }

    private void awaitTokens(String left) {
        var caller = edge.keys.authenticate(edge.key).orElseThrow();
        assertThat(within(() -> Long.toString(
                                edge.limiter.quota(caller).orElseThrow().tokensRemaining())
                        .equals(left)))
                .isTrue();
    }

    private static boolean within(BooleanSupplier condition) {
        long end = System.nanoTime() + Duration.ofSeconds(5).toNanos();
        while (System.nanoTime() < end) {
            if (condition.getAsBoolean()) return true;
            LockSupport.parkNanos(5_000_000);
        }
        return condition.getAsBoolean();
    }
}
