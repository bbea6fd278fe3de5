package dev.redoubt.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.policy.KeyStore.Created;
import dev.redoubt.policy.Scope;
import dev.redoubt.policy.limit.RateLimits;
import dev.redoubt.testkit.PairedTiming;
import dev.redoubt.testkit.PairedTiming.Timed;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a stopwatch tells of a key that is refused: nothing.
final class KeyTimingTest {
    private static final Duration BOUND = Duration.ofNanos(25_000);
    private static final double LEVEL = 0.001;
    private static final double FOUND = 1e-8;
    private static final int PAIRS = 1000;
    private static final int PAIRS_MAX = 16_000; // on a machine that is busy with other things
    private static final Set<Scope> INFERENCE = Set.of(Scope.INFERENCE);

    @TempDir
    Path home;

    @Test
    void R4_3_unknownForeignRevokedDisabledAndExpiredKeysTakeTheSameTime() throws Exception {
        RateLimits rates = new RateLimits(60, 1000, 16, 64, 100, 600, Integer.MAX_VALUE); // every request here fails
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        try (TestEdge edge = TestEdge.at(home).rates(rates).applications("test").start();
                RawClient client = new RawClient(edge)) {
            Timed unknown = asking(client, "rdt_" + "A".repeat(43));
            for (int i = 0; i < 5000; i++) unknown.run(); // until the compiler has seen it all

            Timed delayed = () -> {
                long start = System.nanoTime();
                while (System.nanoTime() - start < 100_000) Thread.onSpinWait();
                return System.nanoTime() - start + unknown.run();
            };
            PairedTiming control = found(unknown, delayed, seed);
            assertThat(control.p()).as("what is there is found: %s", control).isLessThan(FOUND);
            assertThat(control.within(BOUND)).isFalse();

            Map<String, PairedTiming> timings = new LinkedHashMap<>();
            for (Map.Entry<String, String> refused : refusedKeys(edge).entrySet())
                timings.put(refused.getKey(), compare(unknown, asking(client, refused.getValue()), seed));
            timings.forEach((why, timing) -> System.out.println(why + " " + timing));
            double[] p = PairedTiming.holm(
                    timings.values().stream().mapToDouble(PairedTiming::p).toArray());
            List<PairedTiming> all = new ArrayList<>(timings.values());
            for (int i = 0; i < p.length; i++) {
                assertThat(p[i]).as("%s, seed %s", timings, seed).isGreaterThan(LEVEL);
                assertThat(all.get(i).within(BOUND))
                        .as("%s, seed %s", timings, seed)
                        .isTrue();
            }
        }
    }

    /// With more pairs where noise hides what is there.
    private static PairedTiming found(Timed first, Timed second, long seed) throws Exception {
        PairedTiming timing = PairedTiming.measure(PAIRS, seed, first, second);
        for (int pairs = 2 * PAIRS; pairs <= PAIRS_MAX && timing.p() >= FOUND; pairs *= 2)
            timing = PairedTiming.measure(pairs, seed, first, second);
        return timing;
    }

    /// With more pairs where noise leaves the interval too wide to tell anything.
    private static PairedTiming compare(Timed first, Timed second, long seed) throws Exception {
        PairedTiming timing = PairedTiming.measure(PAIRS, seed, first, second);
        for (int pairs = 2 * PAIRS; pairs <= PAIRS_MAX && !timing.within(BOUND); pairs *= 2)
            timing = PairedTiming.measure(pairs, seed, first, second);
        return timing;
    }

    private static Map<String, String> refusedKeys(TestEdge edge) {
        Map<String, String> secrets = new LinkedHashMap<>();
        secrets.put("foreign", edge.keys.create("bank", INFERENCE).secret());
        Created revoked = edge.keys.create("test", INFERENCE);
        edge.keys.revoke(revoked.keyId());
        secrets.put("revoked", revoked.secret());
        Created disabled = edge.keys.create("test", INFERENCE);
        edge.keys.disable(disabled.keyId());
        secrets.put("disabled", disabled.secret());
        Instant end = Instant.now().plusMillis(20);
        secrets.put(
                "expired", edge.keys.create("test", INFERENCE, Optional.of(end)).secret());
        while (!Instant.now().isAfter(end)) Thread.onSpinWait();
        return secrets;
    }

    private static Timed asking(RawClient client, String key) {
        byte[] request = ("GET /v1/models HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + key + "\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII);
        return () -> {
            long start = System.nanoTime();
            int status = status(client, request);
            long nanos = System.nanoTime() - start;
            assertThat(status).isEqualTo(401);
            return nanos;
        };
    }

    private static int status(RawClient client, byte[] request) throws IOException {
        return client.send(request).reply().status();
    }
}
