package dev.redoubt.engine;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.TimeSource;
import dev.redoubt.engine.tokenize.StreamDecoder;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Detokenizes and tells listeners, on a platform thread of its own: the loop never waits for text or for a
/// reader.
final class OutputThread {
    /* What is handed over is which requests have news, each at most once, in a list through the requests themselves; the news are read
     * from the request. So the list is bounded by the requests alive, handing over allocates nothing, and a reader that falls behind
     * finds several tokens at once instead of a longer queue. The order of requests in the list means nothing.
     *
     * A request is taken off the list before its news are read: news that come later put it there again. */
    private final AtomicReference<@Nullable LiveRequest> listed = new AtomicReference<>(); // any thread adds
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

    /// Delivers what was told before, then ends.
    void stop() throws InterruptedException {
        stopping = true;
        LockSupport.unpark(thread);
        thread.join();
    }

    /// The request has news, to be read after the next [#wake]. Any thread; of one request one thread at a time.
    void changed(LiveRequest request) {
        if (request.isListed.getAndSet(true)) return; // its news are yet to be read
        LiveRequest first;
        do {
            first = listed.get();
            request.nextListed = first;
        } while (!listed.compareAndSet(first, request));
    }

    /// Any thread.
    void wake() {
        if (listed.get() != null) LockSupport.unpark(thread);
    }

    /// Delivers all news; for tests without the thread.
    void drain() {
        while (true) {
            LiveRequest next = listed.getAndSet(null);
            if (next == null) return;
            while (next != null) {
                LiveRequest request = next;
                next = request.nextListed;
                request.nextListed = null;
                request.isListed.set(false);
                deliver(request);
            }
        }
    }

    private void run() {
        while (true) {
            boolean last = stopping; // read before the list: nothing is told after it was set
            drain();
            if (last) return;
            if (listed.get() == null && !stopping) LockSupport.park(this);
        }
    }

    private void deliver(LiveRequest request) {
        if (request.closed) return; // the loop was ahead of the end
        RequestOutput output = request.output;
        if (output == null)
            request.output =
                    output = new RequestOutput(request, decoders, time, choice -> loop.stopChoice(request, choice));
        try {
            output.catchUp();
        } catch (RuntimeException | Error fault) { // of a listener or the decoder: ends this request alone
            Faults.log(request.id, fault);
            loop.abandon(request);
            fail(request, output);
        }
        if (!output.ended()) return;
        request.output = null;
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
