package dev.redoubt.gateway;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.gateway.openai.ErrorBody;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.schema.JsonBody;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/// The reply to a call over HTTP: one body, or a stream whose form the caller chooses by `Accept`.
final class HttpReply implements ReplySink {
    /* A stream that fails has begun with 200. Events end with `[DONE]` only where all is well. Lines have no such word, so after
     * the line with the error the connection ends without the last chunk: to HTTP itself the reply is incomplete. */
    static final String LINES_TYPE = "application/x-ndjson";

    private static final byte[] BEFORE = "data: ".getBytes(StandardCharsets.UTF_8); // an event's
    private static final byte[] BEHIND = "\n\n".getBytes(StandardCharsets.UTF_8);

    private final Exchange exchange;
    private final boolean streams;
    private final boolean lines;
    private final BodyType bodyType;

    HttpReply(Exchange exchange, Interface face) {
        this.exchange = exchange;
        this.streams = face.streams();
        MultiMap headers = exchange.request().headers();
        this.lines = streams && Accept.choice(headers, HttpReply::streamed, false);
        this.bodyType = streams ? BodyType.JSON : Accept.choice(headers, type -> whole(face, type), BodyType.JSON);
    }

    /// @return whether lines are what it names; empty: it is no form of a stream
    private static Optional<Boolean> streamed(String type) {
        return switch (type) {
            case "text/event-stream", "text/*" -> Optional.of(false);
            case LINES_TYPE, "application/*" -> Optional.of(true);
            default -> Optional.empty();
        };
    }

    private static Optional<BodyType> whole(Interface face, String type) {
        if (type.equals("application/*")) return Optional.of(BodyType.JSON);
        return BodyType.of(type).filter(BodyType.given(face.output())::contains);
    }

    @Override
    public Buffer encoded(JsonNode item) {
        byte[] json = JsonBody.write(item);
        return lines ? Buffer.buffer(json.length + 1).appendBytes(json).appendByte((byte) '\n') : event(json);
    }

    private static Buffer event(String data) {
        return event(data.getBytes(StandardCharsets.UTF_8));
    }

    private static Buffer event(byte[] data) {
        return Buffer.buffer(BEFORE.length + data.length + BEHIND.length)
                .appendBytes(BEFORE)
                .appendBytes(data)
                .appendBytes(BEHIND);
    }

    @Override
    public void write(List<Buffer> items) {
        begin();
        Buffer all = items.getFirst();
        if (items.size() > 1) {
            all = Buffer.buffer();
            for (Buffer item : items) all.appendBuffer(item);
        }
        exchange.write(all);
    }

    private void begin() {
        exchange.beginStream(lines ? LINES_TYPE : Exchange.EVENT_STREAM);
    }

    @Override
    public boolean full() {
        return exchange.writeQueueFull();
    }

    @Override
    public void whenDrained(Runnable action) {
        exchange.whenDrained(action);
    }

    @Override
    public void reply(JsonNode output) {
        BodyType type = bodyType.answering(output);
        exchange.reply(200, type.mediaType(), type.write(output));
    }

    @Override
    public void end() {
        begin();
        exchange.endStream(lines ? Buffer.buffer() : event("[DONE]"), Optional.empty());
    }

    @Override
    public void fail(ServeException failure) {
        if (!streams || !exchange.answered()) {
            exchange.refuse(failure);
            return;
        }
        String error = ErrorBody.of(failure, exchange.errorId(failure));
        if (lines) exchange.breakOff(Buffer.buffer(error + "\n"), failure);
        else exchange.endStream(event(error), Optional.of(failure));
    }

    @Override
    public void fault(Throwable fault) {
        ServeException told = exchange.told(fault);
        exchange.onEventLoop(() -> fail(told));
    }

    @Override
    public void drop() {
        exchange.abort(ErrorCode.SLOW_READER);
    }

    @Override
    public boolean gone() {
        return exchange.gone();
    }

    @Override
    public void whenGone(Runnable action) {
        exchange.whenGone(action);
    }

    @Override
    public void onEventLoop(Runnable action) {
        exchange.onEventLoop(action);
    }
}
