package dev.redoubt.serve.control;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The thread that steps a [Controller]: at each tick, and when there is news.
final class ControllerThread {
    private static final Logger LOG = LoggerFactory.getLogger(ControllerThread.class);

    private final Controller controller;
    private final long tickNanos;
    private final Thread thread =
            Thread.ofPlatform().daemon().name("platform-controller").unstarted(this::run);
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition news = lock.newCondition(); // for the thread
    private final Condition stepped = lock.newCondition(); // for those who wait

    // guarded by lock
    private boolean woken;
    private boolean closing;

    /// @param controller made with the way to wake it
    ControllerThread(Function<Runnable, Controller> controller, Duration tick) {
        this.controller = controller.apply(this::wake);
        this.tickNanos = tick.toNanos();
    }

    Controller controller() {
        return controller;
    }

    void start() {
        thread.start();
    }

    private void wake() {
        lock.lock();
        try {
            woken = true;
            news.signal();
        } finally {
            lock.unlock();
        }
    }

    private void run() {
        boolean leaving = false;
        while (!(leaving && controller.isEmpty())) {
            try {
                controller.step();
            } catch (RuntimeException e) { // a bug of ours: the next step may do better, and replicas go on
                LOG.error("a step of the controller failed", e);
            }
            if (rest() && !leaving) {
                leaving = true;
                controller.leave();
            }
        }
        lock.lock();
        try {
            stepped.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// Waits for news or the next tick.
    ///
    /// @return whether the platform is closing
    private boolean rest() {
        lock.lock();
        try {
            stepped.signalAll();
            long left = tickNanos;
            while (!woken && left > 0) left = news.awaitNanos(left);
            woken = false;
            return closing;
        } catch (InterruptedException e) { // nobody does: taken for the end
            closing = true;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /// Waits until `found` has something, looking after each step.
    ///
    /// @param untilNanos on the machine's clock
    /// @param otherwise what is given when the time is over
    <T> T await(long untilNanos, Supplier<Optional<T>> found, Supplier<T> otherwise) throws InterruptedException {
        lock.lock();
        try {
            while (true) {
                Optional<T> now = found.get();
                if (now.isPresent()) return now.get();
                long left = untilNanos - System.nanoTime();
                if (left <= 0 || !thread.isAlive()) return otherwise.get();
                stepped.awaitNanos(left);
            }
        } finally {
            lock.unlock();
        }
    }

    /// Drains and stops all replicas, and ends the thread; in bounded time.
    void drain() {
        if (!thread.isAlive()) return;
        lock.lock();
        try {
            closing = true;
            woken = true;
            news.signal();
        } finally {
            lock.unlock();
        }
        try {
            thread.join(controller.drainMax().plus(Duration.ofSeconds(10)));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (!thread.isAlive()) return;
        LOG.warn("replicas have not stopped in time: they are left behind");
        controller.driver().close();
    }
}
