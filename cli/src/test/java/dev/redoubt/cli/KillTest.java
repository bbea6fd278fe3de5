package dev.redoubt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.Home;
import dev.redoubt.policy.KeyStore;
import dev.redoubt.testkit.TinyModels;
import dev.redoubt.testkit.WeightKind;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `kill -9` in the middle of anything: the next start works, and what was acknowledged is there.
class KillTest {
    @TempDir
    private Path folder;

    /// The product in a process of its own, in the test's home.
    private Process start(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                ProcessHandle.current().info().command().orElseThrow(),
                "-Xmx512m",
                "-XX:+UseSerialGC",
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.redoubt.cli.Main"));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectError(folder.resolve("err.txt").toFile())
                .redirectInput(new File("/dev/null"));
        builder.environment().put("REDOUBT_HOME", home().root().toString());
        return builder.start();
    }

    private Home home() {
        return new Home(folder.resolve("home").toAbsolutePath());
    }

    private static void kill(Process process) throws InterruptedException {
        process.destroyForcibly();
        process.waitFor();
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
            kill(early);
            Process child = start("keys", "create", "--application", "web");
            try (BufferedReader out = child.inputReader(StandardCharsets.UTF_8)) {
                String key = out.readLine();
                kill(child);
                assertThat(key).startsWith("rdt_");
                acknowledged.add(key);
            }
        }
        try (KeyStore keys = KeyStore.open(home())) {
            assertThat(acknowledged).allMatch(key -> keys.authenticate(key).isPresent());
        }
    }

    @Test
    void aServerThatWasKilledStartsAgainAndKnowsItsKey() throws Exception {
        String model =
                TinyModels.gguf(folder.resolve("tiny.gguf"), WeightKind.F16, 1).toString();
        String key = null;
        for (int i = 0; i < 2; i++) {
            Process server = start("serve", "--model", model, "--port", "0");
            try (BufferedReader out = server.inputReader(StandardCharsets.UTF_8)) {
                String ready = out.readLine();
                assertThat(ready).startsWith("ready  tiny, ");
                String keyLine = out.readLine();
                String curl = out.readLine();
                if (key == null) key = keyLine.split(" +")[1];
                else assertThat(keyLine).contains("REDOUBT_API_KEY", "keys create");
                assertThat(curl).startsWith("try    curl http://127.0.0.1:");
                assertThat(status(ready.substring(ready.indexOf("http://")) + "/v1/models", key))
                        .isEqualTo(200);
            } finally {
                kill(server);
            }
        }
    }

    @Test
    void aModelIsInTheStoreWholeOrNotAtAll() throws Exception {
        long seed = new Random().nextLong();
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        String model =
                TinyModels.gguf(folder.resolve("tiny.gguf"), WeightKind.F32, 1).toString();
        for (int i = 0; i < 4; i++) {
            Process child = start("models", "add", model, "--name", "tiny");
            child.waitFor(random.nextInt(1500), TimeUnit.MILLISECONDS);
            kill(child);
            assertThat(Ran.command(home().root(), "models", "verify").exitCode())
                    .isZero();
        }
        assertThat(Ran.command(home().root(), "models", "add", model, "--name", "tiny")
                        .exitCode())
                .isZero();
        assertThat(Ran.command(home().root(), "models", "verify", "tiny").out()).contains("verified");
    }

    private static int status(String url, String key) throws IOException, InterruptedException {
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpRequest request = HttpRequest.newBuilder(URI.create(url))
                    .header("Authorization", "Bearer " + key)
                    .build();
            return client.send(request, HttpResponse.BodyHandlers.ofString()).statusCode();
        }
    }
}
