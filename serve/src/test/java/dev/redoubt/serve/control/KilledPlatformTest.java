package dev.redoubt.serve.control;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.serve.control.PlatformStatus.ApplicationStatus;
import dev.redoubt.serve.replica.Artifact;
import dev.redoubt.serve.spec.ApplicationSpec;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `kill -9` of a process that deploys and scales: the next one comes to what was acknowledged last, or to the
/// change that was on its way. Each version is made of a file that the next one overwrites.
final class KilledPlatformTest {
    private static final int KILLS = 5;
    private static final int SMALL = 1;
    private static final int LARGE = 3;

    @TempDir
    private Path home;

    @Test
    void noAcknowledgedChangeIsLostByKill9() throws Exception {
        long seed = System.nanoTime();
        System.out.println("KilledPlatformTest seed " + seed);
        Random random = new Random(seed);
        for (int round = 0; round < KILLS; round++) {
            Change last = killed(random.nextInt(150));
            try (TestPlatform test = new TestPlatform(home)) {
                ApplicationStatus status = test.settled("shop");
                assertThat(status.state()).isEqualTo(ApplicationState.RUNNING);
                Change now = new Change(
                        status.version(), status.find("Front").orElseThrow().running());
                assertThat(now).as("seed %s", seed).isIn(last, last.next());
                assertThat(test.call("shop")).isEqualTo("v" + now.version);
                assertThat(kept()).as("seed %s", seed).hasSameSizeAs(test.platform.history("shop"));
            }
        }
    }

    /// What a child does over and over: a new version with few replicas, then more of them.
    private record Change(long version, int replicas) {
        Change next() {
            return replicas == SMALL ? new Change(version, LARGE) : new Change(version + 1, SMALL);
        }
    }

    /// @return what the child acknowledged last before it was killed
    private Change killed(int millis) throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx128m",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        String.join(
                                File.pathSeparator,
                                System.getProperty("jdk.module.path"),
                                Path.of("target", "classes").toAbsolutePath().toString(),
                                Path.of("target", "test-classes")
                                        .toAbsolutePath()
                                        .toString()),
                        Child.class.getName(),
                        home.toString())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try (BufferedReader said = process.inputReader(StandardCharsets.US_ASCII)) {
            List<String> lines = new ArrayList<>();
            while (lines.isEmpty()) {
                String line = said.readLine();
                if (line == null) throw new AssertionError("the child ended with " + process.waitFor());
                if (line.endsWith(".")) lines.add(line); // others are of a logger
            }
            process.waitFor(millis, TimeUnit.MILLISECONDS);
            process.toHandle().destroyForcibly();
            said.lines().filter(line -> line.endsWith(".")).forEach(lines::add); // the last one may be cut
            process.waitFor();
            String[] last = lines.getLast().replace(".", "").split(" ");
            return new Change(Long.parseLong(last[0]), Integer.parseInt(last[1]));
        }
    }

    private List<Path> kept() throws IOException {
        try (Stream<Path> all = Files.list(home.resolve("artifacts"))) {
            return all.toList();
        }
    }

    private static ApplicationSpec built(Path home, long version) throws IOException {
        byte[] build = ("v" + version).getBytes(StandardCharsets.US_ASCII);
        Path file = Files.write(home.resolve("h.jar"), build);
        String digest = HexFormat.of().formatHex(Artifact.sha256().digest(build));
        return Specs.application(
                "shop",
                Specs.deployment("Front", SMALL, "version", "v" + version, "file", file.toString(), "digest", digest));
    }

    static final class Child {
        private Child() {}

        public static void main(String[] args) throws IOException {
            Path home = Path.of(args[0]);
            try (TestPlatform test = new TestPlatform(home)) {
                List<VersionStatus> before = test.platform.history("shop");
                long version = before.isEmpty() ? 0 : before.getFirst().version();
                while (true) {
                    version++;
                    say(test.platform.deploy(built(home, version)), SMALL);
                    say(test.platform.scale("shop", "Front", LARGE), LARGE);
                }
            }
        }

        private static void say(Outcome outcome, int replicas) {
            System.out.println(((Outcome.Accepted) outcome).version() + " " + replicas + ".");
        }
    }
}
