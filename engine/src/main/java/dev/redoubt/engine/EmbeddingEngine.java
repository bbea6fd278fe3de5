package dev.redoubt.engine;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.TimeSource;
import dev.redoubt.base.generation.CacheClearing;
import dev.redoubt.base.generation.EmbeddingListener;
import dev.redoubt.base.generation.EmbeddingModel;
import dev.redoubt.base.generation.EmbeddingRequest;
import dev.redoubt.base.generation.EmbeddingSizes;
import dev.redoubt.base.generation.Generation;
import dev.redoubt.base.generation.ModelCard;
import dev.redoubt.base.generation.ModelRuntime;
import dev.redoubt.base.generation.ModelStats;
import dev.redoubt.base.generation.Prompt;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.trust.VerifiedArtifact;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// A model that embeds texts, one loop. Works in a plain Java program: no server needed.
public final class EmbeddingEngine implements EmbeddingModel, WatchedEngine {
    /* A request's way over threads: caller (check, count) → engine-input (tokens) → embedding-loop (batches) → embedding-output (the
     * listener). Each hands over through one queue, bounded by the requests that may be alive, and never waits for the next. */

    /// What it is made of, so that tests can put their own in.
    ///
    /// @param tokenizer from a text to ids, with what the model puts around it
    /// @param detokenizer the other way round, about
    /// @param limits of a batch, and of a text
    /// @param changedWeights a tensor that is not what it was at the first call
    /// @param description one line for people
    /// @param resources closed last, after loop and threads have ended
    record Parts(
            ModelCard card,
            EmbeddingSizes sizes,
            TextToIds tokenizer,
            IdsToText detokenizer,
            BatchEncoder encoder,
            EmbeddingLoop.Limits limits,
            ModelRuntime runtime,
            String description,
            Supplier<Optional<String>> changedWeights,
            Runnable resources) {}

    /// Calls native code: platform threads only.
    interface TextToIds {
        int[] encode(String text);
    }

    /// Any thread.
    interface IdsToText {
        String decode(int[] ids);
    }

    private final EngineOptions options;
    private final Parts parts;
    private final TimeSource time;
    private final EmbeddingCheck check;
    private final AtomicLong ids = new AtomicLong(new SecureRandom().nextLong() >>> 2); // as Engine's
    private final AtomicInteger ongoing = new AtomicInteger(); // as many as are in live, or about to be
    private final Set<EmbeddingJob> live = ConcurrentHashMap.newKeySet(); // until the listener is told
    private final InputThreads input;
    private final EmbeddingLoop loop;
    private final ThreadPoolExecutor output; // its queue holds a task for each of live at most
    private final CanaryCount canary = new CanaryCount();
    private volatile boolean closed;

    /// Loads the model, checks its memory against the machine, starts the loop. Owns the artifact from then on.
    ///
    /// @throws dev.redoubt.trust.ArtifactException if the artifact is not what an encoder is
    /// @throws StartRefusal if the machine or the options leave it too little memory
    public static EmbeddingEngine open(VerifiedArtifact artifact, EngineOptions options, TimeSource time) {
        return new EmbeddingEngine(options, EmbeddingParts.load(artifact, options, time), time);
    }

    /// Starts the threads.
    EmbeddingEngine(EngineOptions options, Parts parts, TimeSource time) {
        this.options = options;
        this.parts = parts;
        this.time = time;
        this.check = new EmbeddingCheck(
                options.limits(), parts.card().contextTokensMax(), parts.card().vocabularySize(), parts.sizes());
        this.output = new ThreadPoolExecutor(
                1,
                1,
                0,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                Thread.ofPlatform().name("embedding-output").daemon().factory());
        this.loop = new EmbeddingLoop(parts.limits(), parts.encoder(), new LoopNews(), time);
        this.input = new InputThreads(options.ongoingMax());
        loop.start();
    }

    @Override
    public ModelCard card() {
        return parts.card();
    }

    @Override
    public EmbeddingSizes sizes() {
        return parts.sizes();
    }

    @Override
    public ModelRuntime runtime() {
        return parts.runtime();
    }

    /// The last reading of the loop, with what has not reached it yet.
    @Override
    public ModelStats stats() {
        ModelStats read = loop.stats();
        int waiting = Math.max(read.requestsWaiting(), live.size() - read.requestsRunning());
        return new ModelStats(
                read.requestsRunning(),
                waiting,
                read.kvBlocksTotal(),
                0,
                read.steps(),
                read.stepNanos(),
                read.forwardNanos(),
                0,
                read.promptTokens(),
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                canary.readings(),
                canary.failures());
    }

    /// What a request may ask for.
    public RequestLimits limits() {
        return options.limits();
    }

    /// The ids of a text, with what the model puts around it.
    public int[] tokenize(String text) {
        check.text(text);
        return input.call(() -> parts.tokenizer().encode(text));
    }

    @Override
    public void canaryPassed() {
        canary.passed();
    }

    @Override
    public void withdraw() {
        canary.failed();
        for (EmbeddingJob job : List.copyOf(live)) cancel(job);
    }

    @Override
    public synchronized Optional<String> changedWeights() { // not while it is being closed
        return closed ? Optional.empty() : parts.changedWeights().get();
    }

    @Override
    public boolean withdrawn() {
        return canary.withdrawn();
    }

    @Override
    public boolean closed() {
        return closed;
    }

    private void cancel(EmbeddingJob job) {
        if (job.cancelled.compareAndSet(false, true)) loop.cancel(job);
    }

    /// Nothing is kept of a text.
    @Override
    public CacheClearing clearCache(String tenant) {
        return CacheClearing.NOTHING;
    }

    @Override
    public String detokenize(int[] tokenIds) {
        for (int id : tokenIds) check.tokenId("input", id);
        return parts.detokenizer().decode(tokenIds);
    }

    /// Kernels, threads, memory: one line for people.
    public String description() {
        return parts.description();
    }

    @Override
    public Generation embed(EmbeddingRequest request, EmbeddingListener listener) {
        if (closed) throw ServeException.of(ErrorCode.SHUTTING_DOWN);
        if (withdrawn()) throw ServeException.of(ErrorCode.MODEL_WITHDRAWN);
        check.check(request);
        int before = ongoing.getAndIncrement(); // until its listener is told
        if (before >= options.ongoingMax()) {
            ongoing.decrementAndGet();
            throw ServeException.of(ErrorCode.QUEUE_FULL, before, options.ongoingMax());
        }
        EmbeddingJob job = new EmbeddingJob(
                ids.getAndIncrement(),
                request.caller(),
                request.dimensions().orElse(parts.sizes().all()),
                time.nanos(),
                request.deadlineNanos(),
                listener);
        live.add(job);
        boolean queued = input.offer(() -> prepare(job, request.inputs()));
        if ((!queued || closed) && ended(job)) { // else closing is ending it, by an event
            throw closed
                    ? ServeException.of(ErrorCode.SHUTTING_DOWN)
                    : ServeException.of(ErrorCode.QUEUE_FULL, before, options.ongoingMax());
        }
        if (withdrawn()) cancel(job); // came in while it was
        return new Generation() {
            @Override
            public long id() {
                return job.id;
            }

            @Override
            public void cancel() {
                EmbeddingEngine.this.cancel(job);
            }
        };
    }

    /// On engine-input: tokens, then over to the loop.
    private void prepare(EmbeddingJob job, List<Prompt> inputs) {
        try {
            List<int[]> tokenized = new ArrayList<>();
            int tokens = 0;
            for (int i = 0; i < inputs.size(); i++) {
                int[] ids = encode(inputs.get(i));
                check.length(EmbeddingCheck.field(inputs, i), ids.length);
                tokenized.add(ids);
                tokens += ids.length;
            }
            job.inputs = tokenized;
            job.promptTokens = tokens;
            loop.submit(job);
        } catch (ServeException refusal) {
            fail(job, refusal);
        } catch (RuntimeException | Error fault) {
            Faults.log(job.id, fault);
            fail(job, ServeException.of(ErrorCode.INTERNAL));
        }
    }

    private int[] encode(Prompt input) {
        return switch (input) {
            case Prompt.Text text -> parts.tokenizer().encode(text.text());
            case Prompt.Tokens tokens ->
                tokens.ids().stream().mapToInt(Integer::intValue).toArray();
            case Prompt.Chat chat -> throw new IllegalStateException("refused at the entry");
        };
    }

    /// What the loop tells goes to embedding-output.
    private final class LoopNews implements EmbeddingLoop.Listener {
        @Override
        public void embedded(EmbeddingJob job) {
            tell(job, listener -> listener.embedded(job.embedded(), job.usage(time.nanos())));
        }

        @Override
        public void failed(EmbeddingJob job, ServeException error) {
            fail(job, error);
        }
    }

    private void fail(EmbeddingJob job, ServeException error) {
        tell(job, listener -> listener.failed(error, job.usage(time.nanos())));
    }

    private void tell(EmbeddingJob job, Consumer<EmbeddingListener> news) {
        output.execute(() -> {
            if (!live.contains(job)) return;
            try {
                news.accept(job.listener);
            } catch (RuntimeException | Error fault) {
                Faults.log(job.id, fault);
            } finally {
                ended(job);
            }
        });
    }

    /// @return whether this call ended it, and not another before
    private boolean ended(EmbeddingJob job) {
        boolean first = live.remove(job);
        if (first) ongoing.decrementAndGet();
        return first;
    }

    /// Ends every request with an error, stops the loop, frees the memory. Waits for the batch in progress; not
    /// to be called by a listener.
    @Override
    public synchronized void close() {
        if (closed) return;
        closed = true;
        try {
            input.stop();
            loop.stop();
            for (EmbeddingJob job : List.copyOf(live)) fail(job, ServeException.of(ErrorCode.SHUTTING_DOWN));
            output.shutdown();
            output.awaitTermination(1, TimeUnit.MINUTES);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt(); // the threads may still run: memory must not go from under them
            return;
        }
        parts.resources().run();
    }
}
