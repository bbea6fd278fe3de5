package dev.redoubt.trust;

import java.util.function.LongConsumer;

/// Passes byte counts on, not more often than every 256 KiB. One thread at a time.
final class PullMeter {
    private static final long STEP = 256 << 10;

    private final LongConsumer listener;
    private long told = -1;

    PullMeter(LongConsumer listener) {
        this.listener = listener;
    }

    /// @param bytesDone so far; falls when a source begins again
    void at(long bytesDone) {
        if (told >= 0 && bytesDone >= told && bytesDone < told + STEP) return;
        told = bytesDone;
        listener.accept(bytesDone);
    }
}
