package dev.redoubt.gateway;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import java.util.concurrent.atomic.AtomicLong;

/// How many bytes of bodies are in memory at once, over all connections: each body has its own limit, but many
/// of them together need one too. Safe for any thread.
final class BodyBudget {
    private final long bytesMax;
    private final AtomicLong bytes = new AtomicLong();

    BodyBudget(long bytesMax) {
        this.bytesMax = bytesMax;
    }

    /// @throws ServeException if there is no room now; nothing is taken then
    void take(long count) {
        long now = bytes.addAndGet(count);
        if (now <= bytesMax) return;
        bytes.addAndGet(-count);
        throw ServeException.of(ErrorCode.BUSY, now, bytesMax);
    }

    void give(long count) {
        bytes.addAndGet(-count);
    }

    long used() {
        return bytes.get();
    }
}
