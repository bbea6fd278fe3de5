package dev.redoubt.serve.worker;

import dev.redoubt.serve.replica.RuntimeRefusal;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/// What the server asks a worker that is no call: whether it is well, whether it takes a configuration.
final class Asks {
    private static final int REASON_BYTES_MAX = 4096;
    private static final int WAITING_MAX = 64;

    private final Frames frames;
    private final AtomicInteger last = new AtomicInteger();
    private final Map<Integer, CompletableFuture<String>> waiting = new ConcurrentHashMap<>();
    private volatile boolean closed;

    Asks(Frames frames) {
        this.frames = frames;
    }

    /// Waits for the answer.
    ///
    /// @throws Gone if the link has ended
    /// @throws RuntimeRefusal if it is no, or there is none in time
    void ask(FrameType type, byte[] text, Duration atMost) throws Gone, RuntimeRefusal, InterruptedException {
        int id = last.incrementAndGet();
        CompletableFuture<String> answer = new CompletableFuture<>();
        if (waiting.size() >= WAITING_MAX)
            throw new RuntimeRefusal("the worker has " + WAITING_MAX + " questions open");
        waiting.put(id, answer);
        try {
            send(type, id, text);
            if (closed) throw new Gone();
            String reason = answer.get(atMost.toNanos(), TimeUnit.NANOSECONDS);
            waiting.remove(id);
            if (!reason.isEmpty()) throw new RuntimeRefusal(reason);
        } catch (TimeoutException e) {
            throw new RuntimeRefusal("the worker did not answer within " + atMost.toMillis() + " ms", e);
        } catch (ExecutionException e) {
            throw new Gone();
        }
    }

    private void send(FrameType type, int id, byte[] text) throws Gone {
        FrameWriter frame = frames.writer(type, id);
        if (type == FrameType.RECONFIGURE) frame.bytes(text);
        try {
            frames.send(frame);
        } catch (IOException linkEnded) {
            throw new Gone();
        }
    }

    /// The worker has ended, or is about to.
    static final class Gone extends IOException {
        @java.io.Serial
        private static final long serialVersionUID = 1L;

        private Gone() {
            super("the worker has ended");
        }
    }

    /// Takes a DONE frame.
    void receive(int id, FrameReader body) throws BadFrame {
        boolean yes = body.u8() == 1;
        String reason = Failures.plain(body.text(REASON_BYTES_MAX)); // an operator reads it
        body.finished();
        CompletableFuture<String> answer = waiting.remove(id);
        if (answer == null) throw new BadFrame("an answer to question " + id + ", which was not asked");
        answer.complete(yes ? "" : "the worker says no: " + reason);
    }

    void close() {
        closed = true;
        waiting.values().forEach(answer -> answer.completeExceptionally(new Gone()));
    }
}
