package dev.redoubt.policy.limit;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// The times of the last N admissions of one key: whether there is room for one more, so that no 60 s, wherever
/// they begin, ever hold more than N. Has one owner at a time.
final class RequestWindow {
    /* A ring in the order of time. One more may be admitted when the N-th last is 60 s ago or more; then it takes that one's place. A
     * token bucket of the same rate would let nearly 2 N through in some 60 s.
     *
     * The ring is all there is: it begins where the times fall, and anywhere if they are all the same. So it can lie in a file that is mapped
     * into memory, an admission is one store of eight bytes, and whoever opens the file after a kill finds the window as it was. */
    static final long WINDOW_NANOS = 60_000_000_000L;

    private final MemorySegment times; // nanoseconds since 1970; 0: never
    private final int count;
    private int oldest; // index of the N-th last admission: the next one takes its place
    private int left; // of those from there on, how many are known to have left the window

    /// @param times N longs, all 0 or what a window has left there
    RequestWindow(MemorySegment times) {
        this.times = times;
        this.count = Math.toIntExact(times.byteSize() / Long.BYTES);
        while (oldest < count - 1 && at(oldest) >= at((oldest + count - 1) % count)) oldest++;
    }

    /// How long until there is room for one more; 0 if there is.
    long waitNanos(long now) {
        return Math.max(0, at(oldest) + WINDOW_NANOS - now);
    }

    /// Takes one place; there must be room.
    void admit(long now) {
        times.setAtIndex(ValueLayout.JAVA_LONG, oldest, Math.max(now, newest()));
        oldest = (oldest + 1) % count;
        if (left > 0) left--;
    }

    /// How many would be admitted now, one after the other.
    int remaining(long now) {
        if (now - newest() >= WINDOW_NANOS) left = count;
        while (left < count && now - at((oldest + left) % count) >= WINDOW_NANOS) left++; // each once
        return left;
    }

    /// How long until all of it is free again.
    long resetNanos(long now) {
        return Math.max(0, newest() + WINDOW_NANOS - now);
    }

    /// The last admission; 0 if there was none.
    long newest() {
        return at((oldest + count - 1) % count);
    }

    private long at(int index) {
        return times.getAtIndex(ValueLayout.JAVA_LONG, index);
    }
}
