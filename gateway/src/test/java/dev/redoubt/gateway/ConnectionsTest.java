package dev.redoubt.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.policy.Scope;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ConnectionsTest {
    private static final byte[] HELLO = "{\"prompt\":\"x\",\"max_tokens\":1}".getBytes(StandardCharsets.UTF_8);

    @TempDir
    Path home;

    @Test
    void R1_1_connectionsWithoutAKeyKeepNobodyOut() throws IOException {
        List<Socket> strangers = new ArrayList<>();
        try (TestEdge edge = TestEdge.at(home).start();
                RawClient known = new RawClient(edge);
                RawClient busy = new RawClient(edge);
                RawClient stranger = new RawClient(edge)) {
            assertThat(known.sendPlain("/generate", HELLO).reply().status()).isEqualTo(200);
            busy.send(busy.post("/generate") + "Content-Length: " + HELLO.length + "\r\n\r\n");
            assertThat(stranger.send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
                            .reply()
                            .status())
                    .isEqualTo(200);
            for (int i = 0; i < Connections.CONNECTIONS_MAX; i++)
                strangers.add(new Socket("127.0.0.1", edge.edge.port()));
            for (int i = 0; i < 20; i++) {
                try (RawClient fresh = new RawClient(edge)) {
                    assertThat(fresh.sendPlain("/generate", HELLO).reply().status())
                            .isEqualTo(200);
                }
            }
            assertThat(stranger.closed())
                    .as("longest open of those without a key")
                    .isTrue();
            assertThat(known.sendPlain("/generate", HELLO).reply().status()).isEqualTo(200);
            assertThat(busy.send(HELLO).reply().status()).isEqualTo(200);
        } finally {
            for (Socket socket : strangers) socket.close();
        }
    }

    @Test
    void R1_1_whoHoldsManyIdleConnectionsGivesThemToOthers() throws IOException {
        List<RawClient> many = new ArrayList<>();
        try (TestEdge edge = TestEdge.at(home).start()) {
            String other = edge.keys.create("other", Set.of(Scope.INFERENCE)).secret();
            try (RawClient others = new RawClient(edge);
                    RawClient busy = new RawClient(edge)) {
                assertThat(models(others, other)).isEqualTo(200);
                assertThat(models(busy, edge.key)).isEqualTo(200);
                busy.send(busy.post("/generate") + "Content-Length: " + HELLO.length + "\r\n\r\n");
                while (many.size() < Connections.CONNECTIONS_MAX - 2) {
                    RawClient client = new RawClient(edge);
                    many.add(client);
                    assertThat(models(client, edge.key)).isEqualTo(200);
                }
                try (RawClient fresh = new RawClient(edge)) {
                    assertThat(models(fresh, other)).isEqualTo(200);
                }
                assertThat(many.getFirst().closed()).as("idle for longest").isTrue();
                assertThat(models(many.getLast(), edge.key)).isEqualTo(200);
                assertThat(models(others, other)).as("of whom there are few").isEqualTo(200);
                assertThat(busy.send(HELLO).reply().status()).isEqualTo(200);
            }
        } finally {
            for (RawClient client : many) client.close();
        }
    }

    private static int models(RawClient client, String key) throws IOException {
        return client.send("GET /v1/models HTTP/1.1\r\nHost: localhost\r\nX-API-Key: " + key + "\r\n\r\n")
                .reply()
                .status();
    }
}
