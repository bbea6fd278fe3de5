package dev.redoubt.serve.java;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.TimeSource;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// Tells calls that their time is over, up to 20 ms late. Safe for any thread.
final class Deadlines implements AutoCloseable {
    /* Nearly every call ends long before its deadline, so what counts is what it costs to wait for nothing: an entry in a set and its removal.
     * One thread looks at all entries every 20 ms while there are any. It rests when it has found none for a second: `resting` is set before it
     * looks a last time, and read after an entry is there, so one of the two sees the other. */
    private static final long PERIOD_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
    private static final int EMPTY_LOOKS_MAX = 50;

    private final TimeSource clock;
    private final Set<Entry> entries = ConcurrentHashMap.newKeySet();
    private final Thread thread =
            Thread.ofPlatform().daemon().name("serve-deadlines").unstarted(this::watch);
    private volatile boolean resting;
    private volatile boolean closed;

    /// One call's; equal to itself alone.
    private static final class Entry {
        private final long nanos;
        private final Runnable action;

        private Entry(long nanos, Runnable action) {
            this.nanos = nanos;
            this.action = action;
        }
    }

    Deadlines(TimeSource clock) {
        this.clock = clock;
        thread.start();
    }

    long nanos() {
        return clock.nanos();
    }

    /// @param action must return soon
    /// @return takes it back
    Runnable at(long deadlineNanos, Runnable action) {
        Entry entry = new Entry(deadlineNanos, action);
        entries.add(entry);
        if (resting) LockSupport.unpark(thread);
        return () -> entries.remove(entry);
    }

    private void watch() {
        int empty = 0;
        while (!closed) {
            empty = entries.isEmpty() ? empty + 1 : 0;
            if (empty < EMPTY_LOOKS_MAX) LockSupport.parkNanos(this, PERIOD_NANOS);
            else rest();
            tell(clock.nanos());
        }
    }

    private void rest() {
        resting = true;
        if (entries.isEmpty() && !closed) LockSupport.park(this);
        resting = false;
    }

    private void tell(long now) {
        boolean ignored = entries.removeIf(entry -> {
            if (entry.nanos - now > 0) return false;
            entry.action.run();
            return true;
        });
    }

    /// @param limit what the call had
    static ServeException exceeded(Duration limit) {
        return ServeException.of(ErrorCode.DEADLINE_EXCEEDED, limit.toMillis() / 1000.0);
    }

    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
    }
}
