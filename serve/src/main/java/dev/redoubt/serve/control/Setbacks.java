package dev.redoubt.serve.control;

import java.time.Duration;

/// What has gone wrong with the replicas of one deployment, and what follows from how often: when the next one
/// may start, when an update has failed, when callers would wait in vain. The controller's thread owns it.
final class Setbacks {
    private static final int START_FAILURES_MAX = 20;
    private static final int VAIN_STARTS = 3;
    private static final int LOSSES_MIN = 5;
    private static final Duration RETRY_AFTER_MIN = Duration.ofSeconds(1);

    private final Pace pace;
    private int startFailures; // since what is wanted changed, or was there
    private int losses; // of replicas that ran, since the version changed
    private int inRow; // failures of any kind
    private int vainStarts; // in a row: of replicas that did not start, or never passed a second health check
    private long notBeforeNanos;

    Setbacks(Pace pace, long now) {
        this.pace = pace;
        this.notBeforeNanos = now;
    }

    /// Something else is wanted: it is tried at once.
    void tryAgain(boolean otherVersion, long now) {
        if (otherVersion) losses = 0;
        startFailures = 0;
        works();
        notBeforeNanos = now;
    }

    /// A replica has passed a health check.
    void works() {
        inRow = 0;
        vainStarts = 0;
    }

    /// All is as wanted.
    void arrived() {
        startFailures = 0;
    }

    void startFailed(long now) {
        startFailures++;
        neverWorked();
        backOff(now);
    }

    /// A replica that was started has come to nothing.
    void neverWorked() {
        vainStarts++;
    }

    /// The next replica waits, longer each time.
    void backOff(long now) {
        inRow++;
        notBeforeNanos = now + pace.backoff(inRow).toNanos();
    }

    boolean mayStart(long now) {
        return notBeforeNanos - now <= 0;
    }

    Duration untilNextTry(long now) {
        Duration left = Duration.ofNanos(notBeforeNanos - now);
        return left.compareTo(RETRY_AFTER_MIN) > 0 ? left : RETRY_AFTER_MIN;
    }

    int startFailures() {
        return startFailures;
    }

    static int startFailuresMax(int replicas) {
        return Math.min(3 * Math.max(1, replicas), START_FAILURES_MAX);
    }

    /// Counts one of an update.
    ///
    /// @return how many there have been
    int lost() {
        return ++losses;
    }

    /// All replicas twice, and one more.
    static int lossesMax(int replicas) {
        return Math.max(LOSSES_MIN, 2 * replicas + 1);
    }

    /// As many as start at once may fail together, and the next may yet do better.
    ///
    /// @param atOnce replicas that start together
    boolean startsInVain(int atOnce) {
        return atOnce > 0 && vainStarts >= Math.max(VAIN_STARTS, atOnce);
    }

    int vainStarts() {
        return vainStarts;
    }
}
