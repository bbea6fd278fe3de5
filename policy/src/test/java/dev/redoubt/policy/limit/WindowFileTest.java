package dev.redoubt.policy.limit;

import static dev.redoubt.policy.limit.RateLimiterTest.caller;
import static dev.redoubt.policy.limit.RateLimiterTest.refused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.base.ServeException;
import dev.redoubt.base.TimeSource;
import dev.redoubt.policy.limit.RateLimiter.Lease;
import dev.redoubt.policy.limit.WindowFile.Boot;
import dev.redoubt.testkit.ManualClock;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Windows that survive: a restart, a kill, a clock that is put back, another limit, a machine that lost power.
final class WindowFileTest {
    private static final Boot BOOT = new Boot(1, 2, Duration.ofDays(1));

    @TempDir
    Path folder;

    private final ManualClock clock = new ManualClock();
    private Path file = Path.of("");

    @BeforeEach
    void name() {
        file = folder.resolve("home").resolve("windows");
    }

    @Test
    void V3_4_aWindowSurvivesARestart() {
        use(60, 3, BOOT);
        clock.advance(Duration.ofSeconds(20));
        try (RateLimiter again = RateLimiter.open(file, limits(3), clock, BOOT)) {
            assertThat(refused(() -> again.admit(caller(1)))).isEqualTo(Duration.ofSeconds(40));
            assertThat(again.quota(caller(1)).orElseThrow().tokensRemaining()).isEqualTo(1000 - 3 * 60);
            again.admit(caller(2)).close();
        }
        clock.advance(Duration.ofSeconds(40));
        try (RateLimiter again = RateLimiter.open(file, limits(3), clock, BOOT)) {
            for (int i = 0; i < 3; i++) again.admit(caller(1)).close();
            refused(() -> again.admit(caller(1)));
        }
    }

    @Test
    void V3_4_aWallClockThatIsPutBackDoesNotOpenAWindow() {
        use(60, 3, BOOT);
        TimeSource back = shifted(Duration.ofHours(-1));
        try (RateLimiter again = RateLimiter.open(file, limits(3), back, BOOT)) {
            assertThat(refused(() -> again.admit(caller(1)))).isEqualTo(Duration.ofSeconds(60));
            clock.advance(Duration.ofSeconds(60));
            again.admit(caller(1)).close();
        }
    }

    @Test
    void V3_4_aWallClockThatIsPutForwardWhileTheServerRunsDoesNotOpenAWindow() {
        Duration[] shift = {Duration.ZERO};
        TimeSource jumping = new TimeSource() {
            @Override
            public long nanos() {
                return clock.nanos();
            }

            @Override
            public Instant now() {
                return clock.now().plus(shift[0]);
            }
        };
        try (RateLimiter limiter = RateLimiter.open(file, limits(1), jumping, BOOT)) {
            limiter.admit(caller(1)).close();
            shift[0] = Duration.ofDays(1);
            assertThat(refused(() -> limiter.admit(caller(1)))).isEqualTo(Duration.ofSeconds(60));
        }
    }

    @Test
    void V3_4_afterAPowerCutNobodyIsAdmittedForAMinuteOfUptime() {
        use(60, 1, BOOT);
        Boot next = new Boot(3, 4, Duration.ofSeconds(25));
        try (RateLimiter again = RateLimiter.open(file, limits(3), clock, next)) {
            assertThat(refused(() -> again.admit(caller(2)))).isEqualTo(Duration.ofSeconds(35));
            assertThat(again.quota(caller(2)).orElseThrow().requestsRemaining()).isZero();
            clock.advance(Duration.ofSeconds(35));
            again.admit(caller(2)).close();
        }
        try (RateLimiter later = RateLimiter.open(file, limits(3), clock, new Boot(5, 6, Duration.ofSeconds(60)))) {
            later.admit(caller(2)).close();
        }
    }

    @Test
    void V3_4_anotherLimitKeepsTheWindow() {
        use(60, 5, BOOT);
        try (RateLimiter more = RateLimiter.open(file, limits(7), clock, BOOT)) {
            assertThat(more.quota(caller(1)).orElseThrow().tokensRemaining()).isEqualTo(1000 - 5 * 60);
            more.admit(caller(1)).close();
            more.admit(caller(1)).close();
            refused(() -> more.admit(caller(1)));
        }
        try (RateLimiter fewer = RateLimiter.open(file, limits(2), clock, BOOT)) {
            refused(() -> fewer.admit(caller(1)));
            assertThat(fewer.quota(caller(1)).orElseThrow().tokensRemaining()).isEqualTo(1000 - 5 * 60);
            clock.advance(Duration.ofSeconds(60));
            fewer.admit(caller(1)).close();
            fewer.admit(caller(1)).close();
            refused(() -> fewer.admit(caller(1)));
        }
    }

    @Test
    void V3_4_aFileThatCannotBeReadIsAsIfEverybodyHadUsedUpEverything() throws IOException {
        use(60, 1, BOOT);
        Files.write(file, new byte[100]);
        try (RateLimiter again = RateLimiter.open(file, limits(3), clock, BOOT)) {
            assertThat(refused(() -> again.admit(caller(1)))).isEqualTo(Duration.ofSeconds(60));
            clock.advance(Duration.ofSeconds(60));
            again.admit(caller(1)).close();
        }
    }

    @Test
    void anyBytesAreSurvived() throws IOException {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int round = 0; round < 30; round++) {
            use(60, 1, BOOT);
            byte[] bytes = Files.readAllBytes(file);
            for (int i = 0; i < 200; i++)
                bytes[random.nextInt(random.nextBoolean() ? 64 : bytes.length)] = (byte) random.nextInt();
            Files.write(file, bytes);
            try (RateLimiter again = RateLimiter.open(file, limits(3), clock, BOOT)) {
                clock.advance(Duration.ofSeconds(60));
                Lease lease = again.admit(caller(7));
                lease.reserve(1000);
                lease.close();
            } catch (ServeException | RateLimitException refused) {
                assertThat(refused).as("seed %s", seed).hasMessageNotContaining("null");
            }
            Files.delete(file);
        }
    }

    @Test
    void oneFileHasOneServer() {
        RateLimiter first = RateLimiter.open(file, limits(3), clock, BOOT);
        assertThatThrownBy(() -> RateLimiter.open(file, limits(3), clock, BOOT))
                .isInstanceOf(RateLimitException.class)
                .hasMessageContaining("another server runs on this home");
        first.close();
        RateLimiter.open(file, limits(3), clock, BOOT).close();
    }

    @Test
    void theFileIsTheOwnersAlone() throws IOException {
        use(60, 1, BOOT);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
    }

    @Test
    void aLeaseThatEndsAfterTheServerDoesNoHarm() {
        RateLimiter limiter = RateLimiter.open(file, limits(3), clock, BOOT);
        Lease lease = limiter.admit(caller(1));
        lease.reserve(10);
        limiter.close();
        lease.use(3);
        lease.close();
        assertThat(limiter.ongoing()).isZero();
    }

    @Test
    void V3_4_noAdmissionIsForgottenByKill9() throws Exception {
        RateLimits limits = new RateLimits(60, 1_000_000, 16, 16, 16, 600, 600);
        Random random = new Random();
        int acknowledged = 0;
        for (int round = 0; round < 3; round++) {
            Process child = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-Xmx64m",
                            "-cp",
                            classPath(),
                            Admitter.class.getName(),
                            file.toString())
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            try (BufferedReader out =
                    new BufferedReader(new InputStreamReader(child.getInputStream(), StandardCharsets.UTF_8))) {
                int wanted = 1 + random.nextInt(10);
                for (int i = 0; i < wanted; i++) if ("+".equals(out.readLine())) acknowledged++;
                child.toHandle().destroyForcibly();
                for (String line = out.readLine(); line != null; line = out.readLine())
                    if (line.equals("+")) acknowledged++;
            }
            assertThat(child.waitFor(10, TimeUnit.SECONDS)).isTrue();
        }
        try (RateLimiter limiter = RateLimiter.open(file, limits, TimeSource.system())) {
            int left = limiter.quota(caller(1)).orElseThrow().requestsRemaining();
            assertThat(60 - left).isBetween(acknowledged, Math.min(60, acknowledged + 3));
        }
    }

    @Test
    void anAdmissionCostsLessThanATenthOfAMillisecond() {
        try (RateLimiter limiter = RateLimiter.open(
                file, new RateLimits(60_000, 1_000_000_000, 16, 16, 16, 600, 600), TimeSource.system())) {
            List<Long> nanos = new ArrayList<>();
            for (int i = 0; i < 50_000; i++) {
                long start = System.nanoTime();
                Lease lease = limiter.admit(caller(1));
                lease.reserve(10);
                lease.use(5);
                limiter.quota(caller(1));
                lease.close();
                nanos.add(System.nanoTime() - start);
            }
            nanos.sort(null);
            System.out.println("admit, reserve, use, quota, close: median " + nanos.get(25_000) + " ns, 99.9 % "
                    + nanos.get(49_950) + " ns");
            assertThat(nanos.get(25_000)).isLessThan(100_000);
        }
    }

    /// Admits three requests of 60 tokens and closes.
    private void use(int tokens, int requests, Boot boot) {
        try (RateLimiter limiter = RateLimiter.open(file, limits(requests), clock, boot)) {
            for (int i = 0; i < requests; i++) {
                Lease lease = limiter.admit(caller(1));
                lease.reserve(2L * tokens);
                lease.use(tokens);
                lease.close();
            }
        }
    }

    private static RateLimits limits(int requests) {
        return new RateLimits(requests, 1000, 16, 1000, 1000, 600, 600);
    }

    private TimeSource shifted(Duration by) {
        return new TimeSource() {
            @Override
            public long nanos() {
                return clock.nanos();
            }

            @Override
            public Instant now() {
                return clock.now().plus(by);
            }
        };
    }

    private static String classPath() {
        return String.join(
                File.pathSeparator,
                System.getProperty("jdk.module.path"),
                Path.of("target", "classes").toAbsolutePath().toString(),
                Path.of("target", "test-classes").toAbsolutePath().toString());
    }

    /// The child of the kill test: admits requests and says so until it is killed.
    static final class Admitter {
        private Admitter() {}

        public static void main(String[] args) {
            RateLimits limits = new RateLimits(60, 1_000_000, 16, 16, 16, 600, 600);
            RateLimiter limiter = RateLimiter.open(Path.of(args[0]), limits, TimeSource.system());
            while (true) {
                try {
                    limiter.admit(caller(1)).close();
                    System.out.println("+");
                } catch (ServeException full) {
                    System.out.println("-");
                }
            }
        }
    }
}
