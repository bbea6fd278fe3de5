package dev.redoubt.gateway;

import dev.redoubt.gateway.openai.JsonWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One JSON line for each request on the logger `redoubt.access`; always on (R1.8). It holds who, what and how
/// long, never a prompt, an output, a key, a query or a header (V1.6).
final class AccessLog implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger("redoubt.access");
    private static final int QUEUE_MAX = 8192;
    /// How long lines gather before they are written together.
    private static final Duration LINGER = Duration.ofMillis(2);

    /// Lines that gathered go to the logger together, up to about as much: a call of the system for each line would
    /// cost as much as all else here.
    private static final int TEXT_LENGTH_MAX = 3600;
    private static final int LINE_LENGTH = 400; // most are shorter

    private static final Duration CLOSE = Duration.ofSeconds(2);
    private static final Line END = new Line(Instant.EPOCH, "", "", "", "", "", 0, "", 0, 0, 0);

    /* An appender may block on a disk or a pipe, and an event loop must not. No line is dropped: where the queue is full the
     * caller writes its line itself, which slows callers down rather than lose evidence. The writer lingers, since waking a
     * thread that waits costs an event loop more than everything else here. */
    private final ArrayBlockingQueue<Line> queue = new ArrayBlockingQueue<>(QUEUE_MAX);
    private final Consumer<String> out;
    private final StringBuilder text = new StringBuilder(TEXT_LENGTH_MAX + LINE_LENGTH); // the writer's
    private final Thread writer =
            Thread.ofPlatform().name("access-log").daemon().unstarted(this::writeAll);

    AccessLog() {
        this(LOG::info);
    }

    /// @param out takes one line or several, without the last line's end
    AccessLog(Consumer<String> out) {
        this.out = out;
        writer.start();
    }

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
        if (!queue.offer(line)) out.accept(json(line));
    }

    private void writeAll() {
        List<Line> lines = new ArrayList<>();
        try {
            while (true) {
                lines.add(queue.take());
                queue.drainTo(lines);
                boolean end = write(lines);
                lines.clear();
                if (end) return;
                Thread.sleep(LINGER);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// @return whether the last one was [#END]
    private boolean write(List<Line> lines) {
        for (Line line : lines) {
            if (line.equals(END)) {
                writeText();
                return true;
            }
            if (!text.isEmpty()) text.append('\n');
            json(line, text);
            if (text.length() >= TEXT_LENGTH_MAX) writeText();
        }
        writeText();
        return false;
    }

    private void writeText() {
        if (text.isEmpty()) return;
        out.accept(text.toString());
        text.setLength(0);
    }

    static String json(Line line) {
        StringBuilder one = new StringBuilder(LINE_LENGTH);
        json(line, one);
        return one.toString();
    }

    private static void json(Line line, StringBuilder out) {
        JsonWriter json = new JsonWriter(out).beginObject();
        json.name("time").value(line.time().toString()).name("request_id").value(line.requestId());
        json.name("key_id").value(line.keyId()).name("application").value(line.application());
        json.name("method").value(line.method()).name("route").value(line.route());
        json.name("status").value(line.status()).name("error").value(line.error());
        json.name("duration_us").value(line.micros());
        json.name("prompt_tokens").value(line.promptTokens());
        json.name("completion_tokens").value(line.completionTokens());
        JsonWriter ignored = json.endObject();
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
