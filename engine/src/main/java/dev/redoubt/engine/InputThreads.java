package dev.redoubt.engine;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/// Platform threads for templates and tokenization: native code would pin a virtual thread's carrier, and must
/// not run on an event loop. Bounded queue.
final class InputThreads {
    private static final int THREADS = 2;

    private final int requestsMax;
    private final ThreadPoolExecutor pool;

    InputThreads(int requestsMax) {
        this.requestsMax = requestsMax;
        this.pool = new ThreadPoolExecutor(
                THREADS,
                THREADS,
                1,
                TimeUnit.MINUTES,
                new ArrayBlockingQueue<>(requestsMax),
                Thread.ofPlatform().name("engine-input-", 0).daemon().factory(),
                new ThreadPoolExecutor.AbortPolicy());
        pool.allowCoreThreadTimeOut(true);
    }

    /// Tasks that no thread has taken yet.
    int backlog() {
        return pool.getQueue().size();
    }

    /// @return whether there was room
    boolean offer(Runnable task) {
        try {
            pool.execute(task);
            return true;
        } catch (RejectedExecutionException full) {
            return false;
        }
    }

    /// Computes on the caller's thread if it is a platform thread, else here while the caller waits.
    ///
    /// @throws ServeException if too much is waiting
    <T> T call(Supplier<T> work) {
        if (!Thread.currentThread().isVirtual()) return work.get();
        CompletableFuture<T> result = new CompletableFuture<>();
        boolean taken = offer(() -> {
            try {
                result.complete(work.get());
            } catch (RuntimeException | Error fault) {
                result.completeExceptionally(fault);
            }
        });
        if (!taken) throw ServeException.of(ErrorCode.QUEUE_FULL, requestsMax, requestsMax);
        try {
            return result.join();
        } catch (CompletionException failed) {
            switch (failed.getCause()) {
                case RuntimeException cause -> throw cause;
                case Error cause -> throw cause;
                case null, default -> throw failed;
            }
        }
    }

    /// Tasks that run are finished, those that wait are dropped.
    void stop() throws InterruptedException {
        pool.shutdown();
        pool.getQueue().clear();
        pool.awaitTermination(1, TimeUnit.MINUTES);
    }
}
