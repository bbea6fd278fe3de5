package dev.redoubt.serve.worker;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.serve.Call;
import dev.redoubt.serve.Cancellation;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.replica.ReplyListener;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Calls over one link, both ways: the server calls the replica, the replica calls what its deployment has
/// declared. Each side numbers its own calls, from 1.
final class Calls {
    /* A number names a call from its CALL frame to its end frame, ITEM with the last mark, COMPLETED or FAILED. A caller that cancels tells its
     * listener at once and keeps the number until the peer has ended the call too, so a late frame is known from a wrong one: the first is
     * dropped, the second ends the link. */

    /// What the peer may call here.
    interface Callee {
        /// @throws BadFrame if there is no such target for this peer
        Signature signature(String target) throws BadFrame;

        /// Starts it and returns soon. A [ServeException] refuses.
        ///
        /// @param claimed as the peer says it
        /// @throws BadFrame if the peer may not call so
        void take(String target, Payload input, Call claimed, ReplyListener replies) throws BadFrame;
    }

    private static final Logger LOG = LoggerFactory.getLogger(Calls.class);

    /// Items on their way in one call; the one that reaches it still goes.
    static final int WINDOW_BYTES = 256 << 10;

    private static final int NAME_BYTES_MAX = 256;

    private static final class Made {
        final Call call;
        final Signature signature;
        final Reply reply;
        long start; // of its frame, see Outbox.begun; guarded by the Calls
        volatile Runnable forgetCancel = () -> {};
        volatile long cancelledAt; // System.nanoTime, 0 if it was not

        Made(Call call, Signature signature, Reply reply) {
            this.call = call;
            this.signature = signature;
            this.reply = reply;
        }
    }

    private final Frames frames;
    private final Callee callee;
    private final int servedMax;
    private final boolean tellsFaults;
    private final Map<Integer, Made> made = new ConcurrentHashMap<>();
    private final Map<Integer, Served> served = new ConcurrentHashMap<>();
    private int madeLast; // guarded by this, as `closed`
    private boolean closed;
    private int servedLast; // the reading thread's

    /// @param servedMax calls of the peer's at once
    /// @param tellsFaults whether the peer is who logs them
    Calls(Frames frames, Callee callee, int servedMax, boolean tellsFaults) {
        this.frames = frames;
        this.callee = callee;
        this.servedMax = servedMax;
        this.tellsFaults = tellsFaults;
    }

    /// Sends a call. The listener is told of its end whatever happens, unless this throws.
    ///
    /// @throws ServeException if it does not fit into a frame, or the link has ended
    void start(String target, Signature signature, Payload input, Call call, ReplyListener listener) {
        FrameWriter body = frames.writer(FrameType.CALL, 0);
        write(target, signature, input, call, body);
        int id;
        Made one;
        synchronized (this) {
            if (closed) throw ServeException.of(ErrorCode.REPLICA_LOST);
            id = ++madeLast;
            Reply reply = signature.streams() ? many(id, listener) : new Reply.Single(listener);
            one = new Made(call, signature, reply);
            made.put(id, one);
            try {
                one.start = frames.outbox().add(body.id(id)); // in the order of their numbers, which the peer checks
            } catch (IOException linkEnded) {
                made.remove(id);
                throw ServeException.of(ErrorCode.REPLICA_LOST);
            }
        }
        frames.outbox().flushAtEndOfTurn();
        one.forgetCancel = call.cancellation().onCancel(() -> cancel(id, one));
        if (!made.containsKey(id)) one.forgetCancel.run(); // it has ended meanwhile
    }

    private void write(String target, Signature signature, Payload input, Call call, FrameWriter body) {
        try {
            body.text(target).text(call.requestId()).text(call.application()).text(call.keyId());
            body.u64(call.deadlineNanos() - System.nanoTime());
            body.text(call.modelId().orElse(""));
            ValueCodec.write(signature.input(), input.tree(), body);
        } catch (FrameWriter.FrameTooLarge tooLarge) {
            throw ServeException.of(ErrorCode.INPUT_TOO_LARGE, tooLarge.bytesMax());
        }
    }

    private Reply many(int id, ReplyListener listener) {
        int[] taken = new int[1]; // whoever tells
        return new Reply.Many(
                listener,
                bytes -> {
                    taken[0] += bytes;
                    if (taken[0] < WINDOW_BYTES / 2 || !made.containsKey(id)) return;
                    sendQuietly(frames.writer(FrameType.CREDIT, id).u32(taken[0]));
                    taken[0] = 0;
                },
                WINDOW_BYTES + frames.bytesMax());
    }

    private void cancel(int id, Made one) {
        if (!made.containsKey(id)) return;
        one.cancelledAt = System.nanoTime() | 1;
        one.reply.dropped(ServeException.of(ErrorCode.CANCELLED));
        sendQuietly(frames.writer(FrameType.CANCEL, id));
    }

    /// For how long the peer has worked on a call that was cancelled, at most.
    long overdueNanos() {
        long most = 0;
        for (Made one : made.values()) {
            long since = one.cancelledAt;
            if (since != 0) most = Math.max(most, System.nanoTime() - since);
        }
        return most;
    }

    /// The call with which the peer is at work for a request, if it is.
    Optional<Call> working(String requestId) {
        for (Made one : made.values()) if (one.call.requestId().equals(requestId)) return Optional.of(one.call);
        return Optional.empty();
    }

    /// Takes a frame of calls.
    void receive(FrameType type, int id, FrameReader body) throws IOException {
        switch (type) {
            case CALL -> called(id, body);
            case ITEM -> item(id, body);
            case COMPLETED -> {
                body.finished();
                told(end(id), Reply::completed);
            }
            case FAILED -> {
                Failures.Told told = Failures.read(body);
                Made one = end(id);
                if (!told.fault().isEmpty())
                    LOG.error("request {} failed in a worker: {}", one.call.requestId(), told.fault());
                one.reply.failed(told.failure());
            }
            case CANCEL -> {
                body.finished();
                Served one = served(id);
                if (one != null) one.cancel();
            }
            case CREDIT -> {
                int bytes = body.u32();
                body.finished();
                Served one = served(id);
                if (one != null) one.credit(bytes);
            }
            case HELLO, INTERFACE, READY, REFUSED, RECONFIGURE, HEALTH, DONE, BYE ->
                throw new BadFrame("a frame of type " + type + " here");
        }
    }

    private void item(int id, FrameReader body) throws BadFrame {
        int bytes = body.left() + Frames.HEADER_BYTES;
        boolean last = body.u8() == 1;
        Made one = made(id);
        Payload item = new Payload.Tree(ValueCodec.read(one.signature.output(), body));
        body.finished();
        if (last) end(id);
        told(one, reply -> reply.item(item, bytes, last));
    }

    private interface News {
        void to(Reply reply) throws BadFrame;
    }

    /// A call that has been taken off ends here, whatever the peer makes of its end.
    private static void told(Made one, News news) throws BadFrame {
        try {
            news.to(one.reply);
        } catch (BadFrame broken) {
            one.reply.dropped(ServeException.of(ErrorCode.INTERNAL));
            throw broken;
        }
    }

    private Made made(int id) throws BadFrame {
        Made one = made.get(id);
        if (one == null) throw new BadFrame("an answer to call " + id + ", which was not made or has ended");
        return one;
    }

    private Made end(int id) throws BadFrame {
        Made one = made.remove(id);
        if (one == null) throw new BadFrame("the end of call " + id + ", which was not made or has ended");
        one.forgetCancel.run();
        return one;
    }

    /// @return null if its end is on its way to the peer
    private @Nullable Served served(int id) throws BadFrame {
        if (id < 1 || id > servedLast) throw new BadFrame("about call " + id + ", the last one was " + servedLast);
        return served.get(id);
    }

    private void called(int id, FrameReader body) throws IOException {
        if (id != servedLast + 1) throw new BadFrame("call " + id + " after " + servedLast);
        servedLast = id;
        String target = body.text(NAME_BYTES_MAX);
        Cancellation cancellation = new Cancellation();
        String requestId = body.text(NAME_BYTES_MAX);
        String application = body.text(NAME_BYTES_MAX);
        String keyId = body.text(NAME_BYTES_MAX);
        long deadline = System.nanoTime() + Math.min(body.u64(), TimeUnit.DAYS.toNanos(1));
        String model = body.text(NAME_BYTES_MAX);
        Call call;
        try {
            Optional<String> modelId = model.isEmpty() ? Optional.empty() : Optional.of(model);
            call = new Call(requestId, application, keyId, deadline, modelId, cancellation);
        } catch (IllegalArgumentException misfit) {
            throw new BadFrame("a call with other names than calls have: " + misfit.getMessage());
        }
        Signature signature = callee.signature(target);
        Payload input = new Payload.Tree(ValueCodec.read(signature.input(), body));
        body.finished();
        Served one = new Served(frames, tellsFaults, id, signature, cancellation, ended -> served.remove(ended.id()));
        if (served.size() >= servedMax) {
            one.failed(ServeException.of(ErrorCode.OVERLOADED, servedMax, "calls of one replica"));
            return;
        }
        served.put(id, one);
        try {
            callee.take(target, input, call, one);
        } catch (ServeException refused) {
            one.failed(refused);
        }
    }

    /// The link has ended: so have all calls, both ways. Of those that were made some may not have begun.
    void close() {
        synchronized (this) {
            closed = true; // so that each that is there has its start
        }
        for (Integer id : List.copyOf(made.keySet())) {
            Made one = made.remove(id);
            if (one == null) continue;
            one.forgetCancel.run();
            ServeException lost = ServeException.of(ErrorCode.REPLICA_LOST);
            if (frames.outbox().begun(one.start)) one.reply.failed(lost);
            else one.reply.notBegun(lost);
        }
        served.values().forEach(Served::cancel);
    }

    private void sendQuietly(FrameWriter frame) {
        try {
            frames.send(frame);
        } catch (IOException linkEnded) {
            return; // whoever reads the link finds the same, and says why
        }
    }
}
