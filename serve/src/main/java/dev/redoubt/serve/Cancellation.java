package dev.redoubt.serve;

import java.util.ArrayList;
import java.util.List;

/// Whether a request is still wanted: its caller left, its deadline passed, or somebody cancelled it. Once
/// cancelled it stays so. Safe for any thread.
public final class Cancellation {
    private final List<Runnable> actions = new ArrayList<>(); // guarded by this
    private volatile boolean cancelled;

    public boolean cancelled() {
        return cancelled;
    }

    /// Runs what was told to [#onCancel], on this thread. A second call does nothing.
    public void cancel() {
        List<Runnable> due;
        synchronized (this) {
            if (cancelled) return;
            cancelled = true;
            due = List.copyOf(actions);
            actions.clear();
        }
        due.forEach(Runnable::run);
    }

    /// @param action must return soon; runs at once if it is cancelled already
    /// @return takes the action back
    public Runnable onCancel(Runnable action) {
        synchronized (this) {
            if (!cancelled) {
                actions.add(action);
                return () -> forget(action);
            }
        }
        action.run();
        return () -> {};
    }

    private synchronized void forget(Runnable action) {
        actions.remove(action);
    }
}
