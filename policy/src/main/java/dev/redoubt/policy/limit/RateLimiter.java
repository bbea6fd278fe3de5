package dev.redoubt.policy.limit;

import dev.redoubt.base.Check;
import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.TimeSource;
import dev.redoubt.policy.Principal;
import dev.redoubt.policy.limit.WindowFile.Boot;
import dev.redoubt.policy.limit.WindowFile.Slot;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// Admits the requests of callers, or says how long to wait. Safe for any thread; never blocks for longer than
/// a window takes to read.
public final class RateLimiter implements AutoCloseable {
    /* One request: admit (before its body is read) -> reserve (once it is known what it may take) -> use (once it is known what it
     * took) -> close. A request that is refused by `admit` leaves no trace. One that is refused later has been read, perhaps ten
     * megabytes of it, and counts.
     *
     * Concurrency. The windows of a key, and how many of its requests are in progress, are guarded by that key's monitor. The
     * table of keys and the slots of the file are guarded by `file`. Lock order: file, then one key. Requests of a key that is known take
     * its monitor alone, for well under a microsecond. Sums over all callers are atomic counters.
     *
     * Memory. A key is known while one of its windows is open or a request is in progress; then its slot goes to others. There are as many
     * slots as the file has; if all are in use, further keys are refused, not forgotten. */
    private static final long SWEEP_NANOS = 1_000_000_000L;

    private final RateLimits limits;
    private final TimeSource time;
    private final WindowFile file; // guarded by itself
    private final long epochOffset; // what to add to the monotonic clock
    private final long blindUntil;
    private final Map<String, Key> keys = new ConcurrentHashMap<>(); // entered and removed under file
    private final Map<String, AtomicInteger> tenants = new ConcurrentHashMap<>(); // as many as there are applications
    private final AtomicInteger ongoing = new AtomicInteger();
    private long sweptAt; // guarded by file
    private volatile boolean closed;

    private RateLimiter(RateLimits limits, TimeSource time, WindowFile file) {
        this.limits = limits;
        this.time = time;
        this.file = file;
        long newest = 0;
        for (Slot slot : file.taken()) {
            Key key = new Key(slot);
            newest = Math.max(newest, key.newest());
            keys.put("key_" + java.util.HexFormat.of().toHexDigits(slot.key()), key);
        }
        Instant wall = time.now();
        long now = Math.max(
                Math.addExact(Math.multiplyExact(wall.getEpochSecond(), 1_000_000_000L), wall.getNano()), newest);
        epochOffset = now - time.nanos();
        blindUntil = now + file.blind().toNanos();
    }

    /// Opens the windows as they were left, by whatever end, or makes them.
    ///
    /// @param file where they are kept; one process at a time
    /// @throws RateLimitException if the file cannot be used, or another process uses it
    public static RateLimiter open(Path file, RateLimits limits, TimeSource time) {
        return open(file, limits, time, Boot.current());
    }

    static RateLimiter open(Path file, RateLimits limits, TimeSource time, Boot boot) {
        return new RateLimiter(limits, time, WindowFile.open(file, limits.requestsPerMinute(), boot));
    }

    public RateLimits limits() {
        return limits;
    }

    /// Admits one request, whose caller has been authenticated.
    ///
    /// @return to be closed when the request is over, whatever its end
    /// @throws ServeException if a limit is reached; nothing is taken then. It carries the exact wait
    public Lease admit(Principal caller) {
        while (true) {
            Key key = key(caller.keyId());
            synchronized (key) {
                if (!key.retired) return admit(key, caller.application());
            }
        }
    }

    /// Admits one request that costs next to nothing.
    ///
    /// @throws ServeException if the limit for those is reached. It carries the exact wait
    public void read(Principal caller) {
        while (true) {
            Key key = key(caller.keyId());
            synchronized (key) {
                if (key.retired) continue;
                long now = now();
                RequestWindow reads = key.reads(limits.readsPerMinute());
                long wait = reads.waitNanos(now);
                if (wait > 0) throw reached(limits.readsPerMinute() + " reads per minute", wait);
                reads.admit(now);
                return;
            }
        }
    }

    /// For a model that works for a request which was admitted before: it takes of the same key's tokens.
    ///
    /// @param keyId of the request's caller
    public Tokens tokens(String keyId) {
        while (true) {
            Key key = key(keyId);
            synchronized (key) {
                if (!key.retired) return new Tokens(key);
            }
        }
    }

    /// What is left to a key; empty if nothing is known of it, so that it has everything.
    public Optional<Quota> quota(Principal caller) {
        Key key = keys.get(caller.keyId());
        if (key == null) return Optional.empty();
        synchronized (key) {
            return key.retired ? Optional.empty() : Optional.of(quota(key));
        }
    }

    /// Requests in progress, of all callers.
    public int ongoing() {
        return ongoing.get();
    }

    /// How many keys have a window open or a request in progress.
    int knownKeys() {
        return keys.size();
    }

    /// Leases may still be closed afterwards.
    @Override
    public void close() {
        closed = true;
        synchronized (file) {
            file.close();
        }
    }

    private Lease admit(Key key, String application) {
        long now = now();
        if (now < blindUntil)
            throw reached(
                    limits.requestsPerMinute()
                            + " requests per minute, taken as used since it is unknown what came before this start,",
                    blindUntil - now);
        if (key.streams >= limits.streamsPerKey()) throw tooMany(limits.streamsPerKey() + " requests of a key at once");
        long wait = key.requests.waitNanos(now);
        if (wait > 0) throw reached(limits.requestsPerMinute() + " requests per minute", wait);
        AtomicInteger tenant = tenants.computeIfAbsent(application, name -> new AtomicInteger());
        if (!take(tenant, limits.streamsPerTenant()))
            throw tooMany(limits.streamsPerTenant() + " requests of an application at once");
        if (!take(ongoing, limits.ongoingMax())) {
            tenant.decrementAndGet();
            throw ServeException.of(ErrorCode.OVERLOADED, limits.ongoingMax(), "requests");
        }
        key.requests.admit(now);
        key.streams++;
        return new Lease(key, tenant);
    }

    private Quota quota(Key key) {
        long now = now();
        long blind = Math.max(0, blindUntil - now);
        return new Quota(
                limits.requestsPerMinute(),
                blind > 0 ? 0 : key.requests.remaining(now),
                Duration.ofNanos(Math.max(blind, key.requests.resetNanos(now))),
                limits.tokensPerMinute(),
                key.tokens.remaining(now),
                Duration.ofNanos(key.tokens.resetNanos(now)));
    }

    private static boolean take(AtomicInteger count, int max) {
        if (count.incrementAndGet() <= max) return true;
        count.decrementAndGet();
        return false;
    }

    /// @throws ServeException if all slots are in use
    private Key key(String keyId) {
        Key known = keys.get(keyId);
        if (known != null) return known;
        long id = numberOf(keyId);
        synchronized (file) {
            Key since = keys.get(keyId);
            if (since != null) return since;
            long now = now();
            if (file.freeSlots() == 0 || now - sweptAt >= SWEEP_NANOS) sweep(now);
            if (file.freeSlots() == 0) throw ServeException.of(ErrorCode.OVERLOADED, file.slots(), "keys");
            Key fresh = new Key(file.claim(id));
            keys.put(keyId, fresh);
            return fresh;
        }
    }

    /// Forgets the keys that nothing is known of any more. Under file.
    private void sweep(long now) {
        sweptAt = now;
        keys.values().removeIf(key -> {
            synchronized (key) {
                if (key.streams > 0 || now - key.newest() < RequestWindow.WINDOW_NANOS) return false;
                key.retired = true;
            }
            file.release(key.slot);
            return true;
        });
    }

    /// A key's id as a number; never 0.
    private static long numberOf(String keyId) {
        Check.that(keyId.matches("key_[0-9a-f]{16}"), "key id '%s' must be key_ and 16 hexadecimal digits", keyId);
        long number = Long.parseUnsignedLong(keyId, 4, keyId.length(), 16);
        Check.that(number != 0, "key id '%s' must not be 0", keyId);
        return number;
    }

    /// Nanoseconds since 1970 by the monotonic clock.
    private long now() {
        return epochOffset + time.nanos();
    }

    private static ServeException reached(String limit, long waitNanos) {
        Duration wait = Duration.ofNanos(waitNanos);
        return ServeException.after(wait, ErrorCode.RATE_LIMIT_EXCEEDED, limit, seconds(waitNanos));
    }

    private static ServeException tooMany(String limit) {
        return ServeException.of(ErrorCode.RATE_LIMIT_EXCEEDED, limit, "1 s, or when one of them is over");
    }

    /// In milliseconds' precision, rounded up.
    private static String seconds(long nanos) {
        long millis = (nanos + 999_999) / 1_000_000;
        return java.math.BigDecimal.valueOf(millis, 3).stripTrailingZeros().toPlainString() + " s";
    }

    /// What is left to a key, and how long until all of it is there again.
    ///
    /// @param requestsReset zero: it is all there
    /// @param tokensReset if nothing is given back before; zero: it is all there
    public record Quota(
            int requestsLimit,
            int requestsRemaining,
            Duration requestsReset,
            int tokensLimit,
            long tokensRemaining,
            Duration tokensReset) {}

    /// What is known of one key; guarded by its own monitor.
    private final class Key {
        final Slot slot;
        final RequestWindow requests;
        final TokenWindow tokens;
        private @Nullable RequestWindow reads; // lost by a restart: it protects nothing but the moment
        int streams;
        boolean retired; // the slot is somebody else's: look the key up again

        Key(Slot slot) {
            this.slot = slot;
            this.requests = new RequestWindow(slot.requests());
            this.tokens = new TokenWindow(slot.tokens(), limits.tokensPerMinute());
        }

        RequestWindow reads(int max) {
            RequestWindow known = reads;
            if (known == null) {
                known = new RequestWindow(MemorySegment.ofArray(new long[max]));
                reads = known;
            }
            return known;
        }

        long newest() {
            long newest = Math.max(requests.newest(), tokens.newest());
            return reads == null ? newest : Math.max(newest, reads.newest());
        }
    }

    /// What one piece of work takes of a key's tokens. Safe for any thread.
    public final class Tokens implements AutoCloseable {
        private static final long NONE = -1;

        private final Key key;
        private long reservation = NONE; // guarded by key
        private boolean over; // guarded by key

        private Tokens(Key key) {
            this.key = key;
        }

        /// Takes what the work may come to, at most. Once.
        ///
        /// @throws ServeException if that is more than there is now, with the exact wait, or more than
        ///     there will ever be
        public void reserve(long most) {
            if (most > limits.tokensPerMinute())
                throw ServeException.of(ErrorCode.REQUEST_OVER_TOKEN_LIMIT, most, limits.tokensPerMinute());
            synchronized (key) {
                if (over || closed) return;
                Check.that(reservation == NONE, "tokens are reserved once: %s", most);
                long now = now();
                long wait = key.tokens.waitNanos(now, most);
                if (wait > 0) throw reached(limits.tokensPerMinute() + " tokens per minute", wait);
                reservation = key.tokens.reserve(now, most);
            }
        }

        /// What the work has come to; the rest of what it had reserved is there again. May be said again.
        public void use(long used) {
            synchronized (key) {
                if (!over && !closed && reservation != NONE) key.tokens.settle(now(), reservation, used);
            }
        }

        /// Nothing more is said of it.
        @Override
        public void close() {
            synchronized (key) {
                over = true;
            }
        }
    }

    /// One admitted request. Safe for any thread.
    public final class Lease implements AutoCloseable {
        private final Key key;
        private final AtomicInteger tenant;
        private final Tokens tokens;
        private boolean over; // guarded by key

        private Lease(Key key, AtomicInteger tenant) {
            this.key = key;
            this.tenant = tenant;
            this.tokens = new Tokens(key);
        }

        /// As [Tokens#reserve].
        public void reserve(long most) {
            tokens.reserve(most);
        }

        /// As [Tokens#use].
        public void use(long used) {
            tokens.use(used);
        }

        /// The request is over. A second call does nothing.
        @Override
        public void close() {
            synchronized (key) {
                if (over) return;
                over = true;
                key.streams--;
            }
            tokens.close();
            tenant.decrementAndGet();
            ongoing.decrementAndGet();
        }
    }
}
