package dev.redoubt.serve.java;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.TimeSource;
import dev.redoubt.serve.Call;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/// Tells calls that their time is over. Safe for any thread.
final class Deadlines implements AutoCloseable {
    private final TimeSource clock;
    private final ScheduledThreadPoolExecutor timer;

    Deadlines(TimeSource clock) {
        this.clock = clock;
        this.timer = new ScheduledThreadPoolExecutor(
                1, Thread.ofPlatform().daemon().name("serve-deadlines").factory());
        timer.setRemoveOnCancelPolicy(true); // most calls end long before
    }

    long nanos() {
        return clock.nanos();
    }

    /// @param action must return soon
    Future<?> at(long deadlineNanos, Runnable action) {
        return timer.schedule(action, deadlineNanos - clock.nanos(), TimeUnit.NANOSECONDS);
    }

    boolean passed(Call call) {
        return call.deadlineNanos() - clock.nanos() <= 0;
    }

    /// @param limit what the call had
    static ServeException exceeded(Duration limit) {
        return ServeException.of(ErrorCode.DEADLINE_EXCEEDED, limit.toMillis() / 1000.0);
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
