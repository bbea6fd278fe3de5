package dev.redoubt.policy.limit;

import dev.redoubt.base.Check;
import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.TimeSource;
import java.net.InetAddress;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLongArray;

/// Counts failed authentications by address, in memory of a fixed size. Safe for any thread; never blocks.
public final class FailureLimit {
    /* Each address (IPv4) or /64 (IPv6) has one of 8192 places, by a hash that nobody outside can foresee. A place holds one number: when
     * all failures so far would be over if they came evenly (GCRA). So a minute's worth may come at once, then one at a time.
     *
     * Two addresses may share a place. That costs the one 429 instead of 401 while the other fails, and nothing else: a caller with
     * a valid key never comes here. If it did, whoever shares an address with somebody, behind a router or on the same machine, could
     * lock them out. */
    private static final int PLACES = 8192;
    private static final long MINUTE_NANOS = 60_000_000_000L;

    private final TimeSource time;
    private final long startNanos;
    private final long spacingNanos;
    private final int perMinute;
    private final long seed = new SecureRandom().nextLong();
    private final AtomicLongArray until = new AtomicLongArray(PLACES);

    public FailureLimit(int perMinute, TimeSource time) {
        Check.positive("perMinute", perMinute);
        this.perMinute = perMinute;
        this.spacingNanos = Math.max(1, MINUTE_NANOS / perMinute);
        this.time = time;
        this.startNanos = time.nanos();
    }

    /// Counts one failure.
    ///
    /// @throws ServeException if there are too many of them, with the exact wait
    public void failed(InetAddress from) {
        int place = place(from.getAddress());
        while (true) {
            long now = time.nanos() - startNanos;
            long before = until.get(place);
            long after = Math.max(before, now) + spacingNanos;
            long wait = after - now - MINUTE_NANOS;
            if (wait > 0) throw refusal(wait);
            if (until.compareAndSet(place, before, after)) return;
        }
    }

    private ServeException refusal(long waitNanos) {
        return ServeException.after(
                Duration.ofNanos(waitNanos),
                ErrorCode.RATE_LIMIT_EXCEEDED,
                perMinute + " failed authentications per minute",
                (waitNanos + 999_999_999) / 1_000_000_000 + " s");
    }

    private int place(byte[] address) {
        long prefix = address.length; // 4: all of it; 16: the first half
        for (int i = 0; i < Math.min(8, address.length); i++) prefix = prefix << 8 | address[i] & 0xFF;
        long hash = (prefix ^ seed) * 0x9E37_79B9_7F4A_7C15L;
        hash = (hash ^ hash >>> 32) * 0xD6E8_FEB8_6659_FD93L;
        return (int) ((hash ^ hash >>> 29) & PLACES - 1);
    }
}
