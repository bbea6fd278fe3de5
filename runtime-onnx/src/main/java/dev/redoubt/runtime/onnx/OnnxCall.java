package dev.redoubt.runtime.onnx;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.TimeSource;
import dev.redoubt.serve.Call;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.replica.ReplyListener;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// One call, from its start to its one end.
final class OnnxCall implements Runnable {
    /* Whoever sets `ended` tells the listener: the call's thread, or an abort on a thread of its own. `options` are there
     * while native code may read them; they are told to end and closed under the monitor, never after each other's turn. */
    private final OnnxModelRun model;
    private final Payload input;
    private final Call call;
    private final ReplyListener replies;
    private final TimeSource clock;
    private final Consumer<OnnxCall> whenOver;
    private OrtSession.@Nullable RunOptions options; // guarded by this
    private boolean ended; // guarded by this
    private long abortedNanos; // guarded by this; valid once aborted
    private boolean aborted; // guarded by this
    private @Nullable Future<?> deadline; // guarded by this
    private @Nullable Runnable untie; // guarded by this

    /// @param whenOver runs when its thread has nothing more to do
    OnnxCall(
            OnnxModelRun model,
            Payload input,
            Call call,
            ReplyListener replies,
            TimeSource clock,
            Consumer<OnnxCall> whenOver) {
        this.model = model;
        this.input = input;
        this.call = call;
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
        try (OrtSession.RunOptions own = new OrtSession.RunOptions()) {
            if (!begin(own)) return;
            Payload output;
            try {
                output = model.run(input, call.requestId(), own);
            } finally {
                over();
            }
            if (end()) {
                replies.next(output);
                replies.completed();
            }
        } catch (ServeException refused) {
            if (end()) replies.failed(refused);
        } catch (Throwable fault) { // errors too: whatever it is, the call ends
            if (end()) replies.failed(model.fault(call.requestId(), fault));
        } finally {
            whenOver.accept(this);
            release();
        }
    }

    private synchronized boolean begin(OrtSession.RunOptions own) {
        if (ended) return false;
        options = own;
        return true;
    }

    private synchronized void over() {
        options = null;
    }

    private synchronized boolean end() {
        boolean first = !ended;
        ended = true;
        return first;
    }

    /// Ends it from outside; returns at once. Its thread follows at the next operator of the model.
    void abort(ServeException failure) {
        synchronized (this) {
            if (ended) return;
            ended = true;
            aborted = true;
            abortedNanos = clock.nanos();
            terminate();
        }
        Thread.ofVirtual().name("abort").start(() -> replies.failed(failure));
    }

    private synchronized void terminate() {
        OrtSession.RunOptions running = options;
        if (running == null) return;
        try {
            running.setTerminate(true);
        } catch (OrtException e) {
            throw new IllegalStateException("a run that cannot be told to end: " + e.getCode(), e);
        }
    }

    /// For how long its thread has ignored that it is over.
    synchronized Duration abortedFor(long nowNanos) {
        return aborted && options != null ? Duration.ofNanos(nowNanos - abortedNanos) : Duration.ZERO;
    }
}
