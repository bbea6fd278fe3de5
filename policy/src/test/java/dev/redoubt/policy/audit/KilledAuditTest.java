package dev.redoubt.policy.audit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.Home;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `kill -9` while records are appended, by two processes at once: the chain holds, and what was acknowledged
/// is there.
final class KilledAuditTest {
    private static final int ROUNDS = 20;

    @TempDir
    private Path folder;

    @Test
    void noAcknowledgedRecordIsLostByKill9() throws Exception {
        long seed = System.nanoTime();
        System.out.println("KilledAuditTest seed " + seed);
        Random random = new Random(seed);
        AuditHome home = AuditHome.in(folder);
        List<String> acknowledged = new ArrayList<>();
        for (int round = 0; round < ROUNDS; round++) {
            acknowledged.addAll(killed(home, round, round % 4 == 0 ? 2 : 1, random));
            assertThat(home.verify().problems()).as("round %d", round).isEmpty();
        }
        home.write(1);
        assertThat(home.verify().problems()).isEmpty();
        assertThat(acknowledged).hasSizeGreaterThan(ROUNDS).doesNotContainNull();
        assertThat(home.subjects(AuditKind.KEY_CREATE)).containsAll(acknowledged);
    }

    /// @return what writers acknowledged before each of them was killed
    private static List<String> killed(AuditHome home, int round, int writers, Random random) throws Exception {
        List<Process> processes = new ArrayList<>();
        for (int i = 0; i < writers; i++) processes.add(writer(home, round + "-" + i));
        List<String> acknowledged = new ArrayList<>();
        for (Process process : processes) // the second goes on beside a dead one
        try (BufferedReader said = process.inputReader(StandardCharsets.US_ASCII)) {
                acknowledged.add(said.readLine()); // it is at work
                process.waitFor(random.nextInt(60), TimeUnit.MILLISECONDS);
                process.toHandle().destroyForcibly(); // not the process: that would close what it said
                said.lines().filter(KilledAuditTest::isWhole).forEach(acknowledged::add);
                process.waitFor();
            }
        return acknowledged;
    }

    /// The last line of a killed process may be cut.
    private static boolean isWhole(String line) {
        return line.endsWith(".");
    }

    private static Process writer(AuditHome home, String name) throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx64m",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        classPath(),
                        Writer.class.getName(),
                        home.home().root().toString(),
                        name)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    private static String classPath() {
        return String.join(
                File.pathSeparator,
                System.getProperty("jdk.module.path"),
                Path.of("target", "classes").toAbsolutePath().toString(),
                Path.of("target", "test-classes").toAbsolutePath().toString());
    }

    /// The child: commits until it is killed, and says what is committed.
    static final class Writer {
        private Writer() {}

        public static void main(String[] args) {
            try (AuditLog log = AuditLog.open(new Home(Path.of(args[0])))) {
                for (int i = 0; ; i++) {
                    String subject = args[1] + "-" + i + ".";
                    log.commit(AuditHome.event(subject));
                    System.out.println(subject);
                }
            }
        }
    }
}
