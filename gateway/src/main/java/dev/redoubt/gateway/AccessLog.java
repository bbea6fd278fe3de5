package dev.redoubt.gateway;

import dev.redoubt.gateway.openai.JsonWriter;
import java.time.Instant;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One JSON line for each request on the logger `redoubt.access`; always on (R1.8). It holds who, what and how
/// long, never a prompt, an output, a key, a query or a header (V1.6).
final class AccessLog implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger("redoubt.access");
    private static final int QUEUE_MAX = 8192;

    /* An appender may block on a disk or a pipe, and an event loop must not. No line is dropped: where the queue is full the
     * caller writes its line itself, which slows callers down rather than lose evidence. */
    private final ThreadPoolExecutor writer = new ThreadPoolExecutor(
            1,
            1,
            0,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(QUEUE_MAX),
            Thread.ofPlatform().name("access-log").daemon().factory(),
            new ThreadPoolExecutor.CallerRunsPolicy());

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
        writer.execute(() -> LOG.info(json(line)));
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

    @Override
    public void close() {
        writer.shutdown();
        try {
            writer.awaitTermination(2, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
