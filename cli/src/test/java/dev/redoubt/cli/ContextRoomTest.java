package dev.redoubt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.StrictJson;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collections;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// Prompt and answer share the context: what a request gets on both sides of that border, over a socket.
class ContextRoomTest {
    private static final int BY_DEFAULT = 32;

    @TempDir
    static Path folder;

    private static RunningServer running;
    private static int context;

    @BeforeAll
    static void start() throws IOException {
        RequestLimits all = RequestLimits.DEFAULT;
        RequestLimits limits = new RequestLimits(
                all.promptCodePointsMax(),
                all.maxTokensMax(),
                BY_DEFAULT,
                all.temperatureMax(),
                all.temperatureDefault(),
                all.choicesMax(),
                all.promptsMax(),
                all.stopStringsMax(),
                all.stopStringLengthMax(),
                all.stopTokenIdsMax(),
                all.logitBiasMax(),
                all.logprobsMax(),
                all.bodyBytesMax(),
                all.requestTimeout());
        running = RunningServer.start(folder, limits);
        context = running.server.engine().orElseThrow().card().contextTokensMax();
    }

    @AfterAll
    static void stop() {
        running.close();
    }

    @Test
    void anAbsentMaxTokensIsTheDefaultOrWhatThePromptLeaves() throws Exception {
        assertThat(completionTokens(context - BY_DEFAULT - 1, "")).isEqualTo(BY_DEFAULT);
        assertThat(completionTokens(context - BY_DEFAULT, "")).isEqualTo(BY_DEFAULT);
        assertThat(completionTokens(context - BY_DEFAULT + 1, "")).isEqualTo(BY_DEFAULT - 1);
        assertThat(completionTokens(context - 1, "")).isEqualTo(1);
    }

    @Test
    void aPromptThatLeavesNoRoomIsRefused() throws Exception {
        assertThat(refusal(context, ""))
                .contains("prompt has " + context + " tokens", "context limit of " + context, "shorten the prompt");
    }

    @Test
    void aMaxTokensThatWasSentIsNeverLessened() throws Exception {
        assertThat(completionTokens(context - 20, ",\"max_tokens\":20")).isEqualTo(20);
        assertThat(refusal(context - 19, ",\"max_tokens\":20"))
                .contains(
                        "prompt has " + (context - 19) + " tokens",
                        "max_tokens is 20",
                        "context limit of " + context,
                        "lower max_tokens");
    }

    private static int completionTokens(int promptTokens, String fields) throws Exception {
        HttpResponse<String> response = complete(promptTokens, fields);
        assertThat(response.statusCode()).isEqualTo(200);
        JsonNode body = parse(response);
        assertThat(body.at("/choices/0/finish_reason").stringValue()).isEqualTo("length");
        assertThat(body.at("/usage/prompt_tokens").intValue()).isEqualTo(promptTokens);
        return body.at("/usage/completion_tokens").intValue();
    }

    private static String refusal(int promptTokens, String fields) throws Exception {
        HttpResponse<String> response = complete(promptTokens, fields);
        assertThat(response.statusCode()).isEqualTo(400);
        JsonNode error = parse(response).path("error");
        assertThat(error.path("code").stringValue()).isEqualTo("context_length_exceeded");
        assertThat(error.path("param").stringValue()).isEqualTo("prompt");
        return error.path("message").stringValue();
    }

    private static JsonNode parse(HttpResponse<String> response) throws Exception {
        return new StrictJson(JsonLimits.REQUEST).parse(response.body().getBytes(StandardCharsets.UTF_8));
    }

    private static HttpResponse<String> complete(int promptTokens, String fields) throws Exception {
        String body = "{\"model\":\"tiny\",\"prompt\":" + Collections.nCopies(promptTokens, 5)
                + ",\"ignore_eos\":true,\"temperature\":0" + fields + "}";
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(
                    HttpRequest.newBuilder(URI.create(running.url + "/v1/completions"))
                            .header("Authorization", "Bearer " + running.key)
                            .header("Content-Type", "application/json")
                            .POST(HttpRequest.BodyPublishers.ofString(body))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
        }
    }
}
