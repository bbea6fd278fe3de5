package dev.redoubt.serve.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.serve.replica.Servant;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.worker.hostile.Hostile;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/// Deployments that mean harm: each dies alone, or is refused what it wants. After every one of them a
/// neighbour that was there all the time must still answer.
class WorkerIsolationTest {
    @TempDir
    static Path folder;

    private static Workers workers;
    private static Servant neighbour;

    @BeforeAll
    static void open() throws Exception {
        workers = new Workers(
                folder,
                new WorkerLimits(
                        1 << 20,
                        48L << 20,
                        1_000,
                        200,
                        256,
                        Duration.ofSeconds(5),
                        Duration.ofMillis(1),
                        Duration.ofSeconds(2)));
        neighbour = workers.start(Hostile.class);
    }

    @AfterAll
    static void close() {
        workers.close();
    }

    @AfterEach
    void theNeighbourStillAnswers() throws Exception {
        assertThat(workers.ask(neighbour, "echo", "well")).isEqualTo("well");
        neighbour.healthCheck();
    }

    @ParameterizedTest
    @CsvSource({
        "heap, '', exit code 3 (what a JVM gives for an out-of-memory error)",
        "mapped, 40, was killed: it went over its memory limit of 134217728 bytes",
        "halt, '', exit code 7",
        "exit, '', exit code 5",
        "many files, '', was killed: it stored more than 50331648 bytes or 1000 files in its folder",
        "files without names, '', was killed: it stored more than 50331648 bytes or 1000 files in its folder",
        "mapped files without names, '', was killed: it stored more than 50331648 bytes or 1000 files in its folder",
    })
    void R4_2_aHogACrashAnExitAndADiskFillerDieAlone(String deed, String to, String end) throws Exception {
        Servant servant = workers.start(workers.spec(Hostile.class, Workers.sha256(workers.jar()), 128L << 20));
        assertThatThrownBy(() -> workers.ask(servant, deed, to))
                .isInstanceOfSatisfying(
                        ServeException.class,
                        failure -> assertThat(failure.code()).isEqualTo(ErrorCode.REPLICA_LOST));
        assertThatThrownBy(servant::healthCheck).hasMessageContaining(end);
        servant.close();
    }

    @Test
    void R4_2_aLargeJarIsNotOfTheWorkersMakingAndEverythingElseIs() throws Exception {
        byte[] large = new byte[60 << 20]; // over the folder's limit
        new Random(1).nextBytes(large);
        Path jar = workers.jar(folder.resolve("large.jar"), large);
        DeploymentSpec spec = workers.spec(Hostile.class, Workers.sha256(jar), 128L << 20);
        Servant servant = workers.start(spec.with(spec.runtime().with("jar", jar.toString())));
        assertThat(workers.ask(servant, "echo", "one")).isEqualTo("one");
        assertThat(workers.ask(servant, "one file without a name", "40")).isEqualTo("gone");
        servant.healthCheck();
        assertThatThrownBy(() -> workers.ask(servant, "files without names", ""))
                .isInstanceOf(ServeException.class);
        assertThatThrownBy(servant::healthCheck).hasMessageContaining("stored more than 50331648 bytes");
        servant.close();
        Files.delete(jar);
    }

    @Test
    void R4_2_threadsAreBoundedByTheMemoryOfTheirStacksOrTheWatch() throws Exception {
        Servant servant = workers.start(Hostile.class);
        assertThatThrownBy(() -> workers.ask(servant, "threads", "")).isInstanceOf(ServeException.class);
        until(() -> health(servant), "ended", "threads, limit is 200");
        servant.close();
    }

    @Test
    void R4_2_directMemoryHasALimitOfItsOwn() throws Exception {
        Servant servant = workers.start(Hostile.class);
        long limit = MemorySplit.of(Workers.MEMORY, WorkerKind.Memory.HEAP).direct() >> 20;
        assertThat(workers.ask(servant, "direct", "")).isEqualTo(limit + " MiB");
        servant.close();
    }

    @Test
    void R4_2_aFileHasALimit() throws Exception {
        Servant servant = workers.start(Hostile.class);
        assertThat(workers.ask(servant, "one large file", "")).isEqualTo("48 MiB");
        servant.close();
    }

    @Test
    void temporaryFilesThatAreRemovedCountOnlyWhileTheyAreOpen() throws Exception {
        Servant servant = workers.start(Hostile.class);
        for (int i = 0; i < 10; i++)
            assertThat(workers.ask(servant, "one file without a name", "20")).isEqualTo("gone");
        servant.healthCheck();
        servant.close();
    }

    @Test
    void R4_2_aCallThatLoopsAfterItsCancellationMakesItsReplicaSickAndClosingEndsIt() throws Exception {
        Servant servant = workers.start(Hostile.class);
        var cancellation = new dev.redoubt.serve.Cancellation();
        CompletableFuture<JsonNode> answer = workers.begin(servant, "loop", "", workers.call(cancellation));
        while (!workers.ask(servant, "loops", "").equals("true")) Thread.onSpinWait(); // else it may never begin
        cancellation.cancel();
        assertThatThrownBy(() -> Workers.get(answer)).isInstanceOf(ServeException.class);
        // With a processor to spare the worker says so itself; without, it does not even end the call.
        until(() -> health(servant), "still runs");
        for (int i = 0; i < 100; i++) // for as long as the call runs
        assertThat(health(servant)).contains("still runs");
        long begin = System.nanoTime();
        servant.close();
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(30));
    }

    @ParameterizedTest
    @ValueSource(strings = {"fork"})
    void R4_2_noProcessCanBeStarted(String deed) throws Exception {
        assertThat(workers.ask(neighbour, deed, "/bin/true")).isEqualTo("refused: IOException");
    }

    @Test
    void R4_2_noOtherProcessCanBeKilled() throws Exception {
        Process other = new ProcessBuilder("sleep", "60").start();
        try {
            String outcome = workers.ask(neighbour, "kill", String.valueOf(other.pid()));
            assertThat(outcome).isIn("false", "refused: RuntimeException");
            assertThat(other.isAlive()).isTrue();
        } finally {
            other.destroyForcibly();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "read",
                "read on a platform thread",
                "read in the common pool",
                "read in a cleaner",
                "read in the JDK's own cleaner"
            })
    void R4_2_noFileOutsideOfItsFolderCanBeReadOnAnyThread(String deed) throws Exception {
        landlock();
        assertThat(workers.ask(neighbour, deed, "/etc/passwd")).startsWith("refused: ");
        String jar = workers.ask(neighbour, deed, workers.jar().toString());
        if (!deed.equals("read in the JDK's own cleaner"))
            assertThat(jar).startsWith("refused: "); // its own, as it was
        assertThat(workers.ask(neighbour, deed, "/proc/self/maps")).startsWith("refused: ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"mode", "owner", "time"})
    void R4_2_modesOwnersAndTimesOfFilesCannotBeChanged(String what, @TempDir Path others) throws Exception {
        Path file = Files.writeString(others.resolve("key"), "x");
        assertThat(workers.ask(neighbour, "change the " + what, file.toString()))
                .startsWith("refused: ");
    }

    @Test
    void R4_2_anotherReplicasFolderCannotBeReadOrWritten() throws Exception {
        landlock();
        Servant servant = workers.start(Hostile.class);
        String own = workers.ask(servant, "properties", "user.home");
        assertThat(workers.ask(servant, "read", own)).contains("tmp");
        assertThat(workers.ask(neighbour, "read", own)).startsWith("refused: ");
        assertThat(workers.ask(neighbour, "write", own + "/there")).startsWith("refused: ");
        servant.close();
    }

    @Test
    void R4_2_nobodyCanBeConnectedTo() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertThat(workers.ask(neighbour, "connect", String.valueOf(server.getLocalPort())))
                    .startsWith("refused: ");
        }
    }

    @Test
    void R4_2_nothingOfTheServersEnvironmentAndDescriptorsIsThere() throws Exception {
        assertThat(workers.ask(neighbour, "environment", "")).isEqualTo("{}");
        Path marked = folder.resolve("open-in-the-server");
        try (var open = Files.newOutputStream(marked)) {
            open.write(1);
            Servant servant = workers.start(Hostile.class);
            Path home = Path.of(workers.ask(servant, "properties", "user.home"));
            long process = ProcessHandle.current()
                    .children()
                    .filter(child -> child.info()
                            .arguments()
                            .map(all -> String.join(" ", all).contains(home.toString()))
                            .orElse(false))
                    .findAny()
                    .orElseThrow()
                    .pid();
            Path descriptors = Path.of("/proc", String.valueOf(process), "fd");
            assumeThat(Files.isReadable(descriptors))
                    .as("descriptors of others can be read")
                    .isTrue();
            try (var links = Files.list(descriptors)) {
                for (Path link : links.toList())
                    assertThat(Files.readSymbolicLink(link).toString())
                            .doesNotContain("open-in-the-server")
                            .matches("socket:.*|pipe:.*|anon_inode:.*|/dev/.*|" + System.getProperty("java.home")
                                    + ".*|" + home + ".*|.*\\.jar");
            }
            servant.close();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "dev.redoubt.policy.KeyStore",
                "dev.redoubt.serve.worker.WorkerMain",
                "tools.jackson.databind.JsonNode",
                "sun.misc.Unsafe",
                "java.lang.management.ManagementFactory"
            })
    void R4_2_nothingOfTheProductCanBeLoadedBesideItsApi(String name) throws Exception {
        assertThat(workers.ask(neighbour, "class", name)).isEqualTo("refused: ClassNotFoundException");
    }

    @Test
    void R3_1_serializationIsOffInAWorkerToo() throws Exception {
        assertThat(workers.ask(neighbour, "properties", "jdk.serialFilter")).isEqualTo("!*");
    }

    @Test
    void theStatusSaysWhatIsInForce() {
        Confinement confinement =
                workers.runtime().confinements().values().iterator().next();
        assertThat(confinement.processes()).isIn("none can be started (seccomp)", "not limited");
        assertThat(confinement.memory()).matches("cgroup v2|-Xmx.* a watch over resident memory");
    }

    private static void landlock() {
        boolean there = workers.runtime().confinements().values().stream()
                .allMatch(one -> one.files().contains("Landlock"));
        assumeThat(there).as("the kernel has Landlock").isTrue();
    }

    /// What a health check says that fails.
    private static String health(Servant servant) {
        try {
            servant.healthCheck();
            return "";
        } catch (Exception sick) {
            return String.valueOf(sick.getMessage());
        }
    }

    private static void until(Supplier<String> says, String... oneOfThese) {
        long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (true) {
            String said = says.get();
            if (Stream.of(oneOfThese).anyMatch(said::contains)) return;
            assertThat(System.nanoTime())
                    .as("60 s have passed, and it says: " + said)
                    .isLessThan(end);
            Thread.onSpinWait();
        }
    }
}
