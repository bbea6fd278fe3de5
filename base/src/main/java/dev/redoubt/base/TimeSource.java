package dev.redoubt.base;

import java.time.Instant;

/// Time as a parameter, so that simulations run on virtual time. Implementations are safe for any thread.
public interface TimeSource {
    /// Monotonic nanoseconds from an arbitrary start; only differences mean something.
    long nanos();

    /// Wall-clock time, for records and logs.
    Instant now();

    /// The machine's clocks.
    static TimeSource system() {
        return new TimeSource() {
            @Override
            public long nanos() {
                return System.nanoTime();
            }

            @Override
            public Instant now() {
                return Instant.now();
            }
        };
    }
}
