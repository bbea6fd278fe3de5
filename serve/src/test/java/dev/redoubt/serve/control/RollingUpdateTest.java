package dev.redoubt.serve.control;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.serve.spec.ApplicationSpec;
import dev.redoubt.serve.spec.Scale;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Fifty updates, half of them bad, while callers call: no request fails.
final class RollingUpdateTest {
    private static final int UPDATES = 50;
    private static final int CALLERS = 8;

    @TempDir
    private Path home;

    @Test
    void fiftyUpdatesHalfOfThemBadLoseNoRequest() throws Exception {
        AtomicBoolean done = new AtomicBoolean();
        AtomicInteger answered = new AtomicInteger();
        Map<String, Integer> answers = new ConcurrentHashMap<>();
        try (TestPlatform test = new TestPlatform(home);
                ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            test.deployed(version(0, false));
            List<Future<?>> loads = new ArrayList<>();
            for (int i = 0; i < CALLERS; i++)
                loads.add(callers.submit(() -> {
                    while (!done.get()) { // throws if a call fails
                        answers.merge(test.call("shop"), 1, Integer::sum);
                        answered.incrementAndGet();
                    }
                    return null;
                }));
            int failed = 0;
            for (int i = 1; i <= UPDATES; i++) {
                boolean bad = i % 2 == 0;
                ApplicationState state = test.deployed(version(i, bad)).state();
                assertThat(state)
                        .as("update %d", i)
                        .isEqualTo(bad ? ApplicationState.DEPLOY_FAILED : ApplicationState.RUNNING);
                if (bad) failed++;
                int rolledBack = failed;
                test.until(
                        "rolled back",
                        () -> test.changes.stream()
                                        .filter(one -> one.startsWith("ROLLED_BACK_BY_ITSELF"))
                                        .count()
                                == rolledBack);
                int so = answered.get();
                test.until(
                        "calls go on",
                        () -> answered.get() > so + CALLERS || loads.stream().anyMatch(Future::isDone));
            }
            done.set(true);
            for (Future<?> load : loads) load.get();
            assertThat(test.runtime.closedAtWork)
                    .as("calls that a replica was closed on")
                    .hasValue(0);
        }
        assertThat(answers.keySet()).hasSizeGreaterThan(UPDATES / 4);
    }

    /// Odd ones are good; of the bad ones, some do not start and some refuse their configuration.
    private static ApplicationSpec version(int i, boolean bad) {
        if (!bad) return Specs.application("shop", Specs.deployment("Front", 2, "version", "v" + i, "millis", "1"));
        if (i % 4 == 0)
            return Specs.application("shop", Specs.deployment("Front", 2, "version", "v" + i, "fault", "start"));
        return Specs.application(
                "shop",
                Specs.deployment(
                        "Front", new Scale.Fixed(2), "{\"bad\": true}", "version", "v" + (i - 1), "millis", "1"));
    }
}
