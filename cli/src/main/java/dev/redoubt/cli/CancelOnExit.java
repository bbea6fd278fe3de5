package dev.redoubt.cli;

import dev.redoubt.base.generation.Generation;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// Ctrl-C in the middle of an answer: the generation is cancelled and what was said so far stays on the screen.
final class CancelOnExit {
    private static final Duration PATIENCE = Duration.ofSeconds(1);

    private final CountDownLatch ended = new CountDownLatch(1);

    private CancelOnExit() {}

    /// @param running the generation, once there is one
    static CancelOnExit install(AtomicReference<@Nullable Generation> running) {
        CancelOnExit result = new CancelOnExit();
        Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().name("cancel").unstarted(() -> {
            Generation generation = running.get();
            if (generation == null) return;
            generation.cancel();
            result.await();
        }));
        return result;
    }

    /// The answer is complete and printed: exit need not wait.
    void ended() {
        ended.countDown();
    }

    private void await() {
        try {
            boolean _ = ended.await(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
