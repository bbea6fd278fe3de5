package dev.redoubt.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.policy.Scope;
import dev.redoubt.policy.limit.RateLimits;
import dev.redoubt.serve.control.Platform;
import dev.redoubt.serve.schema.MessagePackBody;
import dev.redoubt.serve.schema.Schema;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.WebSocket;
import java.net.http.WebSocketHandshakeException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// Applications over WebSockets, over a real socket.
@SuppressWarnings("NullAway.Init")
final class WebSocketTest {
    private static final RateLimits RATES = new RateLimits(6000, 1_000_000_000, 3, 1000, 1000, 6000, 10_000_000);

    @TempDir
    private static Path home;

    private static Platform platform;
    private static TestEdge edge;
    private static String key;

    @BeforeAll
    static void start() throws InterruptedException {
        platform = TestApplications.platform(home);
        TestApplications.deploy(
                platform,
                TestApplications.application("test", "Front", "Greeter"),
                TestApplications.application("counting", "Counter"),
                TestApplications.application("sleeping", "Sleeper"));
        edge = edge(home).start();
        key = fresh("counting");
    }

    private static String fresh(String application) {
        return edge.keys.create(application, Set.of(Scope.INFERENCE)).secret();
    }

    private static TestEdge.Setup edge(Path home) {
        return TestEdge.at(home).rates(RATES).platform(platform);
    }

    @AfterAll
    static void stop() {
        edge.close();
        platform.close();
    }

    /// What came, in order; closes as `closed CODE`.
    private static final class Heard implements WebSocket.Listener {
        final BlockingQueue<String> texts = new LinkedBlockingQueue<>();
        final BlockingQueue<byte[]> binaries = new LinkedBlockingQueue<>();
        private final StringBuilder part = new StringBuilder();

        @Override
        public CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
            part.append(data);
            if (last) {
                texts.add(part.toString());
                part.setLength(0);
            }
            socket.request(1);
            return CompletableFuture.completedStage(null);
        }

        @Override
        public CompletionStage<?> onBinary(WebSocket socket, ByteBuffer data, boolean last) {
            byte[] bytes = new byte[data.remaining()];
            data.get(bytes);
            binaries.add(bytes);
            socket.request(1);
            return CompletableFuture.completedStage(null);
        }

        @Override
        public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
            texts.add("closed " + code);
            return CompletableFuture.completedStage(null);
        }

        @Override
        public void onError(WebSocket socket, Throwable error) {
            texts.add("broken");
        }

        String next() throws InterruptedException {
            return Objects.requireNonNull(texts.poll(20, TimeUnit.SECONDS), "nothing came");
        }
    }

    private static WebSocket open(TestEdge edge, String path, String key, Heard heard, String... headers) {
        WebSocket.Builder builder = edge.client.newWebSocketBuilder();
        if (!key.isEmpty()) builder.header("Authorization", "Bearer " + key);
        for (int i = 0; i < headers.length; i += 2) builder.header(headers[i], headers[i + 1]);
        return builder.buildAsync(URI.create("ws://127.0.0.1:" + edge.edge.port() + path), heard)
                .join();
    }

    private static void refused(int status, Runnable opening) {
        assertThatThrownBy(opening::run)
                .isInstanceOf(CompletionException.class)
                .cause()
                .isInstanceOfSatisfying(
                        WebSocketHandshakeException.class,
                        e -> assertThat(e.getResponse().statusCode()).isEqualTo(status));
    }

    @Test
    void aMessageIsAnsweredByItemsAndAnEndAndThenComesTheNext() throws Exception {
        Heard heard = new Heard();
        WebSocket socket = open(edge, "/counting", fresh("counting"), heard);
        for (int round = 0; round < 3; round++) {
            socket.sendText("{\"count\":2}", true).join();
            assertThat(heard.next()).isEqualTo("{\"item\":{\"number\":1}}");
            assertThat(heard.next()).isEqualTo("{\"item\":{\"number\":2}}");
            assertThat(heard.next()).isEqualTo("{\"end\":true}");
        }
        socket.sendText("{\"co", false).join();
        socket.sendText("unt\":0}", true).join();
        assertThat(heard.next()).isEqualTo("{\"end\":true}");
        socket.sendClose(WebSocket.NORMAL_CLOSURE, "").join();
        assertThat(heard.next()).isEqualTo("closed 1000");
    }

    @Test
    void aLongStreamComesWhole() throws Exception {
        Heard heard = new Heard();
        WebSocket socket = open(edge, "/counting", fresh("counting"), heard);
        socket.sendText("{\"count\":20000}", true).join();
        for (int i = 1; i <= 20_000; i++) assertThat(heard.next()).isEqualTo("{\"item\":{\"number\":" + i + "}}");
        assertThat(heard.next()).isEqualTo("{\"end\":true}");
        socket.abort();
    }

    @Test
    void messagePackIsAnsweredInMessagePack() throws Exception {
        Heard heard = new Heard();
        WebSocket socket = open(edge, "/test", fresh("test"), heard);
        byte[] body = MessagePackBody.write(TestEdge.json("{\"name\":\"Ada\",\"times\":1}"));
        socket.sendBinary(ByteBuffer.wrap(body), true).join();
        byte[] item = Objects.requireNonNull(heard.binaries.poll(20, TimeUnit.SECONDS));
        Schema any = new Schema.Table(new Schema.Table(new Schema.Text()));
        assertThat(MessagePackBody.read(item, any).at("/item/text").asString()).isEqualTo("Hello Ada");
        assertThat(heard.binaries.poll(20, TimeUnit.SECONDS)).isNotNull();
        socket.abort();
    }

    @Test
    void R3_4_whatDoesNotFitIsRefusedAndTheSocketStays() throws Exception {
        Heard heard = new Heard();
        WebSocket socket = open(edge, "/counting", fresh("counting"), heard);
        for (String bad :
                new String[] {"{\"count\":\"2\"}", "{\"count\":1,\"more\":2}", "{", "[]", "{\"count\":1.5}"}) {
            socket.sendText(bad, true).join();
            JsonNode error = TestEdge.json(heard.next()).path("error");
            assertThat(error.path("type").asString()).as(bad).isEqualTo("invalid_request_error");
            assertThat(error.path("rule").asString()).as(bad).isNotEmpty();
        }
        socket.sendText("{\"count\":0}", true).join();
        assertThat(heard.next()).isEqualTo("{\"end\":true}");
        socket.abort();
    }

    @Test
    void R5_3_aFaultTellsNothingButItsId() throws Exception {
        Heard heard = new Heard();
        WebSocket socket = open(edge, "/test", fresh("test"), heard);
        socket.sendText("{\"name\":\"trouble\",\"times\":1}", true).join();
        String told = heard.next();
        assertThat(told).contains("error_id").doesNotContain("secret").doesNotContain("IllegalState");
        socket.abort();
    }

    @Test
    void V5_3_theKeyIsCheckedBeforeTheUpgrade() {
        refused(401, () -> open(edge, "/counting", "", new Heard()));
        refused(401, () -> open(edge, "/counting", "rdt_nobody", new Heard()));
        refused(404, () -> open(edge, "/counting", edge.key, new Heard()));
        refused(404, () -> open(edge, "/nobody", edge.key, new Heard()));
    }

    @Test
    void R1_2_aPageOpensNoSocket(@TempDir Path other) {
        refused(403, () -> open(edge, "/counting", fresh("counting"), new Heard(), "Origin", "https://evil.example"));
        refused(403, () -> open(edge, "/counting", fresh("counting"), new Heard(), "Origin", own(edge)));
        refused(403, () -> open(edge, "/counting", fresh("counting"), new Heard(), "Origin", "null"));
        try (TestEdge lenient = edge(other).protocols(true, OptionalInt.empty()).start()) {
            String mine =
                    lenient.keys.create("counting", Set.of(Scope.INFERENCE)).secret();
            refused(403, () -> open(lenient, "/counting", mine, new Heard(), "Origin", "https://evil.example"));
            open(lenient, "/counting", mine, new Heard(), "Origin", own(lenient))
                    .abort();
        }
    }

    private static String own(TestEdge edge) {
        return "http://127.0.0.1:" + edge.edge.port();
    }

    @Test
    void V5_3_aKeyThatIsRevokedEndsTheSocketAtTheNextMessage() throws Exception {
        var created = edge.keys.create("counting", Set.of(Scope.INFERENCE));
        Heard heard = new Heard();
        WebSocket socket = open(edge, "/counting", created.secret(), heard);
        socket.sendText("{\"count\":0}", true).join();
        assertThat(heard.next()).isEqualTo("{\"end\":true}");
        edge.keys.revoke(created.keyId());
        socket.sendText("{\"count\":0}", true).join();
        assertThat(heard.next()).contains("unauthenticated");
        assertThat(heard.next()).isEqualTo("closed 1008");
    }

    @Test
    void V3_4_eachMessageCountsAsARequest(@TempDir Path other) throws Exception {
        RateLimits few = new RateLimits(2, 1_000_000, 3, 10, 10, 600, 600);
        try (TestEdge strict = edge(other).rates(few).start()) {
            String mine =
                    strict.keys.create("counting", Set.of(Scope.INFERENCE)).secret();
            Heard heard = new Heard();
            WebSocket socket = open(strict, "/counting", mine, heard);
            for (int i = 0; i < 2; i++) {
                socket.sendText("{\"count\":0}", true).join();
                assertThat(heard.next()).isEqualTo("{\"end\":true}");
            }
            socket.sendText("{\"count\":0}", true).join();
            JsonNode refusal = TestEdge.json(heard.next());
            assertThat(refusal.at("/error/code").asString()).isEqualTo("rate_limit_exceeded");
            assertThat(refusal.path("retry_after_ms").asLong()).isBetween(1L, 60_001L);
            socket.abort();
        }
    }

    @Test
    void R1_1_openSocketsOfAKeyAreBounded() throws Exception {
        String mine = fresh("counting");
        WebSocket[] open = new WebSocket[RATES.streamsPerKey()];
        for (int i = 0; i < open.length; i++) open[i] = open(edge, "/counting", mine, new Heard());
        refused(503, () -> open(edge, "/counting", mine, new Heard()));
        open[0].abort();
        for (int i = 0; i < 200; i++) { // its place is free once the edge has seen its end
            try {
                open(edge, "/counting", mine, new Heard()).abort();
                break;
            } catch (CompletionException full) {
                assertThat(i).isLessThan(199);
                Thread.onSpinWait();
            }
        }
        for (WebSocket one : open) one.abort();
    }

    @Test
    void R5_4_whoLeavesStopsTheCall() throws Exception {
        String mine = fresh("sleeping");
        TestApplications.Sleeper.begun = new CountDownLatch(1);
        TestApplications.Sleeper.stopped = new CountDownLatch(1);
        WebSocket socket = open(edge, "/sleeping", mine, new Heard());
        socket.sendText("{\"count\":1}", true).join();
        assertThat(TestApplications.Sleeper.begun.await(20, TimeUnit.SECONDS)).isTrue();
        socket.abort();
        assertThat(TestApplications.Sleeper.stopped.await(20, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void R1_1_aMessageBeforeTheEndOfTheLastEndsTheSocketAndTheCall() throws Exception {
        String mine = fresh("sleeping");
        TestApplications.Sleeper.begun = new CountDownLatch(1);
        TestApplications.Sleeper.stopped = new CountDownLatch(1);
        Heard heard = new Heard();
        WebSocket socket = open(edge, "/sleeping", mine, heard);
        socket.sendText("{\"count\":1}", true).join();
        assertThat(TestApplications.Sleeper.begun.await(20, TimeUnit.SECONDS)).isTrue();
        socket.sendText("{\"count\":1}", true).join();
        assertThat(heard.next()).contains("queue_full");
        assertThat(heard.next()).isEqualTo("closed 1008");
        assertThat(TestApplications.Sleeper.stopped.await(20, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void R1_4_aMessageOverTheLimitIsRefusedWhileItComes() throws Exception {
        Heard heard = new Heard();
        WebSocket socket = open(edge, "/counting", fresh("counting"), heard);
        String part = "x".repeat(1 << 20);
        try {
            for (int i = 0; i < 11; i++) socket.sendText(part, false).join();
        } catch (CompletionException closed) {
            assertThat(closed).hasCauseInstanceOf(IOException.class); // the edge had heard enough
        }
        assertThat(heard.next()).contains("body_too_large");
        assertThat(heard.next()).isIn("closed 1009", "broken");
        socket.abort();
    }

    @Test
    void R1_1_anIdleSocketAndAHalfMessageEnd(@TempDir Path other) throws Exception {
        EdgeTimeouts d = EdgeTimeouts.DEFAULT;
        EdgeTimeouts hasty = new EdgeTimeouts(
                d.firstRequest(),
                Duration.ofMillis(300),
                Duration.ofMillis(300),
                d.stalledReader(),
                d.ping(),
                d.linger(),
                d.drain());
        try (TestEdge strict = edge(other).timeouts(hasty).start()) {
            String mine =
                    strict.keys.create("counting", Set.of(Scope.INFERENCE)).secret();
            Heard idle = new Heard();
            open(strict, "/counting", mine, idle);
            assertThat(idle.next()).isEqualTo("closed 1001");
            Heard half = new Heard();
            open(strict, "/counting", mine, half).sendText("{\"co", false).join();
            assertThat(half.next()).contains("request_timeout");
            assertThat(half.next()).isEqualTo("closed 1008");
        }
    }

    @Test
    void anEdgeThatClosesEndsWhatIsIdleAndLetsTheRestFinish(@TempDir Path other) throws Exception {
        Heard idle = new Heard();
        Heard busy = new Heard();
        try (TestEdge leaving = edge(other).start()) {
            String mine =
                    leaving.keys.create("counting", Set.of(Scope.INFERENCE)).secret();
            open(leaving, "/counting", mine, idle);
            open(leaving, "/counting", mine, busy)
                    .sendText("{\"count\":3000}", true)
                    .join();
            assertThat(busy.next()).isEqualTo("{\"item\":{\"number\":1}}");
            leaving.edge.close(); // before the client, which waits for its sockets
        }
        assertThat(idle.next()).isEqualTo("closed 1001");
        String last = "";
        for (String text = busy.next(); !text.startsWith("closed"); text = busy.next()) last = text;
        assertThat(last).isEqualTo("{\"end\":true}");
    }

    @Test
    void R3_2_aFrameThatIsNoneEndsTheSocketAndNothingElse() throws Exception {
        try (Socket raw = new Socket("127.0.0.1", edge.edge.port())) {
            raw.setSoTimeout(20_000);
            raw.getOutputStream()
                    .write(("GET /counting HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + key
                                    + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                    + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            InputStream in = raw.getInputStream();
            StringBuilder head = new StringBuilder();
            while (head.indexOf("\r\n\r\n") < 0) head.append((char) in.read());
            assertThat(head.toString()).startsWith("HTTP/1.1 101");
            raw.getOutputStream().write(new byte[] {(byte) 0x81, 0x02, '{', '}'}); // not masked
            while (in.read() >= 0) {} // to its end
        }
        assertThat(edge.get("/livez").statusCode()).isEqualTo(200);
    }

    @Test
    void R3_2_anUpgradeThatIsNoneIsRefused() throws Exception {
        for (String bad : new String[] {
            "Upgrade: websocket\r\nConnection: Upgrade\r\n", // no version, no key
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 8\r\nSec-WebSocket-Key: eA==\r\n",
            "Upgrade: websocket\r\nConnection: close\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eA==\r\n"
        })
            try (RawClient client = new RawClient(edge)) {
                client.send("GET /counting HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + key + "\r\n" + bad
                        + "\r\n");
                assertThat(client.reply().status()).as(bad).isEqualTo(400);
            }
        try (RawClient client = new RawClient(edge)) { // nobody else's protocol
            client.send("GET /counting HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + key
                    + "\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n");
            assertThat(client.reply().status()).isEqualTo(405);
        }
    }
}
