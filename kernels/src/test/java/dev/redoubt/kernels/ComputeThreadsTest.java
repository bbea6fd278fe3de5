package dev.redoubt.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ComputeThreadsTest {
    @Test
    void everyPartRunsExactlyOnceInEveryRegion() {
        for (int threads = 1; threads <= 4; threads++) {
            try (ComputeThreads pool = new ComputeThreads(threads)) {
                for (int region = 0; region < 2000; region++) {
                    int parts = region % 7;
                    AtomicIntegerArray runs = new AtomicIntegerArray(7);
                    pool.run(parts, (part, worker) -> runs.incrementAndGet(part));
                    for (int part = 0; part < 7; part++)
                        assertThat(runs.get(part)).isEqualTo(part < parts ? 1 : 0);
                }
            }
        }
    }

    @Test
    void partsRunOnDifferentThreadsAtTheSameTime() {
        try (ComputeThreads pool = new ComputeThreads(3)) {
            CountDownLatch all = new CountDownLatch(3);
            Set<Integer> workers = ConcurrentHashMap.newKeySet();
            pool.run(3, (part, worker) -> {
                workers.add(worker);
                all.countDown();
                await(all);
            });
            assertThat(workers).containsExactlyInAnyOrder(0, 1, 2);
        }
    }

    @Test
    void anExceptionOfAnyThreadReachesTheCallerAndThePoolGoesOn() {
        try (ComputeThreads pool = new ComputeThreads(2)) {
            AtomicInteger finished = new AtomicInteger();
            for (int bad = 0; bad < 8; bad++) {
                int failing = bad;
                assertThatThrownBy(() -> pool.run(8, (part, worker) -> {
                            if (part == failing) throw new IllegalStateException("part " + part);
                            finished.incrementAndGet();
                        }))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessage("part " + failing);
            }
            assertThat(finished).hasValue(8 * 7);
        }
    }

    @Test
    void closeEndsTheThreadsAndLaterCallsFail() {
        ComputeThreads pool = new ComputeThreads(3);
        Set<Thread> mine = Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("redoubt-compute-"))
                .collect(Collectors.toSet());
        assertThat(mine).hasSize(2).allMatch(Thread::isDaemon);
        pool.close();
        pool.close();
        assertThat(mine).noneMatch(Thread::isAlive);
        assertThatThrownBy(() -> pool.run(2, (part, worker) -> {})).hasMessage("compute threads are closed");
    }

    @Test
    void forEachRunsEveryPart() {
        try (Compute compute = Compute.open("auto", 2, 1, 32)) {
            AtomicIntegerArray runs = new AtomicIntegerArray(100);
            compute.forEach(100, (part, worker) -> runs.addAndGet(part, 1 + worker / compute.threads()));
            for (int part = 0; part < 100; part++) assertThat(runs.get(part)).isEqualTo(1);
            assertThat(compute.description()).matches("(native|vector) [(].*[)]");
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
