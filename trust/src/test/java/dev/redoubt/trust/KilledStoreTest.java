package dev.redoubt.trust;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A process that is killed while it writes leaves a whole entry or none, and the next one works.
class KilledStoreTest {
    private static final int KILLS = 6;
    private static final int ROWS = 300_000; // 9.6 MB, so that a kill finds something under way

    @TempDir
    Path temp;

    /// What the child does: `add ROOT FILE` or `pull ROOT ENDPOINT BYTES SHA256`, over and over under new
    /// names.
    static final class Child {
        private Child() {}

        public static void main(String[] arguments) {
            var store = new ModelStore(Path.of(arguments[1]));
            System.out.println("ready");
            for (int i = 0; i < 1000; i++) {
                if (arguments[0].equals("add")) {
                    store.add(Path.of(arguments[2]), "tiny-" + i);
                } else {
                    new ModelPull(store, Path.of(arguments[1]), Map.of("HF_ENDPOINT", arguments[2]), Duration.ZERO)
                            .pull(entry(Long.parseLong(arguments[3]), arguments[4]), PullProgress.SILENT);
                }
            }
        }
    }

    @Test
    void killedAddLeavesWholeEntriesAndTheNextAddWorks() throws Exception {
        long seed = System.nanoTime();
        System.out.println("KilledStoreTest seed " + seed);
        var random = new Random(seed);
        Path file = Files.write(temp.resolve("tiny.gguf"), TinyModels.gguf(ROWS));
        for (int kill = 0; kill < KILLS; kill++) {
            Path root = temp.resolve("models-" + kill);
            killAfter(random.nextInt(250), "add", root.toString(), file.toString());
            var store = new ModelStore(root);
            assertThat(store.damaged()).isEmpty();
            for (StoreEntry entry : store.list()) store.verify(entry.name());
            store.add(file, "after");
            store.open("after").close();
            assertThat(root.resolve(".staging")).isEmptyDirectory();
        }
    }

    @Test
    void killedPullLeavesNoHalfEntryAndTheNextPullResumes() throws Exception {
        long seed = System.nanoTime();
        System.out.println("KilledStoreTest seed " + seed);
        var random = new Random(seed);
        byte[] model = TinyModels.gguf(ROWS);
        String sha256 = Sha256.of(model);
        Path root = temp.resolve("models");
        int most = model.length / KILLS;
        try (var server = new HubServer(HubServer.file(model, most))) { // each connection brings a part
            for (int kill = 0; kill < KILLS; kill++) {
                killAfter(random.nextInt(150), "pull", root.toString(), server.address(), "" + model.length, sha256);
                var store = new ModelStore(root);
                assertThat(store.damaged()).isEmpty();
                for (StoreEntry entry : store.list()) store.verify(entry.name());
            }
            new ModelPull(new ModelStore(root), temp, Map.of("HF_ENDPOINT", server.address()), Duration.ZERO)
                    .pull(entry(model.length, sha256), PullProgress.SILENT);
        }
        new ModelStore(root).verify("tiny");
        assertThat(root.resolve(".staging")).isEmptyDirectory();
    }

    private static CatalogueEntry entry(long bytes, String sha256) {
        return new CatalogueEntry(
                "tiny",
                "tiny.gguf",
                bytes,
                sha256,
                "Apache-2.0",
                List.of(new ModelSource.Hub("someone/tiny", "main", "tiny.gguf")));
    }

    private static void killAfter(int millis, String... arguments) throws IOException, InterruptedException {
        var command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m",
                "-cp",
                classPath(),
                Child.class.getName()));
        command.addAll(List.of(arguments));
        Process child = new ProcessBuilder(command).redirectErrorStream(true).start();
        try (var output = new BufferedReader(new InputStreamReader(child.getInputStream(), StandardCharsets.UTF_8))) {
            assertThat(output.readLine()).isEqualTo("ready");
            child.waitFor(millis, TimeUnit.MILLISECONDS); // a fast machine may be done: that is an end like any other
            child.destroyForcibly();
            child.waitFor();
        }
    }

    /// What this test runs on, modules or not.
    private static String classPath() {
        return Stream.of(
                        System.getProperty("jdk.module.path", ""),
                        System.getProperty("java.class.path", ""),
                        Path.of("target", "test-classes").toAbsolutePath().toString(),
                        Path.of("target", "classes").toAbsolutePath().toString())
                .filter(part -> !part.isEmpty())
                .reduce((a, b) -> a + File.pathSeparator + b)
                .orElseThrow();
    }
}
