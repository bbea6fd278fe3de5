package dev.redoubt.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.models.embeddings.CreateEmbeddingResponse;
import com.openai.models.embeddings.Embedding;
import com.openai.models.embeddings.EmbeddingCreateParams;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.StrictJson;
import dev.redoubt.cli.PlainClient.Reply;
import dev.redoubt.testkit.TinyEncoder;
import dev.redoubt.testkit.WeightKind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/// `/v1/embeddings` over a real socket, and what the other routes say of a model that only embeds.
class EmbeddingsEndToEndTest {
    @TempDir
    static Path folder;

    private static RunningServer running;

    @BeforeAll
    static void start() throws IOException {
        Path model = TinyEncoder.write(folder.resolve("tiny-embed"), WeightKind.F32, 3);
        running = RunningServer.start(folder.resolve("home"), model.toString(), RequestLimits.DEFAULT);
    }

    @AfterAll
    static void stop() {
        running.close();
    }

    private static OpenAIClient openai() {
        return OpenAIOkHttpClient.builder()
                .apiKey(running.key)
                .baseUrl(running.url + "/v1")
                .maxRetries(0)
                .build();
    }

    private static EmbeddingCreateParams.Builder params() {
        return EmbeddingCreateParams.builder().model("tiny-embed");
    }

    @Test
    void openaiJavaGetsTheSameVectorsAsNumbersAndAsBase64() {
        List<String> texts = List.of("the cat sat on the mat", "hello world", "the cat sat on the mat!");
        CreateEmbeddingResponse numbers = openai().embeddings()
                .create(params().inputOfArrayOfStrings(texts)
                        .encodingFormat(EmbeddingCreateParams.EncodingFormat.FLOAT)
                        .build());
        CreateEmbeddingResponse base64 = openai().embeddings()
                .create(params().inputOfArrayOfStrings(texts)
                        .encodingFormat(EmbeddingCreateParams.EncodingFormat.BASE64)
                        .build());
        assertThat(numbers.data()).hasSize(3);
        assertThat(numbers.model()).isEqualTo("tiny-embed");
        assertThat(numbers.usage().promptTokens()).isEqualTo(8 + 4 + 9);
        assertThat(numbers.usage().totalTokens()).isEqualTo(8 + 4 + 9);
        for (int i = 0; i < 3; i++) {
            Embedding one = numbers.data().get(i);
            assertThat(one.index()).isEqualTo(i);
            assertThat(one.embedding()).hasSize(TinyEncoder.HIDDEN_SIZE);
            assertThat(base64.data().get(i).embedding()).isEqualTo(one.embedding());
            assertThat(product(one.embedding(), one.embedding())).isCloseTo(1, within(1e-6));
        }
        double alike =
                product(numbers.data().get(0).embedding(), numbers.data().get(2).embedding());
        double apart =
                product(numbers.data().get(0).embedding(), numbers.data().get(1).embedding());
        assertThat(alike).isGreaterThan(apart);
        Embedding alone = openai().embeddings()
                .create(params().input("hello world").dimensions(8).build())
                .data()
                .getFirst();
        assertThat(alone.embedding()).hasSize(8);
    }

    private static double product(List<Float> left, List<Float> right) {
        double sum = 0;
        for (int i = 0; i < left.size(); i++) sum += (double) left.get(i) * right.get(i);
        return sum;
    }

    @Test
    void base64IsLittleEndianFloat32OfTheVeryNumbers() throws Exception {
        JsonNode numbers = json(ask("/v1/embeddings", "{\"input\":[2,5,6,3]}", 200));
        JsonNode base64 = json(ask(
                "/v1/embeddings",
                "{\"model\":\"tiny-embed\",\"input\":\"the cat\",\"encoding_format\":\"base64\",\"user\":\"me\"}",
                200));
        assertThat(numbers.path("usage").path("prompt_tokens").intValue()).isEqualTo(4);
        ByteBuffer bytes = ByteBuffer.wrap(Base64.getDecoder()
                        .decode(base64.path("data").get(0).path("embedding").stringValue()))
                .order(ByteOrder.LITTLE_ENDIAN);
        JsonNode vector = numbers.path("data").get(0).path("embedding");
        assertThat(vector.size()).isEqualTo(bytes.remaining() / 4);
        for (JsonNode number : vector) assertThat(bytes.getFloat()).isEqualTo((float) number.doubleValue());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "/v1/embeddings | {} | 400 | missing_field | 'input' is missing",
                "/v1/embeddings | {\"input\":\"\"} | 400 | empty_prompt | 'input' has no tokens",
                "/v1/embeddings | {\"input\":[]} | 400 | out_of_range | 'input' is a list of 0",
                "/v1/embeddings | {\"input\":[\"cat\",7]} | 400 | wrong_type | 'input[1]' must be a string",
                "/v1/embeddings | {\"input\":[-1]} | 400 | out_of_range | 'input[0]' is -1",
                "/v1/embeddings | {\"input\":[[2,900]]} | 400 | token_out_of_vocabulary | token id 900",
                "/v1/embeddings | {\"input\":{\"text\":\"cat\"}} | 400 | wrong_type | 'input' must be a string, a list",
                "/v1/embeddings | {\"input\":\"cat\",\"encoding_format\":\"int8\"} | 400 | wrong_type | 'encoding_format' must be one of 'float', 'base64'",
                "/v1/embeddings | {\"input\":\"cat\",\"dimensions\":0} | 400 | out_of_range | 'dimensions' is 0",
                "/v1/embeddings | {\"input\":\"cat\",\"dimensions\":9} | 400 | out_of_range | 'dimensions' is 9, allowed is 8, 16 and 32",
                "/v1/embeddings | {\"input\":\"cat\",\"truncate_prompt_tokens\":3} | 400 | unsupported_field | 'truncate_prompt_tokens' is not supported",
                "/v1/embeddings | {\"input\":\"cat\",\"inputs\":3} | 400 | unknown_field | unknown field 'inputs'",
                "/v1/embeddings | {\"input\":\"cat\",\"model\":\"other\"} | 404 | model_not_found | model 'other' is not served here",
                "/v1/chat/completions | {\"model\":\"tiny-embed\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]} | 400 | wrong_kind_of_model | model 'tiny-embed' embeds texts and generates none: use /v1/embeddings",
                "/v1/completions | {\"model\":\"tiny-embed\",\"prompt\":\"Hi\"} | 400 | wrong_kind_of_model | embeds texts",
                "/generate | {\"prompt\":\"Hi\"} | 400 | wrong_kind_of_model | embeds texts",
                "/tokenize | {\"prompt\":\"Hi\"} | 400 | wrong_kind_of_model | embeds texts",
            })
    void R3_4_eachWrongRequestIsRefusedByName(String route, String body, int status, String code, String message)
            throws Exception {
        JsonNode error = json(ask(route, body, status)).path("error");
        assertThat(error.path("code").stringValue()).isEqualTo(code);
        assertThat(error.path("message").stringValue()).contains(message);
    }

    @Test
    void V1_4_whatIsTooLongIsRefusedAndNothingIsCut() throws Exception {
        JsonNode error = json(ask("/v1/embeddings", "{\"input\":[\"cat\",\"" + "cat ".repeat(47) + "\"]}", 400))
                .path("error");
        assertThat(error.path("code").stringValue()).isEqualTo("input_too_long");
        assertThat(error.path("param").stringValue()).isEqualTo("input[1]");
        assertThat(error.path("message").stringValue())
                .isEqualTo("'input[1]' has 49 tokens, the model takes 48 at most: shorten it or send its parts");
        assertThat(json(ask("/v1/embeddings", "{\"input\":\"" + "cat ".repeat(46) + "\"}", 200))
                        .path("usage")
                        .path("prompt_tokens")
                        .intValue())
                .isEqualTo(48);
        ask("/v1/embeddings", "{\"input\":\"" + "x".repeat(8193) + "\"}", 400);
        ask("/v1/embeddings", "{\"input\":[" + "\"cat\",".repeat(32) + "\"cat\"]}", 400);
        ask("/v1/embeddings", "{\"input\":[" + "\"cat\",".repeat(31) + "\"cat\"]}", 200);
    }

    @Test
    void V5_3_theRouteNeedsAKeyAndTheModelIsListed() throws Exception {
        try (PlainClient stranger = new PlainClient(running.server.port());
                PlainClient client = new PlainClient(running.server.port())) {
            assertThat(stranger.ask(PlainClient.post("/v1/embeddings", "", "{\"input\":\"cat\"}"))
                            .status())
                    .isEqualTo(401);
            Reply models = client.ask(PlainClient.get("/v1/models", running.key));
            assertThat(json(models).path("data").get(0).path("max_model_len").intValue())
                    .isEqualTo(TinyEncoder.TOKENS_MAX);
            Reply described = client.ask(PlainClient.get("/openapi.json", running.key));
            assertThat(described.body()).contains("/v1/embeddings", "encoding_format");
        }
    }

    private static Reply ask(String route, String body, int status) throws IOException {
        try (PlainClient client = new PlainClient(running.server.port())) {
            Reply reply = client.ask(PlainClient.post(route, running.key, body));
            assertThat(reply.status()).as(reply.body()).isEqualTo(status);
            return reply;
        }
    }

    private static JsonNode json(Reply reply) throws Exception {
        return new StrictJson(JsonLimits.MODEL_FILE).parse(reply.body().getBytes(StandardCharsets.UTF_8));
    }
}
