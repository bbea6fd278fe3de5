package dev.redoubt.serve.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.serve.replica.Servant;
import dev.redoubt.serve.worker.hostile.Hostile;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WorkerTest {
    @TempDir
    Path folder;

    @Test
    void anAnswerComesFromAProcessOfItsOwn() throws Exception {
        try (Workers workers = new Workers(folder)) {
            long t = System.nanoTime();
            Servant servant = workers.start(Hostile.class);
            System.out.println("start ms " + (System.nanoTime() - t) / 1_000_000);
            assertThat(workers.ask(servant, "echo", "hello")).isEqualTo("hello");
            System.out.println(workers.runtime().confinements());
            for (int round = 0; round < 5; round++) {
                long[] times = new long[4000];
                for (int i = 0; i < times.length; i++) {
                    long b = System.nanoTime();
                    workers.ask(servant, "echo", "hello");
                    times[i] = System.nanoTime() - b;
                }
                java.util.Arrays.sort(times);
                System.out.println("p50 us " + times[times.length / 2] / 1000.0);
            }
            servant.close();
        }
    }
}
