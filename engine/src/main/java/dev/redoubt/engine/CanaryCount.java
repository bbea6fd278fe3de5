package dev.redoubt.engine;

import java.util.concurrent.atomic.AtomicLong;

/// How often the canary has read one engine, and whether that withdrew it. Any thread.
final class CanaryCount {
    private final AtomicLong readings = new AtomicLong();
    private final AtomicLong failures = new AtomicLong();

    void passed() {
        readings.incrementAndGet();
    }

    void failed() {
        failures.incrementAndGet();
    }

    boolean withdrawn() {
        return failures.get() > 0;
    }

    /// Those that passed.
    long readings() {
        return readings.get();
    }

    long failures() {
        return failures.get();
    }
}
