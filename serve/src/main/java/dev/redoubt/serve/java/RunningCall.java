package dev.redoubt.serve.java;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.serve.Call;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.replica.ReplyListener;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// One call of a handler, from its start to its one end.
final class RunningCall implements Runnable {
    /* Who tells the listener: the call's thread items and a natural end, a thread of its own an abort. Both hold
     * `telling`, so nothing comes after the end and no two come at once. A listener may wait in `next`, with its reader
     * behind; an abort interrupts the call's thread first, which is what gets it out of there. */

    /// What runs on the call's thread.
    @FunctionalInterface
    interface Work {
        void run(RunningCall running) throws Exception;
    }

    private final Call call;
    private final ReplyListener replies;
    private final String place;
    private final ReentrantLock telling = new ReentrantLock();
    private final Work work;
    private final Consumer<RunningCall> whenOver;
    private @Nullable Thread runner; // while it runs; guarded by this
    private boolean ended; // guarded by telling
    private volatile @Nullable ServeException aborted; // set once
    private volatile long abortedAt; // System.nanoTime, where it was
    private volatile @Nullable Runnable inTime;
    private volatile @Nullable Runnable untie;

    /// @param whenOver runs when the thread has nothing more to do
    RunningCall(Call call, ReplyListener replies, JavaServant.Place place, Work work, Consumer<RunningCall> whenOver) {
        this.call = call;
        this.replies = replies;
        this.place = place.deployment();
        this.work = work;
        this.whenOver = whenOver;
    }

    Call call() {
        return call;
    }

    /// Before it runs.
    ///
    /// @param limit what the call has, for the message
    void watch(Deadlines deadlines, Duration limit) {
        inTime = deadlines.at(call.deadlineNanos(), () -> abort(Deadlines.exceeded(limit)));
        untie = call.cancellation().onCancel(() -> abort(ServeException.of(ErrorCode.CANCELLED)));
    }

    @Override
    public void run() {
        try {
            if (!begin()) return;
            work.run(this);
            end(null);
        } catch (Throwable fault) { // errors too: a handler's stack overflow is its call's failure
            if (aborted == null) end(Faults.seen(call.requestId(), place, fault));
        } finally {
            over();
            whenOver.accept(this);
        }
    }

    private synchronized boolean begin() {
        if (aborted != null) return false;
        runner = Thread.currentThread();
        return true;
    }

    /// The thread may be for other calls from now on: no interrupt that was meant for this one is left on it.
    private void over() {
        synchronized (this) {
            runner = null;
        }
        boolean ignored = Thread.interrupted();
    }

    /// @throws ServeException if the call has been aborted
    void next(Payload item) {
        telling.lock();
        try {
            ServeException over = aborted;
            if (over != null) throw over;
            replies.next(item);
        } finally {
            telling.unlock();
        }
    }

    /// Ends it from outside; returns at once.
    void abort(ServeException failure) {
        synchronized (this) {
            if (aborted != null) return;
            abortedAt = System.nanoTime();
            aborted = failure;
            if (runner != null) runner.interrupt();
        }
        Thread.ofVirtual().name("abort").start(() -> end(failure));
    }

    private void end(@Nullable ServeException failure) {
        telling.lock();
        try {
            if (ended) return;
            ended = true;
            if (failure == null) replies.completed();
            else replies.failed(failure);
        } finally {
            telling.unlock();
        }
        Runnable early = inTime;
        if (early != null) early.run();
        Runnable release = untie;
        if (release != null) release.run();
    }

    /// For how long its thread has gone on after it was ended from outside; 0 if it was not.
    long overdueNanos() {
        return aborted == null ? 0 : System.nanoTime() - abortedAt;
    }
}
