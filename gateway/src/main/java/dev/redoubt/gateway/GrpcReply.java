package dev.redoubt.gateway;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import io.vertx.core.Context;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;

/// The reply to a call by gRPC: messages, and a status in the trailers. What a caller may see of a failure is what
/// HTTP shows of it.
final class GrpcReply implements ReplySink {
    private static final Logger LOG = LoggerFactory.getLogger(GrpcReply.class);
    private static final long NO_ERROR = 0; // of HTTP/2: what more is sent is not read, and nothing is wrong with that
    private static final long CANCEL = 8;

    private final EdgeServices services;
    private final HttpServerRequest request;
    private final HttpServerResponse response;
    private final RequestRecord record;
    private final Context context;
    private volatile BodyType bodyType = BodyType.JSON;
    private final Runnable whenOver;
    private Runnable whenGone = () -> {};
    private volatile boolean gone;

    /// @param whenOver run when the reply is complete or the caller has left, on the event loop
    GrpcReply(EdgeServices services, HttpServerRequest request, RequestRecord record, Runnable whenOver) {
        this.services = services;
        this.request = request;
        this.response = request.response();
        this.record = record;
        this.whenOver = whenOver;
        this.context = services.vertx().getOrCreateContext();
        response.setWriteQueueMaxSize(Exchange.WRITE_QUEUE_BYTES_MAX);
        response.closeHandler(closed -> left());
        response.exceptionHandler(broken -> {}); // told to closeHandler
        request.exceptionHandler(broken -> left());
        response.putHeader("content-type", "application/grpc");
        response.putHeader("x-request-id", record.id());
    }

    private void left() {
        if (record.isOver()) return;
        gone = true;
        whenGone.run();
        record.over(Exchange.CALLER_LEFT);
        whenOver.run();
    }

    /// Any thread, before there is an item.
    void answersIn(BodyType type) {
        bodyType = type;
    }

    @Override
    public Buffer encoded(JsonNode item) {
        BodyType answered = bodyType.answering(item);
        byte[] message = GrpcMessage.reply(answered.mediaType(), answered.write(item));
        return Buffer.buffer(GrpcBody.PREFIX_BYTES + message.length)
                .appendByte((byte) 0)
                .appendInt(message.length)
                .appendBytes(message);
    }

    @Override
    public void write(List<Buffer> items) {
        for (Buffer item : items) if (!record.isOver()) response.write(item);
    }

    @Override
    public boolean full() {
        return !record.isOver() && response.writeQueueFull();
    }

    @Override
    public void whenDrained(Runnable action) {
        response.drainHandler(drained -> action.run());
    }

    @Override
    public void end() {
        end(0, 200);
    }

    @Override
    public void fail(ServeException failure) {
        if (record.isOver()) return;
        ErrorCode code = failure.code();
        record.failed(code);
        response.putTrailer("grpc-message", encoded(failure.getMessage()));
        response.putTrailer("redoubt-code", code.wire());
        if (code.kind() == ErrorCode.Kind.INTERNAL) response.putTrailer("redoubt-error-id", record.id());
        failure.retryAfter()
                .ifPresent(wait -> response.putTrailer("retry-after-ms", Long.toString(wait.toMillis() + 1)));
        end(GrpcCode.of(code).number(), code.status());
    }

    private void end(int status, int httpStatus) {
        if (record.isOver()) return;
        record.over(httpStatus);
        whenOver.run();
        boolean unread = !request.isEnded();
        // what a reader does not take in time is not kept for it
        long timer = services.later(services.timeouts().unread(), () -> response.reset(CANCEL));
        response.putTrailer("grpc-status", Integer.toString(status)).end().onComplete(flushed -> {
            services.vertx().cancelTimer(timer);
            if (unread) response.reset(NO_ERROR);
        });
    }

    /// As the protocol has it: what is no printable ASCII, and `%`, as `%XX` of UTF-8.
    private static String encoded(String message) {
        StringBuilder text = new StringBuilder();
        for (byte b : message.getBytes(StandardCharsets.UTF_8))
            if (b < ' ' || b > '~' || b == '%')
                text.append('%').append(HexFormat.of().withUpperCase().toHexDigits(b));
            else text.append((char) b);
        return text.toString();
    }

    @Override
    public void fault(Throwable fault) {
        ServeException told = Exchange.told(fault, record.id());
        onEventLoop(() -> fail(told));
    }

    @Override
    public void drop() {
        record.failed(ErrorCode.SLOW_READER);
        left();
        response.reset(CANCEL);
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
            context.runOnContext(ignored -> action.run());
        } catch (RejectedExecutionException closed) {
            LOG.debug("request {} outlived the edge", record.id());
        }
    }
}
