package dev.redoubt.serve.control;

import dev.redoubt.serve.spec.HealthCheck;

/// The health checks of one replica (R1.5): when the next one is due, whether one is out, and how many in a row
/// were missed. An answer that comes too late is a miss, and so is each further timeout of the same probe.
final class Probes {
    private long dueNanos;
    private long countedNanos; // sent, or last counted as a miss
    private boolean out;
    private boolean late; // the one that is out
    private int misses;

    /// It has just passed its first one.
    void begin(long now, HealthCheck check) {
        dueNanos = now + check.period().toNanos();
    }

    int misses() {
        return misses;
    }

    /// @return whether a probe is to be sent now
    boolean send(long now, HealthCheck check) {
        if (out || dueNanos - now > 0) return false;
        out = true;
        late = false;
        countedNanos = now;
        dueNanos = now + check.period().toNanos();
        return true;
    }

    /// Counts a miss if the probe that is out is late.
    ///
    /// @return whether that was one too many
    boolean overdue(long now, HealthCheck check) {
        if (!out || now - countedNanos < check.timeout().toNanos()) return false;
        countedNanos = now;
        late = true;
        misses++;
        return misses >= check.missesMax();
    }

    /// @return whether that was one too many
    boolean answered(boolean passed, HealthCheck check) {
        out = false;
        if (late) return false; // counted already
        misses = passed ? 0 : misses + 1;
        return misses >= check.missesMax();
    }
}
