package dev.redoubt.kernels;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// A fixed set of threads that work through the parts of one task at a time, the caller among them.
final class ComputeThreads implements AutoCloseable {
    /// One part of a task, on one of the threads.
    interface Task {
        /// @param worker 0 (the caller) to `threads - 1`
        void runPart(int part, int worker);
    }

    /* Handing out parts. `state` packs (region, parts, next part); a thread takes a part by compare-and-set of the whole word, so a
     * thread that slept through a region cannot take a part of the next one by mistake, and a region ends when its parts are done,
     * whether or not every thread has woken up for it: a thread without a core costs nothing but its help. `task` is written before
     * `state` and read after a part was taken; as the region cannot end before that part is done, it is the right task. Each thread
     * counts what it has done once, when nothing is left to take.
     *
     * Waiting. Regions of a step follow each other within microseconds, so threads spin that long before they park. A thread says
     * that it parks before it looks at `state` a last time, the caller publishes `state` before it looks who is parked: one of the two
     * sees the other. */
    private static final long SPIN_NANOS = 20_000;
    private static final int PARTS_BITS = 20;
    private static final int PARTS_MAX = (1 << PARTS_BITS) - 1;

    private final Thread[] workers;
    private final Parking[] parking;
    private final Parking callerParking = new Parking();
    private final AtomicLong state = new AtomicLong();
    private final AtomicInteger done = new AtomicInteger();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private @Nullable Task task;
    private volatile boolean closed;

    /// Whether a thread is parked or about to be.
    private static final class Parking {
        volatile @Nullable Thread parked;

        void wake() {
            Thread thread = parked;
            if (thread != null) LockSupport.unpark(thread);
        }
    }

    ComputeThreads(int threads) {
        if (threads < 1) throw new IllegalArgumentException("threads " + threads + ", at least 1");
        workers = new Thread[threads - 1];
        parking = new Parking[threads - 1];
        for (int i = 0; i < workers.length; i++) {
            int worker = i + 1;
            parking[i] = new Parking();
            workers[i] = Thread.ofPlatform()
                    .daemon()
                    .name("redoubt-compute-" + worker)
                    .start(() -> work(worker));
        }
    }

    int threads() {
        return workers.length + 1;
    }

    /// Runs parts 0 to `parts - 1`, each once, in order of hand-out; returns when all are done. What a part
    /// throws is thrown here, after the others.
    void run(int parts, Task next) {
        if (closed) throw new IllegalStateException("compute threads are closed");
        if (parts > PARTS_MAX) throw new IllegalArgumentException("parts " + parts + ", at most " + PARTS_MAX);
        if (workers.length == 0 || parts <= 1) {
            for (int part = 0; part < parts; part++) next.runPart(part, 0);
            return;
        }
        task = next;
        done.set(0);
        long region = (state.get() >>> 2 * PARTS_BITS) + 1;
        state.set(region << 2 * PARTS_BITS | (long) parts << PARTS_BITS);
        int helpers = Math.min(workers.length, parts - 1);
        for (int i = 0; i < helpers; i++) parking[i].wake();
        takeParts(0);
        awaitParts(parts);
        task = null;
        Throwable thrown = failure.getAndSet(null);
        if (thrown != null) rethrow(thrown);
    }

    private void takeParts(int worker) {
        int own = 0; // done and not counted yet
        while (true) {
            long now = state.get();
            int next = (int) now & PARTS_MAX;
            int parts = (int) (now >>> PARTS_BITS) & PARTS_MAX;
            if (next >= parts) {
                if (own > 0 && done.addAndGet(own) == parts && worker != 0) callerParking.wake();
                return;
            }
            if (!state.compareAndSet(now, now + 1)) continue;
            runPart(next, worker);
            own++;
        }
    }

    private void runPart(int part, int worker) {
        try {
            Task current = task;
            if (current != null) current.runPart(part, worker);
        } catch (Throwable thrown) {
            failure.compareAndSet(null, thrown);
        }
    }

    private void awaitParts(int parts) {
        long spinUntil = System.nanoTime() + SPIN_NANOS;
        while (done.get() < parts) {
            if (System.nanoTime() < spinUntil) {
                Thread.onSpinWait();
                continue;
            }
            callerParking.parked = Thread.currentThread();
            if (done.get() < parts) LockSupport.park(this);
            callerParking.parked = null;
        }
    }

    private void work(int worker) {
        Parking own = parking[worker - 1];
        while (!closed) {
            takeParts(worker);
            long spinUntil = System.nanoTime() + SPIN_NANOS;
            while (!hasParts() && !closed && System.nanoTime() < spinUntil) Thread.onSpinWait();
            if (hasParts()) continue;
            own.parked = Thread.currentThread();
            if (!hasParts() && !closed) LockSupport.park(this);
            own.parked = null;
        }
    }

    private boolean hasParts() {
        long now = state.get();
        return ((int) now & PARTS_MAX) < ((int) (now >>> PARTS_BITS) & PARTS_MAX);
    }

    private static void rethrow(Throwable thrown) {
        if (thrown instanceof RuntimeException e) throw e;
        if (thrown instanceof Error e) throw e;
        throw new IllegalStateException(thrown);
    }

    /// Ends the threads and waits for them.
    @Override
    public void close() {
        closed = true;
        for (Thread worker : workers) LockSupport.unpark(worker);
        boolean interrupted = false;
        for (Thread worker : workers) {
            while (worker.isAlive()) {
                try {
                    worker.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) Thread.currentThread().interrupt();
    }
}
