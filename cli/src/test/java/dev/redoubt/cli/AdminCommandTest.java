package dev.redoubt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// `redoubt status` and `redoubt cache clear` against a server with a real engine.
final class AdminCommandTest {
    @TempDir
    private Path folder;

    private Ran redoubt(String... args) {
        return Ran.command(folder.resolve("home"), args);
    }

    private static void complete(RunningServer server) throws Exception {
        String name = server.server.engine().orElseThrow().card().name();
        String body =
                "{\"model\":\"" + name + "\",\"prompt\":\"" + "once upon a time ".repeat(4) + "\",\"max_tokens\":2}";
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpRequest request = HttpRequest.newBuilder(URI.create(server.url + "/v1/completions"))
                    .header("Authorization", "Bearer " + server.key)
                    .header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofString(body))
                    .build();
            assertThat(client.send(request, HttpResponse.BodyHandlers.ofString())
                            .statusCode())
                    .isEqualTo(200);
        }
    }

    private long cachedTokens() {
        JsonNode status =
                JsonMapper.shared().readTree(redoubt("status", "--json").out());
        return status.at("/models/0/prompt_tokens_cached").asLong();
    }

    @Test
    void V1_3_clearingReallyClears() throws Exception {
        try (RunningServer server = RunningServer.start(folder)) {
            complete(server);
            complete(server);
            long hits = cachedTokens();
            assertThat(hits).isPositive();

            assertThat(redoubt("cache", "clear", "--application", "nobody").out())
                    .isEqualTo("0 blocks of nobody zeroed\n");
            complete(server);
            assertThat(cachedTokens()).isEqualTo(2 * hits);

            Ran cleared = redoubt("cache", "clear", "--tenant", "local");
            assertThat(cleared.exitCode()).as(cleared.err()).isZero();
            assertThat(cleared.out()).matches("[1-9][0-9]* blocks of local zeroed\n");
            assertThat(redoubt("audit-log", "export").out().lines().filter(line -> line.contains("\"cache.clear\"")))
                    .as("begun and done, for nobody and for local")
                    .hasSize(4)
                    .allMatch(line -> line.contains("\"operator\""));
            complete(server);
            assertThat(cachedTokens()).as("nothing was found again").isEqualTo(2 * hits);
        }
    }

    @Test
    void statusShowsWhatRuns() throws Exception {
        try (RunningServer server = RunningServer.start(folder)) {
            Ran status = redoubt("status");
            assertThat(status.exitCode()).as(status.err()).isZero();
            assertThat(status.out())
                    .contains(server.server.engine().orElseThrow().card().digest())
                    .contains("memory lock")
                    .contains("prefix cache principal")
                    .contains("0 running, 0 waiting");
        }
    }

    @Test
    void withoutAServerTheCommandsSaySo() throws Exception {
        assertThat(redoubt("status").exitCode()).isEqualTo(69);
        try (RunningServer server = RunningServer.start(folder)) {
            assertThat(server.server.port()).isPositive();
        }
        Ran clear = redoubt("cache", "clear", "--application", "local");
        assertThat(clear.exitCode()).isEqualTo(69);
        assertThat(clear.err()).contains("no server with an admin socket runs on");
        assertThat(redoubt("cache", "clear").exitCode()).isEqualTo(64);
    }
}
