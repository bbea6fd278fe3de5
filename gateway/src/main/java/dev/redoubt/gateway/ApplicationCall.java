package dev.redoubt.gateway;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.gateway.openai.ErrorBody;
import dev.redoubt.policy.Principal;
import dev.redoubt.serve.Call;
import dev.redoubt.serve.Cancellation;
import dev.redoubt.serve.control.Ingress;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.replica.ReplyListener;
import dev.redoubt.serve.schema.JsonBody;
import dev.redoubt.serve.schema.MessagePackBody;
import dev.redoubt.serve.schema.SafetensorsBody;
import dev.redoubt.serve.schema.SchemaCheck;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// One call of an application's ingress, from its body to the last byte of the reply.
final class ApplicationCall implements ReplyListener {
    /* Threads. `start` runs where the body was read, often an event loop, and gives the call to a router, which starts it there or later: no
     * replica makes anybody wait for that. To take it back has a virtual thread of its own. The listener's methods run on threads of the
     * replica; what touches the exchange hops to its event loop.
     *
     * Slow readers. `next` of a stream takes one of a few permits, which comes back when the item is with the socket and its
     * write queue is not full. So a handler makes no more than its reader takes, and whoever takes nothing for long is dropped.
     *
     * Ends. A call ends once: completed, failed, or by the caller's leaving, which cancels it. */
    private static final String MODEL_HEADER = "X-Model-Id";
    private static final String MODEL_SHAPE = "1 to 63 characters of a-z, 0-9 and -";
    private static final Pattern MODEL = Pattern.compile("[a-z0-9-]{1,63}");
    private static final int ITEMS_MAX = 32; // made, and not yet with the socket

    private final Exchange exchange;
    private final Ingress ingress;
    private final boolean streams;
    private final BodyType replyType;
    private final Cancellation cancellation = new Cancellation();
    private final Semaphore room = new Semaphore(ITEMS_MAX);
    private final EventBatch events = new EventBatch();
    private int waiting; // permits that come back when the reader does; of the event loop
    private @Nullable JsonNode output; // of a call that does not stream; written before completed(), read in it

    ApplicationCall(Exchange exchange, Ingress ingress) {
        this.exchange = exchange;
        this.ingress = ingress;
        this.streams = ingress.face().streams();
        this.replyType = replyType(exchange.request().getHeader("Accept"));
    }

    /// What the caller asks for by its one word, where that is one we write; JSON otherwise.
    private static BodyType replyType(@Nullable String accept) {
        Optional<BodyType> asked = accept == null ? Optional.empty() : BodyType.of(accept);
        return asked.filter(type -> type != BodyType.TENSOR).orElse(BodyType.JSON);
    }

    /// @throws ServeException if the body is not what the ingress takes; nothing was called then
    void start(BodyType type, byte[] body) {
        JsonNode input = exchange.services()
                .decoding()
                .read(type, exchange.request().headers(), ingress.face().input(), body);
        SchemaCheck.check(ingress.face().input(), input);
        Call call = call();
        exchange.onEventLoop(() -> exchange.whenGone(this::left));
        ingress.call(new Payload.Tree(input), call, this);
    }

    private void apart(Runnable work) {
        Thread.ofVirtual().name("application-call").start(() -> {
            try {
                work.run();
            } catch (RuntimeException | Error fault) {
                exchange.fail(fault);
            }
        });
    }

    private Call call() {
        Principal principal = exchange.principal();
        long limit = exchange.services().limits().requestTimeout().toNanos();
        return new Call(
                exchange.id(),
                principal.application(),
                principal.keyId(),
                exchange.startNanos() + limit,
                model(exchange.request().getHeader(MODEL_HEADER)),
                cancellation);
    }

    private static Optional<String> model(@Nullable String id) {
        if (id != null && !MODEL.matcher(id).matches())
            throw ServeException.ofField(ErrorCode.WRONG_TYPE, MODEL_HEADER, MODEL_HEADER, MODEL_SHAPE);
        return Optional.ofNullable(id);
    }

    private void left() {
        apart(cancellation::cancel);
        room.release(ITEMS_MAX); // whoever waits in next() sees that it is cancelled
    }

    @Override
    public void next(Payload item) {
        JsonNode tree = item.tree();
        if (!streams) {
            output = tree;
            return;
        }
        String event = "data: " + new String(JsonBody.write(tree), StandardCharsets.UTF_8) + "\n\n";
        room.acquireUninterruptibly();
        if (cancellation.cancelled() || exchange.gone()) throw ServeException.of(ErrorCode.CANCELLED);
        if (events.add(event)) exchange.onEventLoop(this::write);
    }

    private void write() {
        EventBatch.Taken batch = events.take();
        exchange.beginEvents();
        exchange.write(batch.text());
        if (!exchange.writeQueueFull()) {
            room.release(batch.events());
            return;
        }
        boolean full = waiting > 0;
        waiting += batch.events();
        if (full) return;
        long timer = exchange.later(exchange.services().timeouts().stalledReader(), this::dropReader);
        exchange.whenDrained(() -> {
            exchange.services().vertx().cancelTimer(timer);
            room.release(waiting);
            waiting = 0;
        });
    }

    private void dropReader() {
        left();
        exchange.abort(ErrorCode.SLOW_READER);
    }

    @Override
    public void completed() {
        JsonNode whole = output;
        if (streams) exchange.onEventLoop(() -> end("data: [DONE]\n\n", Optional.empty()));
        else if (whole != null) exchange.reply(200, replyType.mediaType(), encoded(whole));
        else failed(exchange.internal(new IllegalStateException("a call completed without an output")));
    }

    private byte[] encoded(JsonNode whole) {
        return switch (replyType) {
            case MESSAGE_PACK -> MessagePackBody.write(whole);
            case SAFETENSORS -> SafetensorsBody.write(whole);
            case JSON, TENSOR -> JsonBody.write(whole);
        };
    }

    @Override
    public void failed(ServeException failure) {
        exchange.onEventLoop(() -> {
            if (streams && exchange.answered())
                end("data: " + ErrorBody.of(failure, exchange.errorId(failure)) + "\n\n", Optional.of(failure));
            else exchange.refuse(failure);
        });
    }

    private void end(String events, Optional<ServeException> failure) {
        exchange.beginEvents();
        exchange.endEvents(events, failure);
    }
}
