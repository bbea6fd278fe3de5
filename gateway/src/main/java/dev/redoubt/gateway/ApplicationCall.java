package dev.redoubt.gateway;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.policy.Principal;
import dev.redoubt.serve.Call;
import dev.redoubt.serve.Cancellation;
import dev.redoubt.serve.control.Ingress;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.replica.ReplyListener;
import dev.redoubt.serve.replica.Turn;
import dev.redoubt.serve.schema.SchemaCheck;
import io.vertx.core.Context;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// One call of an application's ingress, from its input to the last byte of the reply.
final class ApplicationCall implements ReplyListener {
    /* Threads. `start` runs where the body was read, often an event loop, and gives the call to a router, which starts it there or later: no
     * replica makes anybody wait for that. To take it back has a virtual thread of its own. The listener's methods run on threads of the
     * replica; what touches the connection hops to its event loop.
     *
     * Slow readers. `next` of a stream takes one of a few permits, or more for a large item, which come back when the item is with the
     * socket and its write queue is not full. So a handler makes no more than its reader takes, and whoever takes nothing for long is dropped.
     *
     * Ends. A call ends once: completed, failed, or by the caller's leaving, which cancels it. */
    static final String MODEL_HEADER = "X-Model-Id";
    private static final String MODEL_SHAPE = "1 to 63 characters of a-z, 0-9 and -";
    static final Pattern MODEL = Pattern.compile("[a-z0-9-]{1,63}");
    private static final int ROOM = 32; // items made, and not yet with the socket
    private static final int ITEM_BYTES = 64 << 10; // a larger one takes the room of several

    private final EdgeServices services;
    private final ReplySink sink;
    private final Ingress ingress;
    private final boolean streams;
    private final Cancellation cancellation = new Cancellation();
    private final Semaphore room = new Semaphore(ROOM);
    private final ItemBatch items = new ItemBatch();
    private volatile boolean unwanted; // nobody is there to take more
    private int waiting; // permits that come back when the reader does; of the event loop
    private @Nullable JsonNode output; // of a call that does not stream; written before completed(), read in it

    ApplicationCall(EdgeServices services, ReplySink sink, Ingress ingress) {
        this.services = services;
        this.sink = sink;
        this.ingress = ingress;
        this.streams = ingress.face().streams();
    }

    /// Who asks, and until when.
    ///
    /// @param requestId the one in logs
    /// @param model which of many models of one deployment, as the caller says it
    record Asked(
            String requestId,
            Principal caller,
            long deadlineNanos,
            @Nullable String model) {}

    /// @throws ServeException if the input is not what the ingress takes; nothing was called then
    void start(JsonNode input, Asked asked) {
        SchemaCheck.check(ingress.face().input(), input);
        Call call = new Call(
                asked.requestId(),
                asked.caller().application(),
                asked.caller().keyId(),
                asked.deadlineNanos(),
                model(asked.model()),
                cancellation);
        if (Context.isOnEventLoopThread()) {
            sink.whenGone(this::left);
            Turn.begin(sink::onEventLoop);
        } else sink.onEventLoop(() -> sink.whenGone(this::left));
        ingress.call(new Payload.Tree(input), call, this);
    }

    /// Which model a request's headers name; null if they name none.
    ///
    /// @throws ServeException if they name two
    static @Nullable String model(MultiMap headers) {
        List<String> ids = headers.getAll(MODEL_HEADER);
        if (ids.size() > 1) throw ServeException.ofField(ErrorCode.DUPLICATE_FIELD, MODEL_HEADER, MODEL_HEADER);
        return ids.isEmpty() ? null : ids.getFirst();
    }

    private void apart(Runnable work) {
        Thread.ofVirtual().name("application-call").start(() -> {
            try {
                work.run();
            } catch (RuntimeException | Error fault) {
                sink.fault(fault);
            }
        });
    }

    private static Optional<String> model(@Nullable String id) {
        if (id != null && !MODEL.matcher(id).matches())
            throw ServeException.ofField(ErrorCode.WRONG_TYPE, MODEL_HEADER, MODEL_HEADER, MODEL_SHAPE);
        return Optional.ofNullable(id);
    }

    private void left() {
        unwanted = true; // or whoever waits in next() might take all the room again, before the cancel is there
        room.release(ROOM);
        apart(cancellation::cancel);
    }

    @Override
    public void next(Payload item) {
        JsonNode tree = item.tree();
        if (!streams) {
            output = tree;
            return;
        }
        Buffer encoded = sink.encoded(tree);
        room.acquireUninterruptibly(room(encoded));
        send(encoded);
    }

    @Override
    public boolean offer(Payload item) {
        if (!streams || room.availablePermits() == 0) return false;
        Buffer encoded = sink.encoded(item.tree());
        if (!room.tryAcquire(room(encoded))) return false;
        send(encoded);
        return true;
    }

    /// What one item takes: all there is, at most.
    private static int room(Buffer item) {
        return Math.min(ROOM, 1 + item.length() / ITEM_BYTES);
    }

    /// What there is room for.
    private void send(Buffer item) {
        if (unwanted || cancellation.cancelled()) throw ServeException.of(ErrorCode.CANCELLED);
        if (items.add(item)) sink.onEventLoop(this::write);
    }

    private void write() {
        List<Buffer> batch = items.take();
        sink.write(batch);
        int taken = 0;
        for (Buffer item : batch) taken += room(item);
        if (!sink.full()) {
            room.release(taken);
            return;
        }
        boolean full = waiting > 0;
        waiting += taken;
        if (full) return;
        long timer = services.later(services.timeouts().stalledReader(), this::dropReader);
        sink.whenDrained(() -> {
            services.vertx().cancelTimer(timer);
            room.release(waiting);
            waiting = 0;
        });
    }

    private void dropReader() {
        left();
        sink.drop();
    }

    @Override
    public void completed() {
        JsonNode whole = output;
        if (streams) sink.onEventLoop(sink::end);
        else if (whole != null) reply(whole);
        else sink.fault(new IllegalStateException("a call completed without an output"));
    }

    private void reply(JsonNode whole) {
        try {
            sink.reply(whole);
        } catch (RuntimeException fault) {
            sink.fault(fault);
        }
    }

    @Override
    public void failed(ServeException failure) {
        sink.onEventLoop(() -> sink.fail(failure));
    }
}
