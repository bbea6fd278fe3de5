package dev.redoubt.gateway;

import static dev.redoubt.gateway.TestEdge.json;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
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
    private static final String HELLO = "\"model\":\"scripted\",\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]";

    @TempDir
    static Path home;

    private static TestEdge edge;

    @BeforeAll
    static void start() {
        edge = new TestEdge(home, Duration.ZERO);
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
                        COMPLETIONS, "{\"model\":\"scripted\",\"prompt\":[\"a\",\"bc\"],\"n\":2,\"max_tokens\":2,\"echo\":true}")
                .body());
        assertThat(body.get("choices"))
                .extracting(choice -> choice.get("text").stringValue())
                .containsExactly("a w0 w1", "a w100 w101", "bc w0 w1", "bc w100 w101");
        assertThat(body.at("/usage/prompt_tokens").intValue()).isEqualTo(3);
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
    void tokensGoThereAndBack() {
        JsonNode tokens = json(edge.post("/tokenize", "{\"prompt\":\"hi\"}").body());
        assertThat(tokens.toString()).isEqualTo("{\"count\":2,\"max_model_len\":4096,\"tokens\":[104,105]}");
        assertThat(edge.post("/detokenize", "{\"tokens\":[104,105]}").body()).isEqualTo("{\"prompt\":\"hi\"}");
    }

    @Test
    void generateIsPlain() {
        assertThat(edge.post("/generate", "{\"prompt\":\"x\",\"max_tokens\":2,\"temperature\":0}").body())
                .isEqualTo("{\"text\":\" w0 w1\",\"finish_reason\":\"length\"}");
    }

    @ParameterizedTest
    @CsvSource({"/livez,200", "/readyz,200"})
    void V5_3_probesNeedNoKeyAndSayNothing(String path, int status) {
        HttpResponse<String> reply = edge.send(HttpRequest.newBuilder(edge.uri(path)).build());
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
}
