package dev.redoubt.serve.replica;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/// What one thread has at hand, such as all requests that have come while it slept: it does them before it looks for
/// more. What each of them would do for itself, and once is enough, is put off until then: handing frames to the
/// system, above all, which wakes whoever reads them.
public final class Turn {
    private static final ThreadLocal<@Nullable Turn> OF_THREAD = new ThreadLocal<>();

    private final List<Runnable> last = new ArrayList<>(2);
    private boolean open;

    private Turn() {}

    /// Begins one on this thread, unless it is in one.
    ///
    /// @param soon is given what ends it, and runs that on this thread when it has done what is at hand
    public static void begin(Executor soon) {
        Turn turn = ofThread();
        if (turn.open) return;
        turn.open = true;
        try {
            soon.execute(() -> {
                turn.open = false;
                turn.run();
            });
        } catch (RejectedExecutionException closed) {
            turn.open = false;
        }
    }

    /// Runs what takes one turn after the other, each of which it ends by [#next].
    public static <E extends Exception> void during(Turns<E> all) throws E {
        Turn turn = ofThread();
        turn.open = true;
        try {
            all.run();
        } finally {
            turn.open = false;
            turn.run();
        }
    }

    /// See [#during].
    @FunctionalInterface
    public interface Turns<E extends Exception> {
        void run() throws E;
    }

    /// Ends the turn of this thread, if it is in one, and begins the next.
    public static void next() {
        Turn turn = OF_THREAD.get();
        if (turn != null) turn.run();
    }

    /// Does this when the turn is over, at once if this thread is in none. The same action is done once in a turn.
    ///
    /// @param action must not throw
    public static void atEnd(Runnable action) {
        Turn turn = Thread.currentThread().isVirtual() ? null : OF_THREAD.get(); // the former are never in one
        if (turn == null || !turn.open) {
            action.run();
            return;
        }
        for (Runnable known : turn.last) if (known.equals(action)) return;
        turn.last.add(action);
    }

    private static Turn ofThread() {
        Turn turn = OF_THREAD.get();
        if (turn == null) {
            turn = new Turn();
            OF_THREAD.set(turn);
        }
        return turn;
    }

    /// What they put off themselves is done too.
    private void run() {
        for (int i = 0; i < last.size(); i++) last.get(i).run();
        last.clear();
    }
}
