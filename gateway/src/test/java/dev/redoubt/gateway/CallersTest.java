package dev.redoubt.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.generation.RequestLimits;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Callers who leave, dawdle, send too much or nothing: on raw sockets.
final class CallersTest {
    private static final EdgeTimeouts SHORT = new EdgeTimeouts(
            Duration.ofMillis(300),
            Duration.ofMillis(500),
            Duration.ofMillis(300),
            Duration.ofMillis(400),
            Duration.ofMillis(100),
            Duration.ofMillis(100),
            Duration.ofSeconds(2));

    /// Usually milliseconds; machines that run tests are sometimes busy.
    private static final Duration SOON = Duration.ofSeconds(1);

    @TempDir
    Path home;

    @SuppressWarnings("NullAway.Init") // each test starts its own
    private TestEdge edge;

    @AfterEach
    void stop() {
        edge.close();
    }

    @Test
    void aCallerWhoLeavesAStreamCancelsIt() throws IOException {
        start(Duration.ofMillis(5), RequestLimits.DEFAULT, EdgeTimeouts.DEFAULT);
        try (Socket socket = send(chat("hi", 2000, true))) {
            readUntil(socket, " w3");
        }
        assertCancelledWithin(SOON);
    }

    @Test
    void aCallerWhoLeavesAWholeReplyCancelsIt() throws IOException {
        start(Duration.ofMillis(5), RequestLimits.DEFAULT, EdgeTimeouts.DEFAULT);
        try (Socket socket = send(chat("hi", 2000, false))) {
            assertThat(within(Duration.ofSeconds(5), () -> edge.model.running() == 1 && socket.isConnected()))
                    .isTrue();
        }
        assertCancelledWithin(SOON);
    }

    @Test
    void aCallerWhoLeavesTheQueueCancelsIt() throws IOException {
        start(Duration.ofMillis(5), RequestLimits.DEFAULT, EdgeTimeouts.DEFAULT);
        try (Socket socket = send(chat("!hang", 5, true))) {
            assertThat(within(Duration.ofSeconds(5), () -> edge.model.running() == 1 && socket.isConnected()))
                    .isTrue();
        }
        assertCancelledWithin(SOON);
    }

    @Test
    void aWaitingStreamShowsSignsOfLife() throws IOException {
        start(Duration.ofMillis(5), RequestLimits.DEFAULT, SHORT);
        try (Socket socket = send(chat("!hang", 5, true))) {
            assertThat(readUntil(socket, ": ping\n\n")).startsWith("HTTP/1.1 200");
        }
    }

    @Test
    void aReaderWhoTakesNothingIsDroppedAndOthersAreNot() throws IOException {
        start(Duration.ZERO, RequestLimits.DEFAULT, SHORT);
        try (Socket stalled = new Socket()) {
            stalled.setReceiveBufferSize(4096);
            stalled.connect(new java.net.InetSocketAddress("127.0.0.1", edge.edge.port()));
            stalled.getOutputStream().write(chat("!long", 2048, true).getBytes(StandardCharsets.UTF_8));
            long steps = edge.model.steps.get();
            // the model is never slowed down: it goes on to its end or to the cancel
            assertThat(within(
                            Duration.ofSeconds(20), () -> edge.model.running() == 0 && edge.model.steps.get() > steps))
                    .isTrue();
            assertThat(edge.post("/generate", "{\"prompt\":\"x\",\"max_tokens\":1}")
                            .statusCode())
                    .isEqualTo(200);
            assertThat(closed(stalled)).isTrue();
        }
    }

    @Test
    void R1_3_aRequestPastItsDeadlineIs504() throws IOException {
        start(Duration.ofMillis(20), limits(Duration.ofMillis(300)), EdgeTimeouts.DEFAULT);
        var reply = edge.post("/generate", "{\"prompt\":\"x\",\"max_tokens\":2000}");
        assertThat(reply.statusCode()).isEqualTo(504);
        assertThat(reply.body()).contains("deadline_exceeded");
        assertThat(edge.model.running()).isZero();
    }

    @Test
    void R1_3_aStreamPastItsDeadlineEndsByAnErrorEvent() throws IOException {
        start(Duration.ofMillis(20), limits(Duration.ofMillis(300)), EdgeTimeouts.DEFAULT);
        try (Socket socket = send(chat("hi", 2000, true))) {
            String reply = readUntil(socket, "data: [DONE]");
            assertThat(reply).contains("\"code\":\"deadline_exceeded\"").startsWith("HTTP/1.1 200");
        }
    }

    @Test
    void R1_4_aBodyOverTheLimitIsRefusedWhileBeingReadAndTheConnectionCloses() throws IOException {
        start(Duration.ZERO, RequestLimits.DEFAULT, EdgeTimeouts.DEFAULT);
        String head = head("POST", "/v1/chat/completions");
        try (Socket declared = send(head + "Content-Length: 10000001\r\n\r\n")) {
            assertThat(readUntil(declared, "body_too_large")).startsWith("HTTP/1.1 413");
            assertThat(closed(declared)).isTrue();
        }
        try (Socket chunked = send(head + "Transfer-Encoding: chunked\r\n\r\n")) {
            byte[] chunk = ("10000\r\n" + "x".repeat(0x10000) + "\r\n").getBytes(StandardCharsets.US_ASCII);
            for (int i = 0; i < 153; i++) chunked.getOutputStream().write(chunk); // 10,027,008 bytes, and no end
            assertThat(readUntil(chunked, "body_too_large")).startsWith("HTTP/1.1 413");
            assertThat(closed(chunked)).isTrue();
        }
    }

    @Test
    void aBodyThatDripsIsEndedBy408() throws IOException {
        start(Duration.ZERO, RequestLimits.DEFAULT, SHORT);
        try (Socket socket = send(head("POST", "/generate") + "Content-Length: 100\r\n\r\n{")) {
            assertThat(readUntil(socket, "request_timeout")).startsWith("HTTP/1.1 408");
            assertThat(closed(socket)).isTrue();
        }
    }

    @Test
    void aHeadThatDripsIsEnded() throws IOException {
        start(Duration.ZERO, RequestLimits.DEFAULT, SHORT);
        try (Socket socket = send("GET /livez HTTP/1.1\r\nHost: loc")) {
            assertThat(closed(socket)).isTrue();
        }
    }

    @Test
    void anIdleConnectionIsKeptForAWhile() throws IOException {
        start(Duration.ZERO, RequestLimits.DEFAULT, SHORT);
        try (Socket socket = send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")) {
            readUntil(socket, "\r\n\r\n");
            socket.getOutputStream()
                    .write("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            assertThat(readUntil(socket, "\r\n\r\n")).startsWith("HTTP/1.1 200");
            assertThat(closed(socket)).isTrue();
        }
    }

    @Test
    void oldProxiesSpeakHttp10() throws IOException {
        start(Duration.ZERO, RequestLimits.DEFAULT, EdgeTimeouts.DEFAULT);
        String request = chat("hi", 3, true).replace("HTTP/1.1", "HTTP/1.0");
        try (Socket socket = send(request)) {
            String reply = readUntil(socket, "data: [DONE]");
            assertThat(reply).contains(" w2").doesNotContain("chunked");
            assertThat(closed(socket)).isTrue();
        }
    }

    @Test
    void aCallerWhoAsksFirstIsToldToGoOn() throws IOException {
        start(Duration.ZERO, RequestLimits.DEFAULT, EdgeTimeouts.DEFAULT);
        String body = "{\"prompt\":\"x\",\"max_tokens\":1}";
        String head =
                head("POST", "/generate") + "Expect: 100-continue\r\nContent-Length: " + body.length() + "\r\n\r\n";
        try (Socket socket = send(head)) {
            readUntil(socket, "HTTP/1.1 100 Continue\r\n\r\n");
            socket.getOutputStream().write(body.getBytes(StandardCharsets.US_ASCII));
            assertThat(readUntil(socket, "}")).contains("HTTP/1.1 200").contains(" w0");
        }
    }

    @Test
    void closingLetsRunningRequestsEnd() throws Exception {
        start(Duration.ofMillis(10), RequestLimits.DEFAULT, SHORT);
        try (Socket socket = send(chat("hi", 50, true))) {
            readUntil(socket, " w1");
            Thread closing = Thread.ofPlatform().start(() -> edge.edge.close());
            assertThat(readUntil(socket, "data: [DONE]")).contains(" w49");
            closing.join();
        }
    }

    @Test
    void closingCancelsWhatDoesNotEnd() throws Exception {
        start(Duration.ofMillis(10), RequestLimits.DEFAULT, SHORT);
        try (Socket socket = send(chat("!hang", 50, true))) {
            assertThat(within(Duration.ofSeconds(5), () -> edge.model.running() == 1 && socket.isConnected()))
                    .isTrue();
            edge.edge.close();
            assertThat(within(Duration.ofSeconds(1), () -> edge.model.running() == 0))
                    .isTrue();
        }
    }

    private void start(Duration pace, RequestLimits limits, EdgeTimeouts timeouts) {
        edge = TestEdge.at(home).pace(pace).limits(limits).timeouts(timeouts).start();
    }

    private static RequestLimits limits(Duration timeout) {
        RequestLimits d = RequestLimits.DEFAULT;
        return new RequestLimits(
                d.promptCodePointsMax(),
                d.maxTokensMax(),
                d.maxTokensDefault(),
                d.temperatureMax(),
                d.temperatureDefault(),
                d.choicesMax(),
                d.promptsMax(),
                d.stopStringsMax(),
                d.stopStringLengthMax(),
                d.stopTokenIdsMax(),
                d.logitBiasMax(),
                d.logprobsMax(),
                d.bodyBytesMax(),
                timeout);
    }

    private String head(String method, String path) {
        return method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + edge.key
                + "\r\nContent-Type: application/json\r\n";
    }

    private String chat(String content, int maxTokens, boolean stream) {
        String body = "{\"model\":\"scripted\",\"messages\":[{\"role\":\"user\",\"content\":\"" + content
                + "\"}],\"max_tokens\":" + maxTokens + ",\"stream\":" + stream + "}";
        return head("POST", "/v1/chat/completions") + "Content-Length: " + body.length() + "\r\n\r\n" + body;
    }

    private Socket send(String bytes) throws IOException {
        Socket socket = new Socket("127.0.0.1", edge.edge.port());
        socket.setSoTimeout(5_000);
        socket.getOutputStream().write(bytes.getBytes(StandardCharsets.UTF_8));
        return socket;
    }

    private static String readUntil(Socket socket, String mark) throws IOException {
        StringBuilder text = new StringBuilder();
        InputStream in = socket.getInputStream();
        while (text.indexOf(mark) < 0) {
            int b = in.read();
            if (b < 0) throw new AssertionError("closed before '" + mark + "': " + text);
            text.append((char) b);
        }
        return text.toString();
    }

    /// Whether the other side ends the connection in time; what it still sends is read.
    private static boolean closed(Socket socket) {
        try {
            socket.setSoTimeout(5_000);
            while (socket.getInputStream().read(new byte[65536]) >= 0) {}
            return true;
        } catch (java.net.SocketTimeoutException e) {
            return false;
        } catch (IOException reset) {
            return true;
        }
    }

    private void assertCancelledWithin(Duration time) {
        assertThat(within(time, () -> edge.model.cancelled.size() == 1)).isTrue();
        assertThat(edge.model.running()).isZero();
    }

    private static boolean within(Duration time, BooleanSupplier condition) {
        long end = System.nanoTime() + time.toNanos();
        while (System.nanoTime() < end) {
            if (condition.getAsBoolean()) return true;
            LockSupport.parkNanos(5_000_000);
        }
        return condition.getAsBoolean();
    }
}
