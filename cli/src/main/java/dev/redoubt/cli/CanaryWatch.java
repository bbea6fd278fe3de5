package dev.redoubt.cli;

import dev.redoubt.base.ServeException;
import dev.redoubt.base.TimeSource;
import dev.redoubt.base.generation.ModelStats;
import dev.redoubt.engine.WatchedEngine;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Has every engine of a server read its reference text now and then, when it has nothing else to do (V6.2).
final class CanaryWatch implements AutoCloseable {
    /* One thread, one engine after the other. An engine that is never idle is read from anyway once it is late by a quarter of the
     * interval: the reading is one more request in its batch. */
    private static final Logger LOG = LoggerFactory.getLogger(CanaryWatch.class);
    private static final Duration LOOK_MAX = Duration.ofSeconds(5);

    private final ModelCanary canary;
    private final Duration every;
    private final TimeSource time;
    private final List<Watched> engines = new ArrayList<>(); // guarded by this
    private final Thread thread;

    /// @param onFailure told once, when it is withdrawn
    private record Watched(String application, WatchedEngine engine, Runnable onFailure, long dueNanos) {
        Watched dueAt(long nanos) {
            return new Watched(application, engine, onFailure, nanos);
        }
    }

    CanaryWatch(ModelCanary canary, Duration every, TimeSource time) {
        this.canary = canary;
        this.every = every;
        this.time = time;
        this.thread = Thread.ofPlatform().name("canary").daemon().unstarted(this::run);
    }

    CanaryWatch start() {
        thread.start();
        return this;
    }

    /// From now on, until it is closed. It has been read from just now.
    synchronized void add(String application, WatchedEngine engine, Runnable onFailure) {
        engines.add(new Watched(application, engine, onFailure, time.nanos() + every.toNanos()));
    }

    private void run() {
        long look = Math.min(LOOK_MAX.toMillis(), Math.max(1, every.toMillis() / 4));
        try {
            while (true) {
                Thread.sleep(look);
                round();
            }
        } catch (InterruptedException closed) {
            return;
        }
    }

    /// Reads from all that are due and idle, or late.
    void round() throws InterruptedException {
        for (Watched one : due()) read(one);
    }

    private synchronized List<Watched> due() {
        long now = time.nanos();
        return engines.stream()
                .filter(one -> now - one.dueNanos() >= (idle(one.engine()) ? 0 : every.toNanos() / 4))
                .toList();
    }

    private static boolean idle(WatchedEngine engine) {
        ModelStats stats = engine.stats();
        return stats.requestsRunning() + stats.requestsWaiting() == 0;
    }

    private void read(Watched one) throws InterruptedException {
        String model = one.engine().card().name();
        Duration next = every;
        try {
            canary.read(one.application(), one.engine())
                    .ifPresent(problem -> LOG.error("model {} is withdrawn (V6.2): {}", model, problem));
        } catch (ServeException refused) {
            next = every.dividedBy(16); // it has more to do than it may, or is closed
        } catch (IOException | RuntimeException e) {
            LOG.error("the canary of model {} could not be read, or not written down: {}", model, e.getMessage());
            next = every.dividedBy(16);
        }
        if (one.engine().closed() || one.engine().withdrawn()) drop(one);
        else again(one, next);
        if (one.engine().withdrawn()) one.onFailure().run();
    }

    private synchronized void again(Watched one, Duration in) {
        if (engines.remove(one)) engines.add(one.dueAt(time.nanos() + in.toNanos()));
    }

    private synchronized void drop(Watched one) {
        engines.remove(one);
    }

    @Override
    public void close() {
        thread.interrupt();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
