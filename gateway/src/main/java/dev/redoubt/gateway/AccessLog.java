package dev.redoubt.gateway;

import dev.redoubt.gateway.openai.JsonWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One JSON line for each request on the logger `redoubt.access`; always on (R1.8). It holds who, what and how
/// long, never a prompt, an output, a key, a query or a header (V1.6).
final class AccessLog implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger("redoubt.access");
    private static final int QUEUE_MAX = 8192;
    /// How long lines gather before they are written together.
    private static final Duration LINGER = Duration.ofMillis(2);

    private static final Duration CLOSE = Duration.ofSeconds(2);
    private static final Line END = new Line(Instant.EPOCH, "", "", "", "", "", 0, "", 0, 0, 0);

    /* An appender may block on a disk or a pipe, and an event loop must not. No line is dropped: where the queue is full the
     * caller writes its line itself, which slows callers down rather than lose evidence. The writer lingers, since waking a
     * thread that waits costs an event loop more than everything else here. */
    private final ArrayBlockingQueue<Line> queue = new ArrayBlockingQueue<>(QUEUE_MAX);
    private final Thread writer =
            Thread.ofPlatform().name("access-log").daemon().start(this::writeAll);

    /// @param keyId empty where nobody was authenticated; the same for application
    /// @param route a template of the table or `unmatched`
    /// @param status 499 where the caller left first
    record Line(
            Instant time,
            String requestId,
            String keyId,
            String application,
            String method,
            String route,
            int status,
            String error,
            long micros,
            int promptTokens,
            int completionTokens) {}

    void write(Line line) {
        if (!queue.offer(line)) LOG.info(json(line));
    }

    private void writeAll() {
        List<Line> lines = new ArrayList<>();
        try {
            while (true) {
                lines.add(queue.take());
                queue.drainTo(lines);
                for (Line line : lines) {
                    if (line.equals(END)) return;
                    LOG.info(json(line));
                }
                lines.clear();
                Thread.sleep(LINGER);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    static String json(Line line) {
        JsonWriter json = new JsonWriter().beginObject();
        json.name("time").value(line.time().toString()).name("request_id").value(line.requestId());
        json.name("key_id").value(line.keyId()).name("application").value(line.application());
        json.name("method").value(line.method()).name("route").value(line.route());
        json.name("status").value(line.status()).name("error").value(line.error());
        json.name("duration_us").value(line.micros());
        json.name("prompt_tokens").value(line.promptTokens());
        json.name("completion_tokens").value(line.completionTokens());
        return json.endObject().toString();
    }

    /// Waits a bounded time for what is not written yet.
    @Override
    public void close() {
        try {
            if (queue.offer(END, CLOSE.toMillis(), TimeUnit.MILLISECONDS)) writer.join(CLOSE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
