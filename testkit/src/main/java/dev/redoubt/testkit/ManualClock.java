package dev.redoubt.testkit;

import dev.redoubt.base.TimeSource;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicLong;

/// Time that moves only when told to.
public final class ManualClock implements TimeSource {
    private final AtomicLong nanos = new AtomicLong();
    private final Instant start = Instant.parse("2026-01-01T00:00:00Z");

    @Override
    public long nanos() {
        return nanos.get();
    }

    @Override
    public Instant now() {
        return start.plusNanos(nanos.get());
    }

    public void advance(Duration by) {
        nanos.addAndGet(by.toNanos());
    }
}
