package dev.redoubt.gateway;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.gateway.ApplicationCall.Asked;
import dev.redoubt.policy.Principal;
import dev.redoubt.serve.control.Ingress;
import io.netty.handler.codec.http.websocketx.CorruptedWebSocketFrameException;
import io.vertx.core.Context;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.ServerWebSocket;
import io.vertx.core.http.WebSocketFrame;
import io.vertx.core.internal.http.WebSocketInternal;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// One WebSocket, over which an application is called: a message is an input, answered by its items and an end
/// ([SocketReply]); then comes the next. A message of text is JSON, a binary one is MessagePack, and the answer is what
/// the message was.
final class SocketSession {
    /* Everything here belongs to the connection's event loop. Bytes of a message that is not complete are part of the same
     * budget as those of bodies. Only whole messages are a sign of life: pings keep nothing open. What breaks a rule ends the
     * connection, after a word; what is wrong with one input does not. */
    private static final short GOING_AWAY = 1001;
    private static final short PROTOCOL_ERROR = 1002;
    private static final short POLICY = 1008;
    private static final short TOO_BIG = 1009;
    private static final short TRY_AGAIN = 1013;

    private final WebSockets sockets;
    private final EdgeServices services;
    private final ServerWebSocket socket;
    private final HttpServerRequest request;
    private final String application;
    private final Context context;
    private final BodyBudget.Share share;

    private Optional<SocketReply> running = Optional.empty();
    private @Nullable Buffer message; // as much of it as there is
    private boolean text;
    private boolean closing;
    private long timer = -1; // 0 is one like any other

    SocketSession(
            WebSockets sockets,
            EdgeServices services,
            ServerWebSocket socket,
            HttpServerRequest request,
            String application) {
        this.sockets = sockets;
        this.services = services;
        this.socket = socket;
        this.request = request;
        this.application = application;
        this.share = services.bodies().of(application);
        this.context = services.vertx().getOrCreateContext();
    }

    /// @param closed what to do at its end
    void begin(Runnable closed) {
        GuardedTransport.replaceGuard(
                ((WebSocketInternal) socket).channelHandlerContext().pipeline(), new FrameCounter(share));
        socket.setWriteQueueMaxSize(Exchange.WRITE_QUEUE_BYTES_MAX);
        socket.exceptionHandler(broken -> close(why(broken))); // a frame that is none; ends are told to closeHandler
        socket.closeHandler(ended -> {
            services.vertx().cancelTimer(timer);
            drop(message);
            message = null;
            running.ifPresent(SocketReply::left);
            closed.run();
        });
        socket.frameHandler(this::frame);
        idle();
    }

    /// Takes no more messages, and ends when the last one is answered. Any thread.
    void leave() {
        context.runOnContext(ignored -> {
            closing = true;
            if (running.isEmpty()) close(GOING_AWAY);
        });
    }

    private void idle() {
        expect(services.timeouts().keepAlive(), () -> close(GOING_AWAY));
    }

    private void expect(Duration within, Runnable otherwise) {
        services.vertx().cancelTimer(timer);
        timer = services.later(within, otherwise);
    }

    private static short why(Throwable broken) {
        return broken instanceof CorruptedWebSocketFrameException frame
                ? (short) frame.closeStatus().code()
                : PROTOCOL_ERROR;
    }

    private void close(short why) {
        closing = true;
        socket.close(why);
    }

    private void frame(WebSocketFrame frame) {
        boolean data = frame.isText() || frame.isBinary() || frame.isContinuation();
        if (!data || closing) return;
        Buffer before = message;
        if (before == null) {
            text = frame.isText();
            before = Buffer.buffer();
            message = before;
            if (running.isEmpty()) expect(services.timeouts().body(), () -> refuse(late(), POLICY));
        }
        if (running.isPresent()) { // one at a time
            refuse(ServeException.of(ErrorCode.QUEUE_FULL, 1, 1), POLICY);
            return;
        }
        Buffer part = frame.binaryData();
        long limit = services.limits().bodyBytesMax();
        if (before.length() + (long) part.length() > limit) {
            refuse(ServeException.of(ErrorCode.BODY_TOO_LARGE, limit), TOO_BIG);
            return;
        }
        try {
            share.take(part.length());
        } catch (ServeException noRoom) {
            refuse(noRoom, TRY_AGAIN);
            return;
        }
        before.appendBuffer(part);
        if (frame.isFinal()) whole(before);
    }

    private ServeException late() {
        return ServeException.of(
                ErrorCode.REQUEST_TIMEOUT, services.timeouts().body().toMillis() / 1e3);
    }

    /// Says why and ends.
    private void refuse(ServeException why, short code) {
        drop(message);
        message = null;
        Optional<SocketReply> cut = running;
        cut.orElseGet(() -> new SocketReply(this, services, record(), text)).fail(why);
        cut.ifPresent(SocketReply::stop);
        close(code);
    }

    private void drop(@Nullable Buffer part) {
        if (part != null) share.give(part.length());
    }

    private RequestRecord record() {
        RequestRecord record = new RequestRecord(services, "WEBSOCKET", socket.remoteAddress());
        record.routed(ApplicationRoutes.SELF);
        return record;
    }

    private void whole(Buffer body) {
        message = null;
        services.vertx().cancelTimer(timer);
        RequestRecord record = record();
        SocketReply reply = new SocketReply(this, services, record, text);
        running = Optional.of(reply);
        record.hasBody(share, body.length());
        try {
            Principal caller = sockets.caller(request, application);
            record.authenticated(caller);
            sockets.admission().checkOpen();
            record.admitted(sockets.admission().admit(caller));
            Ingress ingress = sockets.ingress(application);
            BodyType type = text ? BodyType.JSON : BodyType.MESSAGE_PACK;
            Runnable call = () -> call(reply, record, ingress, type, body.getBytes());
            Runnable after = () -> {};
            if (body.length() <= Workers.SMALL_BODY_BYTES_MAX) Workers.runHere(reply, call, after);
            else services.workers().run(reply, call, after);
        } catch (ServeException refusal) {
            reply.fail(refusal);
            if (refusal.code().kind() == ErrorCode.Kind.DENIED) close(POLICY);
        }
    }

    private void call(SocketReply reply, RequestRecord record, Ingress ingress, BodyType type, byte[] body) {
        JsonNode input = services.decoding()
                .read(record, type, request.headers(), ingress.face().input(), body);
        long deadline = record.startNanos() + services.limits().requestTimeout().toNanos();
        new ApplicationCall(services, reply, ingress)
                .start(
                        input,
                        new Asked(record.id(), record.principal(), deadline, ApplicationCall.model(request.headers())));
    }

    // ---- for the reply

    /// The message is answered: the next may come.
    void answered(SocketReply reply) {
        if (running.filter(reply::equals).isEmpty()) return;
        running = Optional.empty();
        if (closing) close(GOING_AWAY);
        else idle();
    }

    ServerWebSocket socket() {
        return socket;
    }

    Context context() {
        return context;
    }

    /// At once, without a word.
    void cut() {
        ((WebSocketInternal) socket).channelHandlerContext().close();
    }
}
