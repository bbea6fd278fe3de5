package dev.redoubt.gateway;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import io.vertx.core.Context;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/// Few platform threads for the work of exchanges that would hold up an event loop: what computes for long, or
/// waits. Their queue is bounded, and what does not fit is told so. Safe for any thread.
final class Workers implements AutoCloseable {
    /// Reading and checking as much takes less than waking another thread.
    static final int SMALL_BODY_BYTES_MAX = 4096;

    private final int queueMax;
    private final ThreadPoolExecutor threads;

    Workers(String name, int threads, int queueMax) {
        this.queueMax = queueMax;
        this.threads = new ThreadPoolExecutor(
                threads,
                threads,
                0,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(queueMax),
                Thread.ofPlatform().name(name + "-", 0).daemon().factory());
    }

    /// Takes work off an event loop; whoever is on another thread does it there and then. What it throws
    /// becomes the reply.
    void run(Exchange exchange, Runnable work) {
        if (Context.isOnEventLoopThread()) run(exchange, work, () -> {});
        else work.run();
    }

    /// @param after runs when the work is done, or there was no room for it
    void run(Exchange exchange, Runnable work, Runnable after) {
        try {
            threads.execute(() -> runHere(exchange, work, after));
        } catch (RejectedExecutionException full) {
            after.run();
            exchange.refuse(ServeException.of(ErrorCode.QUEUE_FULL, queueMax, queueMax));
        }
    }

    /// The same on the thread that asks.
    static void runHere(Exchange exchange, Runnable work, Runnable after) {
        try {
            if (!exchange.gone()) work.run();
        } catch (RuntimeException | Error fault) {
            exchange.fail(fault);
        } finally {
            after.run();
        }
    }

    /// As above, where the reply goes by another protocol.
    void run(ReplySink sink, Runnable work, Runnable after) {
        try {
            threads.execute(() -> runHere(sink, work, after));
        } catch (RejectedExecutionException full) {
            after.run();
            ServeException refusal = ServeException.of(ErrorCode.QUEUE_FULL, queueMax, queueMax);
            sink.onEventLoop(() -> sink.fail(refusal));
        }
    }

    /// As above.
    static void runHere(ReplySink sink, Runnable work, Runnable after) {
        try {
            if (!sink.gone()) work.run();
        } catch (RuntimeException | Error fault) {
            sink.fault(fault);
        } finally {
            after.run();
        }
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
