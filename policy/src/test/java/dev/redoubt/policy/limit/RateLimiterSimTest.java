package dev.redoubt.policy.limit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.ServeException;
import dev.redoubt.policy.Principal;
import dev.redoubt.policy.limit.RateLimiter.Lease;
import dev.redoubt.testkit.ManualClock;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Millions of requests in virtual time, beside a model that is slow and obvious: every admission and every
/// refusal must be the model's, with restarts in between.
final class RateLimiterSimTest {
    private static final long WINDOW = 60_000_000_000L;
    private static final RateLimits LIMITS = new RateLimits(60, 30_000, 5, 12, 20, 600, 600);

    @TempDir
    Path folder;

    /// Everything that one key did in the last 60 s.
    private static final class Model {
        final Deque<Long> requests = new ArrayDeque<>();
        final Deque<long[]> tokens = new ArrayDeque<>(); // time, amount
        int streams;

        void expire(long now) {
            while (!requests.isEmpty() && now - requests.getFirst() >= WINDOW) requests.removeFirst();
            while (!tokens.isEmpty() && now - tokens.getFirst()[0] >= WINDOW) tokens.removeFirst();
        }

        long held() {
            return tokens.stream().mapToLong(entry -> entry[1]).sum();
        }

        long tokenWait(long now, long wanted) {
            long excess = held() + wanted - LIMITS.tokensPerMinute();
            for (long[] entry : tokens) {
                if (excess <= 0) break;
                excess -= entry[1];
                if (excess <= 0) return entry[0] + WINDOW - now;
            }
            return 0;
        }
    }

    private record Running(Lease lease, Model model, String tenant, long[] tokens) {}

    @Test
    void V3_4_noWindowEverHoldsMoreAndNothingIsRefusedForNothing() {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        long events = 0;
        for (int round = 0; round < 10; round++) events += simulate(new Random(seed + round), seed + round, 200_000);
        assertThat(events).isGreaterThan(1_500_000);
    }

    private long simulate(Random random, long seed, int steps) {
        ManualClock clock = new ManualClock();
        Path file = folder.resolve("windows-" + seed);
        RateLimiter limiter = RateLimiter.open(file, LIMITS, clock);
        Map<Integer, Model> models = new HashMap<>();
        Map<String, Integer> tenants = new HashMap<>();
        List<Running> running = new ArrayList<>();
        long events = 0;
        long pace = 1_000_000L * (1 + random.nextInt(400)); // a crowd, or a trickle
        for (int step = 0; step < steps; step++, events++) {
            if (random.nextInt(4) != 0) clock.advance(Duration.ofNanos(random.nextLong(pace)));
            long now = clock.nanos();
            if (random.nextInt(20_000) == 0) { // as after a kill: nobody says goodbye
                for (Running each : running) {
                    each.model.streams--;
                    tenants.merge(each.tenant, -1, Integer::sum);
                }
                running.clear();
                limiter.close();
                limiter = RateLimiter.open(file, LIMITS, clock);
            }
            if (!running.isEmpty() && random.nextInt(3) == 0) {
                end(running.remove(random.nextInt(running.size())), tenants, now, random);
                continue;
            }
            int number = 1 + random.nextInt(8);
            Model model = models.computeIfAbsent(number, fresh -> new Model());
            model.expire(now);
            String tenant = "tenant-" + number % 3;
            Principal caller = new Principal(RateLimiterTest.caller(number).keyId(), tenant, java.util.Set.of());
            boolean room = model.streams < LIMITS.streamsPerKey()
                    && tenants.getOrDefault(tenant, 0) < LIMITS.streamsPerTenant()
                    && running.size() < LIMITS.ongoingMax();
            boolean fits = model.requests.size() < LIMITS.requestsPerMinute();
            try {
                Lease lease = limiter.admit(caller);
                assertThat(room && fits)
                        .as("seed %s step %s admitted", seed, step)
                        .isTrue();
                model.requests.addLast(now);
                model.streams++;
                tenants.merge(tenant, 1, Integer::sum);
                running.add(new Running(lease, model, tenant, reserve(lease, model, now, random, seed, step)));
            } catch (ServeException refused) {
                assertThat(room && fits)
                        .as("seed %s step %s refused", seed, step)
                        .isFalse();
                if (model.streams < LIMITS.streamsPerKey() && !fits)
                    assertThat(refused.retryAfter())
                            .as("seed %s step %s", seed, step)
                            .contains(Duration.ofNanos(model.requests.getFirst() + WINDOW - now));
            }
            assertThat(limiter.ongoing()).as("seed %s step %s", seed, step).isEqualTo(running.size());
            if (step % 1000 == 0 && limiter.quota(caller).isPresent()) {
                var quota = limiter.quota(caller).orElseThrow();
                assertThat(quota.requestsRemaining()).isEqualTo(LIMITS.requestsPerMinute() - model.requests.size());
                assertThat(quota.tokensRemaining()).isEqualTo(LIMITS.tokensPerMinute() - model.held());
            }
        }
        for (Running each : running) end(each, tenants, clock.nanos(), random);
        assertThat(limiter.ongoing()).isZero();
        assertThat(tenants.values()).allMatch(count -> count == 0);
        limiter.close();
        return events;
    }

    /// @return the model's entry; of no tokens where they were refused
    private static long[] reserve(Lease lease, Model model, long now, Random random, long seed, int step) {
        long wanted = 1 + random.nextInt(random.nextInt(10) == 0 ? 8000 : 1500);
        long[] entry = {now, wanted};
        try {
            lease.reserve(wanted);
            assertThat(model.held() + wanted)
                    .as("seed %s step %s tokens", seed, step)
                    .isLessThanOrEqualTo(LIMITS.tokensPerMinute());
            model.tokens.addLast(entry);
        } catch (ServeException refused) {
            assertThat(model.held() + wanted)
                    .as("seed %s step %s tokens refused", seed, step)
                    .isGreaterThan(LIMITS.tokensPerMinute());
            assertThat(refused.retryAfter()).contains(Duration.ofNanos(model.tokenWait(now, wanted)));
            entry[1] = 0;
        }
        return entry;
    }

    private static void end(Running each, Map<String, Integer> tenants, long now, Random random) {
        long used = each.tokens[1] == 0 ? 0 : random.nextLong(each.tokens[1] + 1);
        each.lease.use(used);
        each.tokens[1] = used; // no longer in the model's window: nothing changes
        each.lease.close();
        if (random.nextInt(10) == 0) each.lease.close();
        each.model.streams--;
        tenants.merge(each.tenant, -1, Integer::sum);
        each.model.expire(now);
    }
}
