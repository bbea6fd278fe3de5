package dev.redoubt.engine;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.Invariant;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.TimeSource;
import dev.redoubt.base.generation.ModelStats;
import dev.redoubt.engine.EmbeddingJob.Text;
import dev.redoubt.engine.model.Encoder;
import dev.redoubt.engine.schedule.FairShare;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;

/// The heart of an engine that embeds: one platform thread that takes texts by fair share, computes them as one
/// batch and hands their vectors over. Owns the queue and the encoder; other threads reach it through its inbox
/// only.
final class EmbeddingLoop {
    /* A text is computed whole, in one batch, and never cut. Whose turn it is says FairShare, text by text, so a request of many texts
     * does not hold up another tenant's of one; nobody passes a head that does not fit. Served is charged by tokens, so U of FairShare
     * is the tokens of the longest text.
     *
     * What ends what: a vector that is not finite ends its request, a batch that throws ends every request with a text in it, both
     * INTERNAL; anything else thrown here is a broken invariant and ends them all. The loop itself goes on.
     *
     * The inbox is bounded by what is alive: a request is submitted and cancelled at most once. */
    private sealed interface Command {
        record Submit(EmbeddingJob job) implements Command {}

        record Cancel(EmbeddingJob job) implements Command {}
    }

    /// What becomes of requests; must return at once.
    interface Listener {
        void embedded(EmbeddingJob job);

        void failed(EmbeddingJob job, ServeException error);
    }

    /// Bounds of a batch.
    ///
    /// @param blocksMax [Encoder#blocks] of all texts
    /// @param tokensMax of a text
    record Limits(int blocksMax, int textsMax, int tokensMax) {}

    private final Queue<Command> inbox = new ConcurrentLinkedQueue<>(); // any thread adds
    private final Limits limits;
    private final BatchEncoder encoder;
    private final Listener listener;
    private final TimeSource time;
    private final FairShare<Text> queue;
    private final Set<EmbeddingJob> alive = new LinkedHashSet<>();
    private final List<Text> batch = new ArrayList<>();
    private final Thread thread =
            Thread.ofPlatform().name("embedding-loop").daemon().unstarted(this::run);
    private volatile boolean stopping;
    private volatile ModelStats stats = ModelStats.NOTHING;
    private long texts;
    private long steps;
    private long stepNanos;
    private long promptTokens;

    EmbeddingLoop(Limits limits, BatchEncoder encoder, Listener listener, TimeSource time) {
        this.limits = limits;
        this.encoder = encoder;
        this.listener = listener;
        this.time = time;
        this.queue = new FairShare<>(limits.tokensMax());
        read(0);
    }

    /// One batch.
    ///
    /// @return whether anything was computed
    boolean step() {
        takeInbox(); // new requests, cancellations
        endExpired();
        plan(); // whose texts, by fair share, as many as a batch has room for
        if (batch.isEmpty()) return false;
        read(batchJobs().size());
        long started = time.nanos();
        for (Text text : batch)
            if (text.job().queueNanos == 0) text.job().queueNanos = started - text.job().arrivalNanos;
        float[][] vectors;
        try {
            vectors = encoder.encode(batch); // one pass over all of them
        } catch (RuntimeException | Error fault) {
            for (EmbeddingJob job : batchJobs()) {
                Faults.log(job.id, fault);
                fail(job, ServeException.of(ErrorCode.INTERNAL));
            }
            return true;
        } finally {
            for (Text text : batch) queue.stoppedRunning(text);
        }
        steps++;
        stepNanos += time.nanos() - started;
        for (int i = 0; i < vectors.length; i++) accept(batch.get(i), vectors[i]); // by the text, never by its place
        return true;
    }

    void start() {
        thread.start();
    }

    /// Ends the loop after the batch in progress; whoever is alive then hears nothing from it.
    void stop() throws InterruptedException {
        stopping = true;
        LockSupport.unpark(thread);
        thread.join();
    }

    /// The last reading.
    ModelStats stats() {
        return stats;
    }

    void submit(EmbeddingJob job) {
        post(new Command.Submit(job));
    }

    void cancel(EmbeddingJob job) {
        post(new Command.Cancel(job));
    }

    /// Checks the queue and the loop's own books.
    void verify() {
        queue.verify();
        int waiting = alive.stream().mapToInt(job -> job.waiting.size()).sum();
        Invariant.hold(waiting == queue.waiting(), "%d texts wait, %d are queued", waiting, queue.waiting());
    }

    private void run() {
        while (!stopping) {
            boolean worked = stepOrRecover();
            read(0);
            if (!worked && inbox.isEmpty() && !stopping) LockSupport.park(this);
        }
    }

    private boolean stepOrRecover() {
        try {
            return step();
        } catch (RuntimeException | Error fault) {
            Faults.logStep("the embedding loop starts afresh after a fault", fault);
            queue.reset();
            for (EmbeddingJob job : List.copyOf(alive)) {
                job.waiting.clear();
                fail(job, ServeException.of(ErrorCode.INTERNAL));
            }
            return true;
        }
    }

    private void post(Command command) {
        inbox.add(command);
        LockSupport.unpark(thread);
    }

    private void takeInbox() {
        for (Command command = inbox.poll(); command != null; command = inbox.poll()) {
            switch (command) {
                case Command.Submit submit -> admit(submit.job());
                case Command.Cancel cancel -> {
                    if (alive.contains(cancel.job())) fail(cancel.job(), ServeException.of(ErrorCode.CANCELLED));
                }
            }
        }
    }

    private void admit(EmbeddingJob job) {
        alive.add(job);
        job.vectors = new float[job.inputs.size()][];
        job.missing = job.vectors.length;
        if (job.cancelled.get()) {
            fail(job, ServeException.of(ErrorCode.CANCELLED));
            return;
        }
        for (int i = 0; i < job.vectors.length; i++) {
            Text text = new Text(job, i, job.inputs.get(i), texts++);
            job.waiting.add(text);
            queue.enqueueLast(text);
        }
    }

    private void endExpired() {
        long now = time.nanos();
        for (EmbeddingJob job : List.copyOf(alive))
            if (now - job.deadlineNanos >= 0)
                fail(
                        job,
                        ServeException.of(
                                ErrorCode.DEADLINE_EXCEEDED,
                                Math.max(1, Math.round((job.deadlineNanos - job.arrivalNanos) / 1e9))));
    }

    private void plan() {
        batch.clear();
        int blocks = 0;
        for (Text head = queue.head(); head != null; head = queue.head()) {
            blocks += Encoder.blocks(head.ids().length);
            if (blocks > limits.blocksMax() || batch.size() == limits.textsMax()) return;
            queue.admitted(head, head.ids().length);
            head.job().waiting.remove(head);
            batch.add(head);
        }
    }

    private Set<EmbeddingJob> batchJobs() {
        Set<EmbeddingJob> jobs = new LinkedHashSet<>();
        for (Text text : batch) jobs.add(text.job());
        return jobs;
    }

    private void accept(Text text, float[] vector) {
        EmbeddingJob job = text.job();
        promptTokens += text.ids().length;
        if (job.over) return; // another of its texts had a fault
        if (job.cancelled.get()) { // a model that is withdrawn meanwhile tells nothing of what it has computed
            fail(job, ServeException.of(ErrorCode.CANCELLED));
            return;
        }
        for (float number : vector) {
            if (Float.isFinite(number)) continue;
            Faults.logStep("generation " + job.id + " came to numbers that are not finite", new ArithmeticException());
            fail(job, ServeException.of(ErrorCode.INTERNAL));
            return;
        }
        job.vectors[text.index()] = vector;
        if (--job.missing > 0) return;
        leave(job);
        listener.embedded(job);
    }

    private void fail(EmbeddingJob job, ServeException error) {
        if (job.over) return;
        leave(job);
        listener.failed(job, error);
    }

    private void leave(EmbeddingJob job) {
        for (Text text : job.waiting) queue.leave(text);
        job.waiting.clear();
        job.over = true;
        alive.remove(job);
    }

    private void read(int running) {
        stats = new ModelStats(
                running,
                alive.size() - running,
                limits.blocksMax(),
                0,
                steps,
                stepNanos,
                stepNanos,
                0,
                promptTokens,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0);
    }
}
