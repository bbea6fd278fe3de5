package dev.redoubt.serve.model;

import dev.redoubt.base.ServeException;
import dev.redoubt.base.TimeSource;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.replica.ReplyListener;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// One call, from its start to its one end.
final class ModelCall implements Runnable, NativeModel.Ending {
    /* Whoever sets `ended` tells the listener: the call's thread, or an abort on a thread of its own. `terminate` is there
     * while native code may be told to end, which happens under the monitor: never before the run, and never after it. */
    private final NativeModel model;
    private final Payload input;
    private final ReplyListener replies;
    private final TimeSource clock;
    private final Consumer<ModelCall> whenOver;
    private @Nullable Runnable terminate; // guarded by this
    private boolean computing; // guarded by this
    private boolean ended; // guarded by this
    private long abortedNanos; // guarded by this; valid once aborted
    private boolean aborted; // guarded by this
    private @Nullable Future<?> deadline; // guarded by this
    private @Nullable Runnable untie; // guarded by this

    /// @param whenOver runs when its thread has nothing more to do
    ModelCall(NativeModel model, Payload input, ReplyListener replies, TimeSource clock, Consumer<ModelCall> whenOver) {
        this.model = model;
        this.input = input;
        this.replies = replies;
        this.clock = clock;
        this.whenOver = whenOver;
    }

    /// What is taken back at its end.
    void until(Future<?> timer, Runnable cancellation) {
        synchronized (this) {
            deadline = timer;
            untie = cancellation;
            if (!ended) return;
        }
        release();
    }

    private void release() {
        Future<?> timer;
        Runnable cancellation;
        synchronized (this) {
            timer = deadline;
            cancellation = untie;
        }
        if (timer != null) timer.cancel(false);
        if (cancellation != null) cancellation.run();
    }

    @Override
    public void run() {
        try {
            if (!begin()) return;
            Payload output;
            try {
                output = model.run(input, this);
            } finally {
                finish();
            }
            if (end()) {
                replies.next(output);
                replies.completed();
            }
        } catch (ServeException refused) {
            if (end()) replies.failed(refused);
        } catch (UndeclaredOutput other) {
            if (end()) replies.failed(ServeException.because(String.valueOf(other.getMessage())));
        } catch (Throwable fault) { // errors too: whatever it is, the call ends
            if (end()) replies.failed(model.fault(fault));
        } finally {
            whenOver.accept(this);
            release();
        }
    }

    private synchronized boolean begin() {
        computing = !ended;
        return computing;
    }

    private synchronized void finish() {
        computing = false;
        terminate = null;
    }

    @Override
    public synchronized boolean by(Runnable how) {
        if (ended) return false;
        terminate = how;
        return true;
    }

    @Override
    public synchronized void over() {
        terminate = null;
    }

    private synchronized boolean end() {
        boolean first = !ended;
        ended = true;
        return first;
    }

    /// Ends it from outside; returns at once. Its thread follows as soon as the library can.
    void abort(ServeException failure) {
        synchronized (this) {
            if (ended) return;
            ended = true;
            aborted = true;
            abortedNanos = clock.nanos();
            Runnable how = terminate;
            if (how != null) how.run();
        }
        Thread.ofVirtual().name("abort").start(() -> replies.failed(failure));
    }

    /// For how long its thread has ignored that it is over.
    synchronized Duration abortedFor(long nowNanos) {
        return aborted && computing ? Duration.ofNanos(nowNanos - abortedNanos) : Duration.ZERO;
    }
}
