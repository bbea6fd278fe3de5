package dev.redoubt.engine;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.TimeSource;
import dev.redoubt.engine.tokenize.StreamDecoder;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Function;

/// Detokenizes and tells listeners, on a platform thread of its own: the loop never waits for text or for a
/// reader.
final class OutputThread {
    /* The queue is bounded by what may be alive: every request is handed at most max_tokens tokens for each of its choices and a
     * handful of other items, and the engine refuses new requests while too many have not heard their final event. */
    private final Queue<Output> queue = new ConcurrentLinkedQueue<>(); // any thread adds
    private final Map<LiveRequest, RequestOutput> outputs = new HashMap<>(); // engine-output only
    private final Function<int[], StreamDecoder> decoders;
    private final TimeSource time;
    private final LoopCommands loop;
    private final Consumer<LiveRequest> ended;
    private final Thread thread;
    private volatile boolean stopping;

    /// @param ended told of every request after its final event
    OutputThread(
            Function<int[], StreamDecoder> decoders, TimeSource time, LoopCommands loop, Consumer<LiveRequest> ended) {
        this.decoders = decoders;
        this.time = time;
        this.loop = loop;
        this.ended = ended;
        this.thread = Thread.ofPlatform().name("engine-output").daemon().unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    /// Delivers what was handed over before, then ends.
    void stop() throws InterruptedException {
        stopping = true;
        LockSupport.unpark(thread);
        thread.join();
    }

    /// Hands over. Any thread; of one request one thread at a time.
    void post(Output output) {
        queue.add(output);
        LockSupport.unpark(thread);
    }

    /// Delivers everything in the queue; for tests without the thread.
    void drain() {
        for (Output output = queue.poll(); output != null; output = queue.poll()) deliver(output);
    }

    private void run() {
        while (true) {
            boolean last = stopping; // read before the queue is drained: nothing is posted after it was set
            drain();
            if (last) return;
            if (queue.isEmpty() && !stopping) LockSupport.park(this);
        }
    }

    private void deliver(Output item) {
        LiveRequest request = item.request();
        if (request.closed) return; // the loop was ahead of the end
        RequestOutput output = outputs.computeIfAbsent(
                request, one -> new RequestOutput(one, decoders, time, choice -> loop.stopChoice(one, choice)));
        try {
            output.accept(item);
        } catch (RuntimeException | Error fault) { // of a listener or the decoder: ends this request alone
            Faults.log(request.id, fault);
            loop.abandon(request);
            fail(request, output);
        }
        if (!output.ended()) return;
        outputs.remove(request);
        request.closed = true;
        ended.accept(request);
    }

    private static void fail(LiveRequest request, RequestOutput output) {
        try {
            output.fail(ServeException.of(ErrorCode.INTERNAL));
        } catch (RuntimeException | Error again) {
            Faults.log(request.id, again);
        }
    }
}
