package dev.redoubt.serve.java;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.serve.Call;
import dev.redoubt.serve.Cancellation;
import dev.redoubt.serve.ResponseStream;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.replica.ReplyListener;
import dev.redoubt.serve.schema.Binding;
import java.util.ArrayDeque;
import java.util.NoSuchElementException;
import java.util.Queue;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Items of one call between the thread that makes them and the one that reads: as many as [#ITEMS_MAX], then
/// the maker waits.
final class ItemStream<O> implements ResponseStream<O>, ReplyListener {
    static final int ITEMS_MAX = 16;

    private final Binding type;
    private final Call caller;
    private final String place;
    private final Cancellation cancellation = new Cancellation();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Queue<Payload> items = new ArrayDeque<>(); // guarded by lock
    private boolean over; // guarded by lock; no item comes any more
    private boolean closed; // guarded by lock; no item is wanted any more
    private @Nullable ServeException failure; // guarded by lock
    private final Runnable untie;

    /// @param caller the call that this is part of: cancelled with it
    ItemStream(Binding type, Call caller, String place) {
        this.type = type;
        this.caller = caller;
        this.place = place;
        this.untie = caller.cancellation().onCancel(() -> drop(ServeException.of(ErrorCode.CANCELLED)));
    }

    Cancellation cancellation() {
        return cancellation;
    }

    @Override
    public boolean hasNext() {
        lock.lock();
        try {
            while (items.isEmpty() && !over) changed.await();
            if (items.isEmpty() && failure != null) throw failure;
            return !items.isEmpty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw ServeException.of(ErrorCode.CANCELLED);
        } finally {
            lock.unlock();
        }
    }

    @Override
    @SuppressWarnings("unchecked") // the binding is of O
    public O next() {
        if (!hasNext()) throw new NoSuchElementException("the stream has ended");
        Payload item;
        lock.lock();
        try {
            item = items.remove();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        return (O) Received.value(item, type, caller.requestId(), place);
    }

    @Override
    public void next(Payload item) {
        lock.lock();
        try {
            while (items.size() >= ITEMS_MAX && !closed) changed.await();
            if (closed) throw ServeException.of(ErrorCode.CANCELLED);
            items.add(item);
            changed.signalAll();
        } catch (InterruptedException e) { // the call that makes them is over
            Thread.currentThread().interrupt();
            throw ServeException.of(ErrorCode.CANCELLED);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void completed() {
        untie.run();
        end(null);
    }

    @Override
    public void failed(ServeException why) {
        untie.run();
        end(why);
    }

    private void end(@Nullable ServeException why) {
        lock.lock();
        try {
            if (over) return;
            over = true;
            failure = why;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        untie.run();
        drop(null);
    }

    private void drop(@Nullable ServeException why) {
        lock.lock();
        try {
            closed = true;
            items.clear();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        end(why);
        cancellation.cancel();
    }
}
