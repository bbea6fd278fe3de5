package dev.redoubt.cli;

import dev.redoubt.base.ServeException;
import dev.redoubt.base.TimeSource;
import dev.redoubt.base.generation.ModelStats;
import dev.redoubt.engine.Engine;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
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
    private record Watched(String application, Engine engine, Consumer<String> onFailure, long dueNanos) {
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
    synchronized void add(String application, Engine engine, Consumer<String> onFailure) {
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

    private static boolean idle(Engine engine) {
        ModelStats stats = engine.stats();
        return stats.requestsRunning() + stats.requestsWaiting() == 0;
    }

    private void read(Watched one) throws InterruptedException {
        try {
            Optional<String> problem = canary.read(one.application(), one.engine());
            if (problem.isEmpty()) again(one, every);
            else {
                LOG.error("model {} is withdrawn (V6.2): {}", one.engine().card().name(), problem.get());
                drop(one);
                one.onFailure().accept(problem.get());
            }
        } catch (ServeException refused) {
            if (one.engine().closed() || one.engine().withdrawn()) drop(one);
            else again(one, every.dividedBy(16)); // it has more to do than it may
        } catch (IOException | RuntimeException e) {
            LOG.error("the reference of model {} cannot be read: {}", one.engine().card().name(), e.getMessage());
            again(one, every.dividedBy(16));
        }
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
