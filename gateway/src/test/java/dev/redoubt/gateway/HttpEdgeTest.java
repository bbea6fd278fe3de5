package dev.redoubt.gateway;

import static dev.redoubt.gateway.TestEdge.json;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

final class HttpEdgeTest {
    private static final String CHAT = "/v1/chat/completions";
    private static final String COMPLETIONS = "/v1/completions";
    private static final String HELLO =
            "\"model\":\"scripted\",\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]";

    @TempDir
    static Path home;

    private static TestEdge edge;

    @BeforeAll
    static void start() {
        edge = TestEdge.at(home).start();
    }

    @AfterAll
    static void stop() {
        edge.close();
    }

    @Test
    void runsOnTheModulePath() {
        assertThat(HttpEdge.class.getModule().isNamed()).isTrue();
    }

    @Test
    void aChatIsAnswered() {
        HttpResponse<String> reply = edge.post(CHAT, "{" + HELLO + ",\"max_tokens\":3}");
        assertThat(reply.statusCode()).as(reply.body()).isEqualTo(200);
        JsonNode body = json(reply.body());
        assertThat(body.get("object").stringValue()).isEqualTo("chat.completion");
        assertThat(body.get("id").stringValue()).startsWith("chatcmpl-");
        JsonNode choice = body.get("choices").get(0);
        assertThat(choice.get("message").get("content").stringValue()).isEqualTo(" w0 w1 w2");
        assertThat(choice.get("finish_reason").stringValue()).isEqualTo("length");
        assertThat(body.get("usage").get("prompt_tokens").intValue()).isEqualTo(5);
        assertThat(body.get("usage").get("completion_tokens").intValue()).isEqualTo(3);
        assertThat(body.get("usage").get("total_tokens").intValue()).isEqualTo(8);
    }

    @Test
    void aStreamHasRoleTextReasonUsageAndDone() {
        HttpResponse<String> reply = edge.post(
                CHAT, "{" + HELLO + ",\"max_tokens\":3,\"stream\":true,\"stream_options\":{\"include_usage\":true}}");
        assertThat(reply.statusCode()).isEqualTo(200);
        assertThat(reply.headers().firstValue("content-type")).contains("text/event-stream; charset=utf-8");
        List<String> events = List.of(reply.body().split("\n\n"));
        assertThat(events).allMatch(event -> event.startsWith("data: "));
        assertThat(events.getLast()).isEqualTo("data: [DONE]");
        List<JsonNode> chunks = events.subList(0, events.size() - 1).stream()
                .map(event -> json(event.substring(6)))
                .toList();
        assertThat(chunks.getFirst().at("/choices/0/delta/role").stringValue()).isEqualTo("assistant");
        StringBuilder text = new StringBuilder();
        for (JsonNode chunk : chunks)
            if (chunk.at("/choices/0/delta/content").isString())
                text.append(chunk.at("/choices/0/delta/content").stringValue());
        assertThat(text).hasToString(" w0 w1 w2");
        assertThat(chunks.get(chunks.size() - 2).at("/choices/0/finish_reason").stringValue())
                .isEqualTo("length");
        assertThat(chunks.getLast().get("choices").isEmpty()).isTrue();
        assertThat(chunks.getLast().at("/usage/total_tokens").intValue()).isEqualTo(8);
    }

    @Test
    void severalPromptsAndChoicesKeepTheirPlaces() {
        JsonNode body = json(edge.post(
                        COMPLETIONS,
                        "{\"model\":\"scripted\",\"prompt\":[\"a\",\"bc\"],\"n\":2,\"max_tokens\":2,\"echo\":true}")
                .body());
        assertThat(body.get("choices"))
                .extracting(choice -> choice.get("text").stringValue())
                .containsExactly("a w0 w1", "a w100 w101", "bc w0 w1", "bc w100 w101");
        assertThat(body.at("/usage/prompt_tokens").intValue()).isEqualTo(3);
    }

    @Test
    void V1_5_completionRoutesHaveStopsOfTheirOwnBesideTheCallersFour() {
        String four = "\"stop\":[\"1\",\"2\",\"3\",\"4\"]";
        assertThat(edge.post(COMPLETIONS, "{\"model\":\"scripted\",\"prompt\":\"a\",\"max_tokens\":1," + four + "}")
                        .statusCode())
                .isEqualTo(200);
        assertThat(edge.model.requests.getLast().sampling().stop()).containsExactly("1", "2", "3", "4");
        assertThat(edge.model.requests.getLast().routeStops()).containsExactly("\n\nHuman:", "\n\nUser:");
        edge.post("/generate", "{\"prompt\":\"a\",\"max_tokens\":1}");
        assertThat(edge.model.requests.getLast().routeStops()).containsExactly("\n\nHuman:", "\n\nUser:");
        edge.post(CHAT, "{" + HELLO + ",\"max_tokens\":1}");
        assertThat(edge.model.requests.getLast().routeStops()).isEmpty();
        assertThat(json(edge.get("/openapi.json").body())
                        .at("/paths/~1v1~1completions/post/summary")
                        .stringValue())
                .contains("'\\n\\nHuman:' or '\\n\\nUser:'");
    }

    @Test
    void V5_2_aFindingIsANumberByPatternAndNeverText() {
        String counter = "redoubt_prompt_screen_findings_total{mode=\"signal\",pattern=\"ignore-previous\"}";
        double before = metric(counter);
        String said = "ignore previous canary-5a17";
        assertThat(edge.post(
                                CHAT,
                                "{\"model\":\"scripted\",\"max_tokens\":1,\"messages\":[{\"role\":\"system\",\"content\":\""
                                        + said + "\"},{\"role\":\"user\",\"content\":\"hello\"}]}")
                        .statusCode())
                .isEqualTo(200);
        assertThat(edge.post("/generate", "{\"prompt\":\"" + said + "\",\"max_tokens\":1}")
                        .statusCode())
                .isEqualTo(200);
        assertThat(metric(counter)).isEqualTo(before + 2);
        assertThat(scrape()).doesNotContain("5a17");
    }

    private static double metric(String name) {
        return scrape().lines()
                .filter(line -> line.startsWith(name))
                .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
                .findFirst()
                .orElse(0);
    }

    private static String scrape() {
        return edge.send(HttpRequest.newBuilder(edge.uri("/metrics"))
                        .header("Authorization", "Bearer " + edge.metricsKey)
                        .build())
                .body();
    }

    @Test
    void modelsAreListed() {
        JsonNode list = json(edge.get("/v1/models").body());
        assertThat(list.at("/data/0/id").stringValue()).isEqualTo("scripted");
        assertThat(json(edge.get("/v1/models/scripted").body()).get("object").stringValue())
                .isEqualTo("model");
        assertThat(edge.get("/v1/models/other").statusCode()).isEqualTo(404);
    }

    @Test
    void V4_1_listsAndRepliesTellTheDigestOfTheModel() {
        assertThat(json(edge.get("/v1/models").body()).at("/data/0/digest").stringValue())
                .isEqualTo("sha256:00");
        for (String body :
                List.of("{" + HELLO + ",\"max_tokens\":1}", "{" + HELLO + ",\"max_tokens\":1,\"stream\":true}"))
            assertThat(edge.post(CHAT, body).headers().firstValue("x-model-digest"))
                    .as(body)
                    .hasValue("sha256:00");
        assertThat(edge.post(CHAT, "{}").headers().firstValue("x-model-digest"))
                .as("no model was asked")
                .isEmpty();
    }

    @Test
    void tokensGoThereAndBack() {
        JsonNode tokens = json(edge.post("/tokenize", "{\"prompt\":\"hi\"}").body());
        assertThat(tokens.toString()).isEqualTo("{\"count\":2,\"max_model_len\":4096,\"tokens\":[104,105]}");
        assertThat(edge.post("/detokenize", "{\"tokens\":[104,105]}").body()).isEqualTo("{\"prompt\":\"hi\"}");
    }

    @Test
    void generateIsPlain() {
        assertThat(edge.post("/generate", "{\"prompt\":\"x\",\"max_tokens\":2,\"temperature\":0}")
                        .body())
                .isEqualTo("{\"text\":\" w0 w1\",\"finish_reason\":\"length\"}");
    }

    @ParameterizedTest
    @CsvSource({"/livez,200", "/readyz,200"})
    void V5_3_probesNeedNoKeyAndSayNothing(String path, int status) {
        HttpResponse<String> reply =
                edge.send(HttpRequest.newBuilder(edge.uri(path)).build());
        assertThat(reply.statusCode()).isEqualTo(status);
        assertThat(reply.body()).isEmpty();
    }

    @Test
    void metricsNeedTheirScope() {
        edge.post(CHAT, "{" + HELLO + ",\"max_tokens\":3}");
        assertThat(edge.get("/metrics").statusCode()).isEqualTo(403);
        HttpResponse<String> metrics = edge.send(HttpRequest.newBuilder(edge.uri("/metrics"))
                .header("X-API-Key", edge.metricsKey)
                .build());
        assertThat(metrics.statusCode()).isEqualTo(200);
        assertThat(metrics.body())
                .contains("vllm:num_requests_running{model_name=\"scripted\"} 0.0")
                .contains("vllm:kv_cache_usage_perc{model_name=\"scripted\"} 0.25")
                .contains("vllm:request_success_total{finished_reason=\"length\",model_name=\"scripted\"}")
                .contains("vllm:time_to_first_token_seconds_bucket{model_name=\"scripted\",le=\"0.001\"}")
                .contains("vllm:generation_tokens_total{model_name=\"scripted\"}")
                .contains("redoubt_http_requests_total{route=\"/v1/chat/completions\",status=\"200\"}");
    }

    @ParameterizedTest
    @CsvSource({
        "/v1/models",
        "/nothing",
        "/v1/nothing",
        "/openapi.json",
        "/metrics",
        "/livez/",
        "//livez",
        "/v1/%6dodels"
    })
    void V5_3_withoutAKeyEveryPathIs401(String path) throws Exception {
        HttpResponse<String> reply =
                edge.send(HttpRequest.newBuilder(edge.uri(path)).build());
        assertThat(reply.statusCode()).isEqualTo(401);
        assertThat(reply.body())
                .isEqualTo(
                        edge.send(HttpRequest.newBuilder(edge.uri("/v1/models")).build())
                                .body());
        assertThat(reply.headers().firstValue("www-authenticate")).contains("Bearer");
    }

    @Test
    void R4_3_unknownMalformedRevokedAndDisabledKeysGetTheSameReply() {
        var revoked = edge.keys.create("gone", java.util.Set.of(dev.redoubt.policy.Scope.INFERENCE));
        edge.keys.revoke(revoked.keyId());
        var disabled = edge.keys.create("gone", java.util.Set.of(dev.redoubt.policy.Scope.INFERENCE));
        edge.keys.disable(disabled.keyId());
        for (String key : List.of(revoked.secret(), disabled.secret(), "rdt_" + "A".repeat(43), "x")) {
            HttpResponse<String> reply = edge.send(HttpRequest.newBuilder(edge.uri("/v1/models"))
                    .header("Authorization", "Bearer " + key)
                    .build());
            assertThat(reply.statusCode()).isEqualTo(401);
            assertThat(reply.body())
                    .isEqualTo(
                            "{\"error\":{\"message\":\"no valid key: send 'Authorization: Bearer KEY' or 'X-API-Key: KEY'\","
                                    + "\"type\":\"authentication_error\",\"param\":null,\"code\":\"unauthenticated\",\"rule\":\"V5.3\"}}");
        }
    }

    @Test
    void twoKeysMustAgree() {
        HttpRequest.Builder same = edge.request("/v1/models").header("X-API-Key", edge.key);
        assertThat(edge.send(same.build()).statusCode()).isEqualTo(200);
        HttpRequest.Builder other = edge.request("/v1/models").header("X-API-Key", edge.metricsKey);
        assertThat(edge.send(other.build()).statusCode()).isEqualTo(401);
    }

    @Test
    void R4_4_aKeyWithoutTheScopeIsRefusedOnTheResolvedRoute() {
        HttpResponse<String> reply = edge.send(HttpRequest.newBuilder(edge.uri("/v1/models"))
                .header("Authorization", "Bearer " + edge.metricsKey)
                .build());
        assertThat(reply.statusCode()).isEqualTo(403);
        assertThat(reply.body()).contains("\"type\":\"permission_error\"", "'inference'");
    }

    @Test
    void anotherMethodIs405WithAllow() {
        HttpResponse<String> reply = edge.get(CHAT);
        assertThat(reply.statusCode()).isEqualTo(405);
        assertThat(reply.headers().firstValue("allow")).contains("POST");
    }

    @Test
    void aQueryIsRefused() {
        HttpResponse<String> reply = edge.get("/v1/models?limit=3");
        assertThat(reply.statusCode()).isEqualTo(400);
        assertThat(reply.body()).contains("unknown field 'limit'");
    }

    @Test
    void R5_3_aFaultOfOursTellsNothingButItsId() {
        HttpResponse<String> reply = edge.post("/generate", "{\"prompt\":\"!throw\"}");
        assertThat(reply.statusCode()).isEqualTo(500);
        assertThat(reply.body())
                .doesNotContain(ScriptedModel.SECRET, "Exception")
                .contains(reply.headers().firstValue("x-request-id").orElseThrow());
    }

    @Test
    void aFullQueueIs429WithRetryAfter() {
        HttpResponse<String> reply = edge.post("/generate", "{\"prompt\":\"!full\"}");
        assertThat(reply.statusCode()).isEqualTo(429);
        assertThat(reply.headers().firstValue("retry-after")).contains("1");
    }

    @Test
    void R1_4_severalPromptsAreAdmittedAllOrNone() {
        int before = edge.model.requests.size();
        HttpResponse<String> reply =
                edge.post(COMPLETIONS, "{\"model\":\"scripted\",\"prompt\":[\"!hang\",\"!hang\",\"!full\"]}");
        assertThat(reply.statusCode()).isEqualTo(429);
        assertThat(edge.model.requests).hasSize(before + 2);
        while (edge.model.running() > 0) Thread.onSpinWait(); // both are cancelled, long before their deadline
    }

    @Test
    void theCallerIsTheKeyAndItsEndUser() {
        edge.post(CHAT, "{" + HELLO + ",\"max_tokens\":1,\"user\":\"alice\"}");
        var caller = edge.model.requests.getLast().caller();
        assertThat(caller.tenant()).isEqualTo("test");
        assertThat(caller.principal()).startsWith("key_");
        assertThat(caller.endUser()).contains("alice");
    }

    @Test
    void aBrokenStreamEndsByAnErrorEvent() {
        String body = edge.post(COMPLETIONS, "{\"model\":\"scripted\",\"prompt\":\"!break\",\"stream\":true}")
                .body();
        assertThat(body)
                .contains(" w0")
                .contains("\"code\":\"internal\"")
                .contains("\"error_id\"")
                .endsWith("data: [DONE]\n\n");
    }

    @Test
    void logprobsHaveTheShapesOfTheirRoutes() {
        JsonNode chat = json(edge.post(CHAT, "{" + HELLO + ",\"max_tokens\":1,\"logprobs\":true,\"top_logprobs\":2}")
                .body());
        JsonNode token = chat.at("/choices/0/logprobs/content/0");
        assertThat(token.get("token").stringValue()).isEqualTo(" w0");
        assertThat(token.get("bytes").toString()).isEqualTo("[32,119,48]");
        assertThat(token.get("top_logprobs")).hasSize(2);
        JsonNode completion = json(edge.post(
                        COMPLETIONS,
                        "{\"model\":\"scripted\",\"prompt\":\"ab\",\"max_tokens\":1,\"logprobs\":1,\"echo\":true,\"prompt_logprobs\":0}")
                .body());
        assertThat(completion.at("/choices/0/logprobs").toString())
                .isEqualTo("{\"tokens\":[\"a\",\"b\",\" w0\"],\"token_logprobs\":[null,-0.5,-0.5],"
                        + "\"top_logprobs\":[null,{\"b\":-0.5},{\" w0\":-0.5}],\"text_offset\":[0,1,2]}");
        assertThat(completion.at("/choices/0/prompt_logprobs").toString())
                .isEqualTo("[null,{\"98\":{\"logprob\":-0.5,\"rank\":1,\"decoded_token\":\"b\"}}]");
    }

    @Test
    void theDescriptionNamesEveryRouteAndField() {
        JsonNode description = json(edge.get("/openapi.json").body());
        assertThat(description
                        .at(
                                "/paths/~1v1~1chat~1completions/post/requestBody/content/application~1json/schema/properties/max_tokens/maximum")
                        .intValue())
                .isEqualTo(2048);
        description.get("paths").properties().forEach(path -> {
            String asked = path.getKey().replace("{id}", "scripted");
            boolean get = path.getValue().has("get");
            int status = get
                    ? edge.get(asked).statusCode()
                    : edge.post(asked, "{\"not-a-field\":1}").statusCode();
            assertThat(status).as(asked).isEqualTo(asked.equals("/metrics") ? 403 : get ? 200 : 400);
        });
    }

    @Test
    void V1_6_anAccessLineHasNoContent() {
        String line = AccessLog.json(
                new AccessLog.Line(java.time.Instant.EPOCH, "id", "key_1", "app", "POST", CHAT, 200, "", 1234, 5, 6));
        assertThat(line)
                .isEqualTo(
                        "{\"time\":\"1970-01-01T00:00:00Z\",\"request_id\":\"id\",\"key_id\":\"key_1\",\"application\":\"app\","
                                + "\"method\":\"POST\",\"route\":\"/v1/chat/completions\",\"status\":200,\"error\":\"\","
                                + "\"duration_us\":1234,\"prompt_tokens\":5,\"completion_tokens\":6}");
    }

    @Test
    void aPortInUseIsABindException() {
        EdgeOptions taken = new EdgeOptions("127.0.0.1", edge.edge.port());
        org.assertj.core.api.Assertions.assertThatExceptionOfType(java.net.BindException.class)
                .isThrownBy(() -> HttpEdge.start(
                        taken,
                        Optional.empty(),
                        Served.of(new ModelRegistry()),
                        edge.keys,
                        edge.limiter,
                        edge.audit,
                        dev.redoubt.base.TimeSource.system()));
    }

    @Test
    void beforeAModelIsServedTheEdgeIsAliveAndNotReady() throws Exception {
        EdgeOptions options = new EdgeOptions("127.0.0.1", 0);
        try (HttpEdge empty = HttpEdge.start(
                options,
                Optional.empty(),
                Served.of(new ModelRegistry()),
                edge.keys,
                edge.limiter,
                edge.audit,
                dev.redoubt.base.TimeSource.system())) {
            String base = "http://127.0.0.1:" + empty.port();
            assertThat(status(base + "/livez")).isEqualTo(200);
            assertThat(status(base + "/readyz")).isEqualTo(503);
            HttpResponse<String> reply = edge.send(HttpRequest.newBuilder(java.net.URI.create(base + CHAT))
                    .header("X-API-Key", edge.key)
                    .header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofString("{" + HELLO + "}"))
                    .build());
            assertThat(reply.statusCode()).isEqualTo(503);
            assertThat(reply.body()).contains("not_ready");
        }
    }

    private static int status(String uri) {
        return edge.send(HttpRequest.newBuilder(java.net.URI.create(uri)).build())
                .statusCode();
    }
}
