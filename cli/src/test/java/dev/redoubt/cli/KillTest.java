package dev.redoubt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.Home;
import dev.redoubt.policy.KeyStore;
import dev.redoubt.policy.audit.AuditLog;
import dev.redoubt.testkit.TinyModels;
import dev.redoubt.testkit.WeightKind;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `kill -9` in the middle of anything, through the launcher: the next start works, what was acknowledged is
/// there, and nothing piles up.
class KillTest {
    @TempDir
    private Path folder;

    private Checkout checkout;

    @BeforeEach
    void checkOut() throws IOException {
        checkout = Checkout.built(folder);
    }

    private Process start(String... arguments) throws IOException {
        return checkout.start(List.of(), arguments);
    }

    private String tiny(WeightKind kind) throws IOException {
        return TinyModels.gguf(folder.resolve("tiny.gguf"), kind, 1).toString();
    }

    /// What the home holds, folders without what is in them.
    private List<String> home() throws IOException {
        try (Stream<Path> all = Files.list(checkout.home)) {
            return all.map(file -> String.valueOf(file.getFileName())).sorted().toList();
        }
    }

    private List<String> unpacked() throws IOException {
        try (Stream<Path> all = Files.list(checkout.home.resolve("native"))) {
            return all.map(file -> String.valueOf(file.getFileName())).sorted().toList();
        }
    }

    @Test
    void anAcknowledgedKeyIsNeverLost() throws Exception {
        long seed = new Random().nextLong();
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        List<String> acknowledged = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            Process early = start("keys", "create", "--application", "web");
            early.waitFor(random.nextInt(1200), TimeUnit.MILLISECONDS);
            Checkout.kill(early);
            Process child = start("keys", "create", "--application", "web");
            try (BufferedReader out = child.inputReader(StandardCharsets.UTF_8)) {
                String key = out.readLine();
                Checkout.kill(child);
                assertThat(key).startsWith("rdt_");
                acknowledged.add(key);
            }
        }
        Home home = new Home(checkout.home);
        try (AuditLog audit = AuditLog.open(home);
                KeyStore keys = KeyStore.open(home, audit)) {
            assertThat(acknowledged).allMatch(key -> keys.authenticate(key).isPresent());
        }
    }

    @Test
    void aServerThatWasKilledStartsAgainAndKnowsItsKey() throws Exception {
        Process added = start("models", "add", tiny(WeightKind.F16), "--name", "tiny");
        assertThat(added.waitFor()).isZero();
        String key = null;
        for (int i = 0; i < 3; i++) {
            Process server = start("serve", "--model", "tiny", "--port", "0");
            try (BufferedReader out = server.inputReader(StandardCharsets.UTF_8)) {
                String ready = out.readLine();
                assertThat(ready).startsWith("ready  tiny, ");
                String keyLine = out.readLine();
                String curl = out.readLine();
                if (key == null) key = keyLine.split(" +")[1];
                else assertThat(keyLine).contains("REDOUBT_API_KEY", "keys create");
                assertThat(curl).startsWith("try    curl http://127.0.0.1:");
                askUntilKilled(server, ready.substring(ready.indexOf("http://")), key);
            } finally {
                Checkout.kill(server);
            }
            assertThat(home()).contains("key-secret", "logs", "models", "native", "redoubt.db");
            assertThat(home()).allMatch(name -> !name.startsWith("."));
            assertThat(unpacked()).isSubsetOf("tokenizers");
        }
    }

    /// Several requests at once, one after the other, until the server dies under them.
    private static void askUntilKilled(Process server, String url, String key) throws Exception {
        String body =
                "{\"model\":\"tiny\",\"prompt\":\"Hi\",\"max_tokens\":200,\"ignore_eos\":true,\"stream\":true,\"n\":8}";
        HttpRequest request = HttpRequest.newBuilder(URI.create(url + "/v1/completions"))
                .header("Authorization", "Bearer " + key)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpResponse<Stream<String>> first = client.send(request, HttpResponse.BodyHandlers.ofLines());
            assertThat(first.statusCode()).isEqualTo(200);
            for (int i = 0; i < 8; i++) client.sendAsync(request, HttpResponse.BodyHandlers.discarding());
            assertThat(first.body().findFirst())
                    .hasValueSatisfying(line -> assertThat(line).startsWith("data: "));
            Checkout.kill(server);
            client.shutdownNow();
        }
    }

    @Test
    void aModelIsInTheStoreWholeOrNotAtAll() throws Exception {
        long seed = new Random().nextLong();
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        String model = tiny(WeightKind.F32);
        for (int i = 0; i < 4; i++) {
            Process child = start("models", "add", model, "--name", "tiny");
            child.waitFor(random.nextInt(1500), TimeUnit.MILLISECONDS);
            Checkout.kill(child);
            assertThat(Ran.command(checkout.home, "models", "verify").exitCode())
                    .isZero();
        }
        assertThat(Ran.command(checkout.home, "models", "add", model, "--name", "tiny")
                        .exitCode())
                .isZero();
        assertThat(Ran.command(checkout.home, "models", "verify", "tiny").out()).contains("verified");
        assertThat(staged()).isEmpty();
    }

    @Test
    void aDownloadThatWasKilledLeavesNothing() throws Exception {
        Path writing = folder.resolve("writing");
        checkout.program("python3", """
                while [ "$1" != --dest ]; do shift; done
                mkdir -p "$2"
                echo half >"$2/model.whl"
                echo >'%s'
                exec sleep 60
                """.formatted(writing));
        for (boolean group : new boolean[] {true, false}) {
            Files.deleteIfExists(writing);
            Process pull = start("run", "hello");
            List<ProcessHandle> pip = List.of();
            try {
                Checkout.await(writing);
                pip = pull.descendants().toList();
                assertThat(staged()).isNotEmpty();
                if (group) Checkout.killGroup(pull);
                else Checkout.kill(pull);
                assertThat(Ran.command(checkout.home, "models", "list").out()).doesNotContain("verified");
                assertThat(staged()).isEmpty();
                assertThat(checkout.home.resolve("models/smollm2-135m-instruct"))
                        .doesNotExist();
            } finally {
                pip.forEach(ProcessHandle::destroyForcibly);
            }
        }
    }

    private List<Path> staged() throws IOException {
        Path staging = checkout.home.resolve("models/.staging");
        if (Files.notExists(staging)) return List.of();
        try (Stream<Path> all = Files.list(staging)) {
            return all.toList();
        }
    }
}
