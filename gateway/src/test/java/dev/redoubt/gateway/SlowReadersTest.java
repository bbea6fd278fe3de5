package dev.redoubt.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.policy.Scope;
import dev.redoubt.serve.control.Platform;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Readers of an application's stream that take nothing: they are dropped, and their calls end.
@SuppressWarnings("NullAway.Init")
final class SlowReadersTest {
    private static final String ENDLESS = "{\"count\":100000000}";

    @TempDir
    private static Path home;

    private static Platform platform;
    private static TestEdge edge;
    private static String key;

    @BeforeAll
    static void start() throws InterruptedException {
        platform = TestApplications.platform(home);
        TestApplications.deploy(platform, TestApplications.application("counting", "Counter"));
        EdgeTimeouts d = EdgeTimeouts.DEFAULT;
        EdgeTimeouts hasty = new EdgeTimeouts(
                d.firstRequest(),
                d.keepAlive(),
                d.body(),
                Duration.ofMillis(300),
                d.ping(),
                Duration.ofMillis(100),
                d.drain());
        edge = TestEdge.at(home).timeouts(hasty).platform(platform).start();
        key = edge.keys.create("counting", Set.of(Scope.INFERENCE)).secret();
    }

    @AfterAll
    static void stop() {
        edge.close();
        platform.close();
    }

    private static int ongoing() {
        return platform.status()
                .find("counting")
                .orElseThrow()
                .find("Counter")
                .orElseThrow()
                .ongoing();
    }

    /// Whether it comes about in time.
    private static boolean becomes(int calls) throws InterruptedException {
        for (int i = 0; i < 800; i++) {
            if (ongoing() == calls) return true;
            if (new CountDownLatch(1).await(25, TimeUnit.MILLISECONDS)) return false;
        }
        return false;
    }

    @ParameterizedTest
    @ValueSource(strings = {"text/event-stream", "application/x-ndjson"})
    void R1_1_aReaderOfAStreamThatTakesNothingIsDropped(String accept) throws Exception {
        try (RawClient client = RawClient.narrow(edge)) {
            client.send("POST /counting HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + key
                    + "\r\nContent-Type: application/json\r\nAccept: " + accept + "\r\nContent-Length: "
                    + ENDLESS.length() + "\r\n\r\n" + ENDLESS);
            assertThat(becomes(1)).isTrue();
            assertThat(becomes(0)).as("dropped long before it could be through").isTrue();
            assertThat(client.cut())
                    .as("closed, though all that it was sent is still there")
                    .isTrue();
        }
    }

    @Test
    void R1_1_aReaderOfAWebSocketThatTakesNothingIsDropped() throws Exception {
        try (Socket socket = RawClient.narrowSocket(edge)) {
            socket.setSoTimeout(20_000);
            open(socket);
            socket.getOutputStream().write(masked(ENDLESS));
            assertThat(becomes(1)).isTrue();
            assertThat(becomes(0)).isTrue();
            assertThat(ends(socket)).isTrue();
        }
    }

    @Test
    void R1_1_aWebSocketThatAsksForPongsAndReadsNoneIsCut() throws Exception {
        byte[] pings = new byte[131 * 500];
        for (int at = 0; at < pings.length; at += 131) {
            pings[at] = (byte) 0x89;
            pings[at + 1] = (byte) (0x80 | 125); // a mask of zeros, and 125 of them
        }
        try (Socket socket = RawClient.narrowSocket(edge)) {
            socket.setSoTimeout(20_000);
            open(socket);
            long sent = 0;
            boolean cut = false;
            while (!cut && sent < 100L << 20) {
                try {
                    socket.getOutputStream().write(pings);
                    sent += pings.length;
                } catch (IOException gone) {
                    cut = true;
                }
            }
            assertThat(cut).as("after %d bytes of pings", sent).isTrue();
        }
    }

    private static void open(Socket socket) throws IOException {
        socket.getOutputStream()
                .write(("GET /counting HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + key
                                + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
                        .getBytes(StandardCharsets.US_ASCII));
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0)
            head.append((char) socket.getInputStream().read());
    }

    private static byte[] masked(String text) {
        ByteArrayOutputStream frame = new ByteArrayOutputStream();
        frame.write(0x81);
        frame.write(0x80 | text.length());
        frame.writeBytes(new byte[4]); // a mask that changes nothing
        frame.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
        return frame.toByteArray();
    }

    private static boolean ends(Socket socket) {
        try {
            while (socket.getInputStream().read(new byte[65_536]) >= 0) {}
            return true;
        } catch (java.net.SocketTimeoutException e) {
            return false;
        } catch (IOException reset) {
            return true;
        }
    }
}
