package dev.redoubt.serve.java;

import dev.redoubt.base.ServeException;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.replica.ReplyListener;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/// Keeps what a call comes to.
final class Replies implements ReplyListener {
    final List<Payload> items = new CopyOnWriteArrayList<>();
    final AtomicInteger ends = new AtomicInteger();
    private final CompletableFuture<List<Payload>> end = new CompletableFuture<>();

    @Override
    public void next(Payload item) {
        items.add(item);
    }

    @Override
    public void completed() {
        ends.incrementAndGet();
        end.complete(items);
    }

    @Override
    public void failed(ServeException failure) {
        ends.incrementAndGet();
        end.completeExceptionally(failure);
    }

    /// Waits for the one output.
    Object value() throws Exception {
        try {
            Payload only = end.get(20, TimeUnit.SECONDS).getFirst();
            return only instanceof Payload.Typed(Object value, var type) ? value : only.tree();
        } catch (ExecutionException e) {
            throw (Exception) Objects.requireNonNull(e.getCause());
        }
    }

    /// Waits for the end, which must be a failure.
    ServeException failure() throws InterruptedException, TimeoutException {
        try {
            throw new AssertionError("no failure but " + end.get(20, TimeUnit.SECONDS));
        } catch (ExecutionException e) {
            return (ServeException) Objects.requireNonNull(e.getCause());
        }
    }

    boolean ended() {
        return end.isDone();
    }
}
