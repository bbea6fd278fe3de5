package dev.redoubt.serve.control;

import dev.redoubt.testkit.ManualClock;
import java.time.Duration;
import java.util.PriorityQueue;

/// Things that happen at their time, in one order for one seed.
final class VirtualTime {
    final ManualClock clock = new ManualClock();
    private final PriorityQueue<Due> due = new PriorityQueue<>();
    private long sequence;

    private record Due(long nanos, long sequence, Runnable what) implements Comparable<Due> {
        @Override
        public int compareTo(Due other) {
            return nanos != other.nanos ? Long.compare(nanos, other.nanos) : Long.compare(sequence, other.sequence);
        }
    }

    long nanos() {
        return clock.nanos();
    }

    void in(double seconds, Runnable what) {
        due.add(new Due(nanos() + (long) (seconds * 1e9), sequence++, what));
    }

    /// Goes to the next thing that is due, and does it.
    void next() {
        Due first = due.remove();
        clock.advance(Duration.ofNanos(first.nanos - nanos()));
        first.what.run();
    }
}
