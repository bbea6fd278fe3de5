package dev.redoubt.policy.limit;

import dev.redoubt.base.Invariant;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// The tokens that one key has taken in the last 60 s, reservation by reservation. What is reserved in any 60 s
/// never exceeds the limit; what turns out unused is given back to the very moment it was taken from. Has one
/// owner at a time.
final class TokenWindow {
    /* A ring of pairs (time, amount) in the order of time, with their sum. The sum is exact: an entry leaves it 60 s after its
     * reservation, with the amount that it has then. There is room for twice the requests of a minute: a reservation comes when a body
     * has been read, which takes less than a minute, so those of any minute belong to the requests of less than two.
     *
     * As in RequestWindow, what is in memory is what is in the file. The amount is stored before the time, which makes it count. */
    private static final long PAIR = 2;

    private final MemorySegment pairs;
    private final long limit;
    private final long capacity;
    private long first; // number of the oldest reservation that counts
    private long next; // number of the next one; its place is its number modulo the capacity
    private long held;

    /// @param pairs an even number of longs, all 0 or what a window has left there
    TokenWindow(MemorySegment pairs, long limit) {
        this.pairs = pairs;
        this.limit = limit;
        this.capacity = pairs.byteSize() / (PAIR * Long.BYTES);
        while (first < capacity - 1 && time(first) >= time(first + capacity - 1)) first++;
        next = first + capacity;
        while (first < next && time(first) == 0) first++;
        for (long i = first; i < next; i++) held += amount(i);
    }

    /// How long until `tokens` can be reserved, if nothing is given back before; 0 if they can be now.
    long waitNanos(long now, long tokens) {
        expire(now);
        long excess = held + tokens - limit;
        long at = first;
        if (next - first == capacity) at = first + 1;
        for (long i = first; excess > 0 && i < next; i++) {
            excess -= amount(i);
            at = Math.max(at, i + 1);
        }
        return at == first ? 0 : Math.max(0, time(at - 1) + RequestWindow.WINDOW_NANOS - now);
    }

    /// Takes `tokens`; there must be room.
    ///
    /// @return the number to settle them by
    long reserve(long now, long tokens) {
        expire(now);
        Invariant.hold(next - first < capacity, "more than %s reservations in a window", capacity);
        long last = next == first ? 0 : time(next - 1);
        set(next, 1, tokens);
        set(next, 0, Math.max(now, last));
        held += tokens;
        return next++;
    }

    /// What a reservation came to; nothing happens once it has left the window.
    void settle(long now, long number, long tokens) {
        expire(now);
        if (number < first) return;
        held += tokens - amount(number);
        set(number, 1, tokens);
    }

    long remaining(long now) {
        expire(now);
        return Math.max(0, limit - held);
    }

    /// How long until all of it is free again, if nothing is given back before.
    long resetNanos(long now) {
        expire(now);
        for (long i = next; i > first; i--)
            if (amount(i - 1) > 0) return Math.max(0, time(i - 1) + RequestWindow.WINDOW_NANOS - now);
        return 0;
    }

    /// The last reservation; 0 if there was none.
    long newest() {
        return time(next - 1);
    }

    private void expire(long now) {
        while (first < next && now - time(first) >= RequestWindow.WINDOW_NANOS) held -= amount(first++);
    }

    private long time(long number) {
        return pairs.getAtIndex(ValueLayout.JAVA_LONG, PAIR * (number % capacity));
    }

    private long amount(long number) {
        return pairs.getAtIndex(ValueLayout.JAVA_LONG, PAIR * (number % capacity) + 1);
    }

    private void set(long number, int field, long value) {
        pairs.setAtIndex(ValueLayout.JAVA_LONG, PAIR * (number % capacity) + field, value);
    }
}
