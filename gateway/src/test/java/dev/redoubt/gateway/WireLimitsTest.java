package dev.redoubt.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.gateway.RawClient.Reply;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Every number of a request's limits on both sides, over a socket.
final class WireLimitsTest {
    private static final String HELLO = "{\"prompt\":\"x\",\"max_tokens\":1}";
    private static final int BODY_MAX = 10_000_000;

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

    @ParameterizedTest
    @CsvSource({"10000000,false,200", "10000001,false,413", "10000000,true,200", "10000001,true,413"})
    void R1_4_aBodyIsReadUpToItsLastByte(int size, boolean chunked, int status) throws IOException {
        byte[] body = Arrays.copyOf(HELLO.getBytes(StandardCharsets.UTF_8), size);
        Arrays.fill(body, HELLO.length(), size, (byte) ' ');
        try (RawClient client = new RawClient(edge)) {
            Reply reply =
                    (chunked ? client.sendChunked("/generate", body) : client.sendPlain("/generate", body)).reply();
            assertThat(reply.status()).as(reply.body()).isEqualTo(status);
            if (status == 413) {
                assertThat(reply.body()).contains("body_too_large", Integer.toString(BODY_MAX));
                assertThat(client.closed()).isTrue();
            }
        }
    }

    @Test
    void R1_4_aDeclaredLengthIsRefusedBeforeAByteOfIt() throws IOException {
        try (RawClient client = new RawClient(edge)) {
            Reply reply = client.send(client.post("/generate") + "Content-Length: 10000001\r\n\r\n")
                    .reply();
            assertThat(reply.status()).isEqualTo(413);
            assertThat(client.closed()).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"gzip", "deflate", "br", "zstd", "identity", "gzip, gzip"})
    void R1_4_anEncodedBodyIs415AndNeverUnpacked(String encoding) throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(packed)) {
            for (int i = 0; i < 100; i++) out.write(new byte[1 << 20]); // a hundred MiB in a hundred KiB
        }
        try (RawClient client = new RawClient(edge)) {
            String head = client.post("/generate") + "Content-Encoding: " + encoding + "\r\nContent-Length: "
                    + packed.size() + "\r\n\r\n";
            Reply reply = client.send(head).send(packed.toByteArray()).reply();
            assertThat(reply.status()).isEqualTo(415);
            assertThat(reply.body()).contains("without Content-Encoding");
            assertThat(client.closed()).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"Transfer-Encoding: identity", "Content-Length: 8x", "Content-Length: +8"})
    void R4_4_framingThatIsRefusedIsAnsweredThoughItStandsLast(String header) throws IOException {
        try (RawClient client = new RawClient(edge)) {
            Reply reply =
                    client.send(client.post("/generate") + header + "\r\n\r\n").reply();
            assertThat(reply.status()).isEqualTo(400);
            assertThat(client.closed()).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "é", "漢", "😀"})
    void V1_4_aPromptHas8192CodePointsAtMost(String codePoint) {
        for (String route : new String[] {"/generate", "/v1/completions"}) {
            String body = "{\"model\":\"scripted\",\"prompt\":\"%s\",\"max_tokens\":1}";
            assertThat(status(route, body.formatted(codePoint.repeat(8192)))).isEqualTo(200);
            assertThat(status(route, body.formatted(codePoint.repeat(8193)))).isEqualTo(400);
        }
        String chat =
                "{\"model\":\"scripted\",\"messages\":[{\"role\":\"user\",\"content\":\"%s\"},{\"role\":\"user\",\"content\":\"%s\"}],"
                        + "\"max_tokens\":1}";
        String half = codePoint.repeat(4096);
        assertThat(status("/v1/chat/completions", chat.formatted(half, half))).isEqualTo(200);
        assertThat(status("/v1/chat/completions", chat.formatted(half, half + codePoint)))
                .isEqualTo(400);
    }

    @ParameterizedTest
    @CsvSource({
        "'\"max_tokens\":1', '\"max_tokens\":0'",
        "'\"max_tokens\":2048', '\"max_tokens\":2049'",
        "'\"temperature\":0', '\"temperature\":-0.001'",
        "'\"temperature\":2', '\"temperature\":2.0001'",
        "'\"temperature\":1.5', '\"temperature\":1e999'",
        "'\"top_p\":1', '\"top_p\":1.001'",
        "'\"n\":8,\"max_tokens\":1', '\"n\":9,\"max_tokens\":1'",
        "'\"stop\":[\"a\",\"b\",\"c\",\"d\"]', '\"stop\":[\"a\",\"b\",\"c\",\"d\",\"e\"]'",
        "'\"logprobs\":5,\"max_tokens\":1', '\"logprobs\":6,\"max_tokens\":1'",
    })
    void V5_1_aNumberIsTakenUpToItsLimit(String taken, String refused) {
        assertThat(status("/v1/completions", "{\"model\":\"scripted\",\"prompt\":\"x\"," + taken + "}"))
                .isEqualTo(200);
        assertThat(status("/v1/completions", "{\"model\":\"scripted\",\"prompt\":\"x\"," + refused + "}"))
                .isEqualTo(400);
    }

    @Test
    void V3_3_anAnswerHas2048TokensAtMostAnd512ByDefault() {
        String body = "{\"model\":\"scripted\",\"prompt\":\"x\"%s}";
        assertThat(completionTokens(body.formatted(""))).isEqualTo(512);
        assertThat(completionTokens(body.formatted(",\"max_tokens\":2048"))).isEqualTo(2048);
        assertThat(status("/v1/completions", body.formatted(",\"max_tokens\":2049")))
                .isEqualTo(400);
        assertThat(status("/v1/completions", body.formatted(",\"max_tokens\":0")))
                .isEqualTo(400);
    }

    @ParameterizedTest
    @CsvSource({"1,200", "32,200", "33,400"})
    void R1_4_aBatchHas32PromptsAtMost(int prompts, int status) {
        String list = "\"x\",".repeat(prompts - 1) + "\"x\"";
        assertThat(status("/v1/completions", "{\"model\":\"scripted\",\"prompt\":[" + list + "],\"max_tokens\":1}"))
                .isEqualTo(status);
    }

    @Test
    void R3_2_depthIsTenAtMost() {
        assertThat(code("{\"prompt\":" + "[".repeat(9) + "]".repeat(9) + "}"))
                .as("well-formed, and no prompt")
                .isNotEqualTo("invalid_json");
        assertThat(code("{\"prompt\":" + "[".repeat(10) + "]".repeat(10) + "}")).isEqualTo("invalid_json");
        assertThat(code("[".repeat(100_000))).isEqualTo("invalid_json");
        assertThat(code("{\"a\":".repeat(100_000))).isEqualTo("invalid_json");
    }

    @Test
    void R3_2_tokensAreTwoHundredThousandAtMost() {
        int others = 5; // the braces of the body, the name, the brackets of the list
        assertThat(code("{\"prompt\":[" + "1,".repeat(200_000 - others - 1) + "1]}"))
                .isNotEqualTo("invalid_json");
        assertThat(code("{\"prompt\":[" + "1,".repeat(200_000 - others) + "1]}"))
                .isEqualTo("invalid_json");
    }

    @Test
    void R3_2_namesAndNumbersAreShort() {
        assertThat(code("{\"" + "n".repeat(256) + "\":1}")).isEqualTo("unknown_field");
        assertThat(code("{\"" + "n".repeat(257) + "\":1}")).isEqualTo("invalid_json");
        assertThat(code("{\"prompt\":\"x\",\"max_tokens\":" + "1".repeat(64) + "}"))
                .isNotEqualTo("invalid_json");
        assertThat(code("{\"prompt\":\"x\",\"max_tokens\":" + "1".repeat(65) + "}"))
                .isEqualTo("invalid_json");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"chat_template\":\"{{ x }}\"",
                "\"chat_template_kwargs\":{}",
                "\"tools\":[]",
                "\"functions\":[]",
                "\"guided_grammar\":\"root ::= x\"",
                "\"guided_regex\":\"(x+x+)+y\"",
                "\"structured_outputs\":{}",
                "\"response_format\":{\"type\":\"json_schema\"}",
                "\"vllm_xargs\":{}",
                "\"kv_transfer_params\":{}",
                "\"@class\":\"java.net.URL\"",
                "\"@type\":\"java.net.URL\"",
                "\"__reduce__\":[\"os.system\",[\"id\"]]",
                "\"$type\":\"System.Diagnostics.Process\"",
            })
    void R3_3_templatesTypesAndCodeAreRefused(String field) {
        int before = edge.model.requests.size();
        String messages = "\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]";
        assertThat(status("/v1/chat/completions", "{\"model\":\"scripted\"," + messages + "," + field + "}"))
                .isEqualTo(400);
        assertThat(status("/v1/chat/completions", "{\"model\":{" + field + "}," + messages + "}"))
                .isEqualTo(400);
        assertThat(status(
                        "/v1/chat/completions",
                        "{\"model\":\"scripted\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"," + field + "}]}"))
                .isEqualTo(400);
        assertThat(edge.model.requests).hasSize(before);
    }

    @Test
    void R3_4_whatIsRefusedIsNamedAndNoModelIsCalled() {
        int before = edge.model.requests.size();
        assertThat(edge.post("/generate", "{\"prompt\":\"x\",\"prompts\":1}").body())
                .contains("'prompts'", "unknown_field");
        assertThat(edge.post("/generate", "{\"prompt\":\"x\",\"prompt\":\"y\"}").body())
                .contains("'prompt'", "duplicate_field");
        assertThat(edge.post("/generate", "{\"prompt\":\"x\",\"\\u0070rompt\":\"y\"}")
                        .body())
                .contains("duplicate_field");
        assertThat(edge.post("/generate", "{\"prompt\":\"x\",\"max_tokens\":\"1\"}")
                        .body())
                .contains("'max_tokens'", "wrong_type");
        assertThat(edge.post("/generate", "{\"prompt\":\"x\",\"temperature\":NaN}")
                        .body())
                .contains("invalid_json");
        assertThat(edge.model.requests).hasSize(before);
    }

    @ParameterizedTest
    @CsvSource({"64,200", "65,431"})
    void headersAre64AtMost(int count, int status) throws IOException {
        try (RawClient client = new RawClient(edge)) {
            String more = "X-A: b\r\n".repeat(count - 4); // Host, key, type and length are there already
            String head = client.post("/generate") + more + "Content-Length: " + HELLO.length() + "\r\n\r\n";
            assertThat(client.send(head + HELLO).reply().status()).isEqualTo(status);
        }
    }

    @Test
    void aHeadIs16KiBAtMost() throws IOException {
        for (int size : new int[] {15_000, 17_000}) {
            try (RawClient client = new RawClient(edge)) {
                String head = client.post("/generate") + "X-A: " + "b".repeat(size) + "\r\nContent-Length: "
                        + HELLO.length() + "\r\n\r\n";
                assertThat(client.send(head + HELLO).reply().status()).isEqualTo(size < 16_384 ? 200 : 431);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"4096,401", "4097,414"})
    void aRequestLineIs4096BytesAtMost(int length, int status) throws IOException {
        try (RawClient client = new RawClient(edge)) {
            String line = "GET /" + "a".repeat(length - "GET / HTTP/1.1".length()) + " HTTP/1.1\r\n";
            assertThat(client.send(line + "Host: localhost\r\n\r\n").reply().status())
                    .isEqualTo(status);
        }
    }

    @Test
    void R1_3_aBodyThatDripsForLongerThanItMayIsEnded() throws IOException {
        EdgeTimeouts d = EdgeTimeouts.DEFAULT;
        EdgeTimeouts quick = new EdgeTimeouts(
                d.firstRequest(),
                d.keepAlive(),
                Duration.ofMillis(400),
                d.stalledReader(),
                d.ping(),
                d.linger(),
                d.drain());
        try (TestEdge other = TestEdge.at(home.resolve("drip")).timeouts(quick).start();
                RawClient client = new RawClient(other)) {
            client.send(client.post("/generate") + "Content-Length: 1000\r\n\r\n");
            long start = System.nanoTime();
            Thread drip = Thread.ofPlatform()
                    .daemon()
                    .start(
                            () -> { // never silent for long
                                for (int i = 0; i < 1000 && System.nanoTime() - start < 5_000_000_000L; i++) {
                                    try {
                                        client.send(" ");
                                        java.util.concurrent.locks.LockSupport.parkNanos(20_000_000);
                                    } catch (IOException closed) {
                                        return;
                                    }
                                }
                            });
            assertThat(client.reply().status()).isEqualTo(408);
            assertThat(System.nanoTime() - start).isBetween(380_000_000L, 4_000_000_000L);
            drip.interrupt();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"x\r\n", "5x\r\n", "-1\r\n", "0x5\r\n", "\r\n", "5 \r\n", "fffffffff\r\n", "5;a=b\r\n"})
    void aBrokenChunkSizeIsNeverAnswered200(String size) throws IOException {
        try (RawClient client = new RawClient(edge)) {
            String chunked = client.post("/generate") + "Transfer-Encoding: chunked\r\n\r\n1d\r\n" + HELLO + "\r\n";
            assertThat(HELLO).hasSize(0x1d);
            Reply reply = client.send(chunked + size + "hello\r\n0\r\n\r\n").reply();
            assertThat(reply.status()).as(reply.body()).isEqualTo(400);
            assertThat(client.closed()).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"x\r\n", "5x\r\n", "-1\r\n", "fffffffff\r\n", "5;a=b\r\n"})
    void aBrokenChunkSizeIsRefusedAtOnceThoughNothingFollows(String size) throws IOException {
        try (RawClient client = new RawClient(edge)) {
            long start = System.nanoTime();
            Reply reply = client.send(client.post("/generate") + "Transfer-Encoding: chunked\r\n\r\n" + size)
                    .reply();
            assertThat(reply.status()).as(reply.body()).isEqualTo(400);
            assertThat(System.nanoTime() - start).isLessThan(5_000_000_000L);
            assertThat(client.closed()).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Host: localhost\r\nHost: localhost\r\n",
                "Host: localhost\r\nhost: evil\r\n",
                "Host: localhost, evil\r\n",
                "Host:\r\n",
                ""
            })
    void aRequestHasOneHost(String hosts) throws IOException {
        try (RawClient client = new RawClient(edge)) {
            assertThat(client.send("GET /livez HTTP/1.1\r\n" + hosts + "\r\n")
                            .reply()
                            .status())
                    .isEqualTo(400);
            assertThat(client.closed()).isTrue();
        }
    }

    @Test
    void aBusyRequestOutlivesEveryIdleTimeout() throws IOException {
        EdgeTimeouts d = EdgeTimeouts.DEFAULT;
        EdgeTimeouts quick = new EdgeTimeouts(
                Duration.ofMillis(200),
                Duration.ofMillis(200),
                d.body(),
                d.stalledReader(),
                d.ping(),
                d.linger(),
                d.drain());
        try (TestEdge other = TestEdge.at(home.resolve("busy"))
                        .pace(Duration.ofMillis(30))
                        .timeouts(quick)
                        .start();
                RawClient client = new RawClient(other)) {
            byte[] body =
                    "{\"prompt\":\"x\",\"max_tokens\":50}".getBytes(StandardCharsets.UTF_8); // 1.5 s without a word
            assertThat(client.sendPlain("/generate", body).reply().status()).isEqualTo(200);
        }
    }

    @Test
    void R1_3_aConnectionIsClosedWhenNothingComesForLong() throws Exception {
        EdgeTimeouts d = EdgeTimeouts.DEFAULT;
        EdgeTimeouts quick = new EdgeTimeouts(
                Duration.ofSeconds(2),
                Duration.ofMillis(1500),
                d.body(),
                d.stalledReader(),
                d.ping(),
                d.linger(),
                d.drain());
        try (TestEdge other = TestEdge.at(home.resolve("idle")).timeouts(quick).start();
                RawClient client = new RawClient(other)) {
            long last = 0;
            for (int i = 0; i < 4; i++) { // for longer than it may be idle
                assertThat(client.sendPlain("/generate", "{}".getBytes(StandardCharsets.UTF_8))
                                .reply()
                                .status())
                        .isEqualTo(400);
                last = System.nanoTime();
                java.util.concurrent.locks.LockSupport.parkNanos(500_000_000);
            }
            assertThat(client.closed()).isTrue();
            assertThat(Duration.ofNanos(System.nanoTime() - last)).isGreaterThan(Duration.ofMillis(1490));
        }
    }

    private static int completionTokens(String body) {
        return TestEdge.json(edge.post("/v1/completions", body).body())
                .at("/usage/completion_tokens")
                .intValue();
    }

    private static int status(String route, String body) {
        return edge.post(route, body).statusCode();
    }

    /// Of a refusal.
    private static String code(String body) {
        var reply = edge.post("/generate", body);
        assertThat(reply.statusCode()).as(reply.body()).isEqualTo(400);
        return TestEdge.json(reply.body()).at("/error/code").stringValue();
    }
}
