package dev.redoubt.gateway;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.gateway.openai.ErrorBody;
import dev.redoubt.serve.schema.JsonBody;
import dev.redoubt.serve.schema.MessagePackBody;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.ServerWebSocket;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// The answer to one message of a WebSocket: any number of `{"item": …}`, then `{"end": true}` or
/// `{"error": {…}, "retry_after_ms": …}`.
final class SocketReply implements ReplySink {
    private static final Logger LOG = LoggerFactory.getLogger(SocketReply.class);
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private final SocketSession session;
    private final ServerWebSocket socket;
    private final RequestRecord record;
    private final boolean text;
    private final EdgeServices services;
    private Runnable whenGone = () -> {};
    private volatile boolean gone;

    /// @param text JSON; otherwise MessagePack
    SocketReply(SocketSession session, EdgeServices services, RequestRecord record, boolean text) {
        this.session = session;
        this.services = services;
        this.socket = session.socket();
        this.record = record;
        this.text = text;
    }

    @Override
    public Buffer encoded(JsonNode item) {
        return message(NODES.objectNode().set("item", item));
    }

    private Buffer message(JsonNode message) {
        return Buffer.buffer(text ? JsonBody.write(message) : MessagePackBody.write(message));
    }

    @Override
    public void write(List<Buffer> items) {
        if (gone || record.isOver()) return;
        for (Buffer item : items) {
            if (text) socket.writeTextMessage(item.toString());
            else socket.writeBinaryMessage(item);
        }
    }

    @Override
    public boolean full() {
        return !gone && !socket.isClosed() && socket.writeQueueFull();
    }

    @Override
    public void whenDrained(Runnable action) {
        socket.drainHandler(drained -> action.run());
    }

    @Override
    public void end() {
        write(List.of(message(NODES.objectNode().put("end", true))));
        over(200);
    }

    @Override
    public void fail(ServeException failure) {
        if (record.isOver()) return;
        record.failed(failure.code());
        boolean ours = failure.code().kind() == ErrorCode.Kind.INTERNAL;
        String error = ErrorBody.of(failure, ours ? Optional.of(record.id()) : Optional.empty());
        ObjectNode message = (ObjectNode) JsonMapper.shared().readTree(error);
        failure.retryAfter().ifPresent(wait -> message.put("retry_after_ms", wait.toMillis() + 1));
        write(List.of(message(message)));
        over(failure.code().status());
    }

    private void over(int status) {
        record.over(status);
        session.answered(this);
    }

    @Override
    public void fault(Throwable fault) {
        ServeException told = Exchange.told(fault, record.id());
        onEventLoop(() -> fail(told));
    }

    @Override
    public void drop() {
        record.failed(ErrorCode.SLOW_READER);
        session.cut();
    }

    /// The connection is closed.
    void left() {
        if (record.isOver()) return;
        stop();
        record.over(Exchange.CALLER_LEFT);
    }

    /// Whatever else the call gives is not wanted.
    void stop() {
        gone = true;
        whenGone.run();
    }

    @Override
    public boolean gone() {
        return gone;
    }

    @Override
    public void whenGone(Runnable action) {
        whenGone = action;
        if (gone) action.run();
    }

    @Override
    public void onEventLoop(Runnable action) {
        try {
            session.context().runOnContext(ignored -> action.run());
        } catch (RejectedExecutionException closed) {
            LOG.debug("request {} outlived the edge", record.id());
        }
    }
}
