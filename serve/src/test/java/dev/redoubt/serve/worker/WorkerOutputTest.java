package dev.redoubt.serve.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.serve.replica.Servant;
import dev.redoubt.serve.worker.hostile.Hostile;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class WorkerOutputTest {
    @TempDir
    private Path folder;

    private static WorkerOutput of(String text) {
        return new WorkerOutput(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void whatIsPrintedComesInLinesOfPlainCharacters() {
        WorkerOutput output = of("one\r\n\u001b[31mred\n\tat no end");
        assertThat(output.lines(false)).containsExactly("one", "?[31mred");
        assertThat(output.lines(true)).containsExactly(" at no end");
        assertThat(output.lines(true)).isEmpty();
    }

    @Test
    void linesAndTheirNumberAreBounded() {
        assertThat(of("x".repeat(10_000) + "\n").lines(false)).containsExactly("x".repeat(500));
        List<String> lines = of("x\n".repeat(1000)).lines(false);
        assertThat(lines).hasSize(101).startsWith("(900 lines are left out)");
    }

    @Test
    void aReplicasOutputIsToldAndDrownsNobody() throws Exception {
        List<String> told = new CopyOnWriteArrayList<>();
        try (Workers workers = new Workers(folder)) {
            workers.runtime()
                    .outputTo((application, deployment, replica, line) ->
                            told.add(application + " " + deployment + " " + replica + ": " + line));
            Servant servant = workers.start(Hostile.class);
            assertThat(workers.ask(servant, "print", "hello \u001b\u00e9")).isEqualTo("printed");
            servant.close();
            long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
            while (told.stream().noneMatch(line -> line.endsWith("without an end")) && System.nanoTime() < end)
                Thread.onSpinWait();
        }
        assertThat(told).allMatch(line -> line.startsWith("shop Hostile shop-Hostile-1: "));
        assertThat(told).anyMatch(line -> line.contains("hello ??"));
        assertThat(told).anyMatch(line -> line.contains("lines are left out"));
        assertThat(told.getLast()).endsWith("without an end");
        assertThat(told).hasSizeLessThan(20_000);
    }
}
