package dev.redoubt.serve.worker;

import java.util.concurrent.TimeUnit;

/// Whether who reads a link looks again, for a moment, rather than sleeps. Where frames come one at a time, the next is
/// often there before a thread would have fallen asleep and been woken; where they come together, somebody else has use
/// for the processor. For one thread.
final class Lookout {
    static final int ALONE_MIN = 16;
    static final long LOOK_NANOS = TimeUnit.MICROSECONDS.toNanos(50);

    private int came; // frames since the last wait began
    private int alone; // waits in a row that were for one frame, or none
    private boolean looking;
    private long untilNanos; // while looking

    /// A frame has come.
    void came() {
        came++;
    }

    /// Something has come: the wait is over.
    void found() {
        looking = false;
    }

    /// Nothing is there now.
    ///
    /// @return whether to look again; if not, to sleep
    boolean again(long nowNanos) {
        if (!looking) {
            alone = came > 1 ? 0 : Math.min(ALONE_MIN, alone + 1);
            came = 0;
            untilNanos = nowNanos + LOOK_NANOS;
            looking = alone == ALONE_MIN;
        } else if (nowNanos - untilNanos > 0) looking = false;
        return looking;
    }
}
