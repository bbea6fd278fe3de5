package dev.redoubt.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class AccessLogTest {
    private final List<String> texts = new CopyOnWriteArrayList<>();

    private static AccessLog.Line line(int number) {
        return new AccessLog.Line(
                Instant.EPOCH, "id-" + number, "key_1", "app", "POST", "/{application}", 200, "", number, 0, 0);
    }

    @Test
    void R1_8_everyRequestHasItsLineInItsOrderThoughManyAreWrittenTogether() {
        int count = 12_000; // more than there is room for: some may be written by whoever has them
        try (AccessLog log = new AccessLog(texts::add)) {
            for (int i = 0; i < count; i++) log.write(line(i));
        }
        List<String> lines = texts.stream().flatMap(String::lines).toList();
        assertThat(lines)
                .containsExactlyInAnyOrderElementsOf(IntStream.range(0, count)
                        .mapToObj(i -> AccessLog.json(line(i)))
                        .toList());
        assertThat(texts).as("calls of the logger").hasSizeLessThan(count / 2);
        assertThat(texts).as("whole in a pipe").allMatch(text -> text.length() < 4096);
    }

    @Test
    void aLineDoesNotWaitForOthers() throws InterruptedException {
        BlockingQueue<String> written = new LinkedBlockingQueue<>();
        try (AccessLog log = new AccessLog(written::add)) {
            log.write(line(1));
            assertThat(written.poll(10, TimeUnit.SECONDS)).isEqualTo(AccessLog.json(line(1)));
        }
    }
}
