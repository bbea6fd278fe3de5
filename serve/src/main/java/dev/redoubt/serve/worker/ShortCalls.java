package dev.redoubt.serve.worker;

/// Whether the calls of a worker are so short that to give each a thread of its own would cost more than to run it.
/// Safe
/// for any thread.
final class ShortCalls {
    /* Followed is the median: it goes up a little with each call that took longer, and down with each that did not. A mean would follow the
     * few calls during which the system gave the processor to somebody else.
     *
     * A call that holds up the others all the same is paid for: the next calls have threads of their own, as many as twice the last time,
     * and as few again when nothing of that kind has happened for as long. */
    static final long SHORT_NANOS = 20_000;
    static final int APART_MIN = 256;
    static final int APART_MAX = 1 << 16;
    private static final double STEP = 1.0 / 16;

    private final long shortNanos;
    private double medianNanos; // guarded by this, as all below
    private int apart; // calls that have threads of their own, whatever they take
    private int apartNext = APART_MIN;
    private long sinceHeldUp;

    ShortCalls() {
        this(SHORT_NANOS);
    }

    /// @param shortNanos what is short
    ShortCalls(long shortNanos) {
        this.shortNanos = shortNanos;
        this.medianNanos = 2.0 * shortNanos;
    }

    /// Whether the next one may well be.
    synchronized boolean likely() {
        return apart == 0 && medianNanos < shortNanos;
    }

    /// One has run.
    synchronized void took(long nanos) {
        medianNanos *= nanos > medianNanos ? 1 + STEP : 1 - STEP;
        if (medianNanos < 1) medianNanos = 1;
        if (apart > 0) apart--;
        if (++sinceHeldUp > APART_MAX) apartNext = APART_MIN;
    }

    /// One that was taken for short was not.
    synchronized void heldUp() {
        apart = apartNext;
        apartNext = Math.min(APART_MAX, 2 * apartNext);
        sinceHeldUp = 0;
    }
}
