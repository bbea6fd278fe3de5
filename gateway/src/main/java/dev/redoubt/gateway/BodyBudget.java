package dev.redoubt.gateway;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicLong;

/// How many bytes bodies, and what is made of them, take of memory at once, over all connections: each body has its own
/// limit, but many of them together need one too. No application has more than half of it, so that one whose callers
/// send slowly, or whose calls wait for long, leaves room for the others. Safe for any thread.
final class BodyBudget {
    private final long bytesMax;
    private final AtomicLong bytes = new AtomicLong();
    private final ConcurrentMap<String, Share> shares = new ConcurrentHashMap<>(); // of applications that have keys

    BodyBudget(long bytesMax) {
        this.bytesMax = bytesMax;
    }

    /// What one application has of it.
    final class Share {
        private final AtomicLong own = new AtomicLong();

        /// @throws ServeException if there is no room now; nothing is taken then
        void take(long count) {
            BodyBudget.take(own, count, bytesMax / 2);
            try {
                BodyBudget.take(bytes, count, bytesMax);
            } catch (ServeException noRoom) {
                own.addAndGet(-count);
                throw noRoom;
            }
        }

        void give(long count) {
            own.addAndGet(-count);
            bytes.addAndGet(-count);
        }
    }

    /// @param application authenticated: strangers send no bodies
    Share of(String application) {
        return shares.computeIfAbsent(application, any -> new Share());
    }

    private static void take(AtomicLong from, long count, long max) {
        long now = from.addAndGet(count);
        if (now <= max) return;
        from.addAndGet(-count);
        throw ServeException.of(ErrorCode.BUSY, now, max);
    }

    long used() {
        return bytes.get();
    }
}
