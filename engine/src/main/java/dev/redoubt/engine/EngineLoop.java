package dev.redoubt.engine;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.Invariant;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.TimeSource;
import dev.redoubt.base.generation.CacheClearing;
import dev.redoubt.base.generation.FinishReason;
import dev.redoubt.base.generation.ModelStats;
import dev.redoubt.base.generation.SamplingParams;
import dev.redoubt.engine.kvcache.BlockPool;
import dev.redoubt.engine.model.StepBatch;
import dev.redoubt.engine.schedule.Scheduler;
import dev.redoubt.engine.schedule.Sequence;
import dev.redoubt.engine.schedule.StepPace;
import dev.redoubt.engine.schedule.StepPlan;
import dev.redoubt.engine.schedule.Submission;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// The heart: one platform thread that plans, runs, commits and hands over, step after step. Owns the
/// scheduler, the block pool, the batch and the runner; other threads reach it through its inbox only.
final class EngineLoop implements LoopCommands {
    /* What ends what
     * --------------
     * - A row that cannot be sampled, a listener that throws: that request alone, INTERNAL.
     * - A forward pass that throws: every request with a row in the step, INTERNAL; their blocks are zeroed and not hittable.
     * - Anything else thrown here is a broken invariant: every request, INTERNAL; scheduler and pool start afresh, zeroed.
     * The loop itself goes on.
     *
     * Idle. Something alive always makes a plan that is not empty (the scheduler asserts it), so the loop parks only when nothing
     * is alive: no deadline can pass unseen, and nothing burns. Whoever adds to the inbox unparks it.
     *
     * No garbage. In a step without news from outside nothing is allocated, on this thread or a compute thread: what a step needs is
     * made once and used again (plan, batch, tasks), and a token is told of, not sent [Choice]. A request that asks for logprobs has
     * them made for it; a block that is full gets its entry in the prefix cache. AllocationTest counts the bytes.
     *
     * Inbox bound: requests alive are bounded by ongoingMax, and each is submitted, cancelled and abandoned at
     * most once, each choice stopped at most once. */

    /// How the loop ends texts and what it may hold.
    ///
    /// @param endOfSequence the model's tokens that end a text
    /// @param contextTokensMax prompt and output of one sequence
    record Settings(int batchedTokensMax, int sequencesMax, int contextTokensMax, Set<Integer> endOfSequence) {}

    private sealed interface Command {
        record Submit(LiveRequest request) implements Command {}

        record Cancel(LiveRequest request) implements Command {}

        record StopChoice(LiveRequest request, int choice) implements Command {}

        record Abandon(LiveRequest request) implements Command {}

        record ClearCache(String tenant, CompletableFuture<CacheClearing> cleared) implements Command {}
    }

    private final Queue<Command> inbox = new ConcurrentLinkedQueue<>(); // any thread adds
    private final Settings settings;
    private final Scheduler scheduler;
    private final BlockPool pool;
    private final StepRunner runner;
    private final LoopListener listener;
    private final TimeSource time;
    private final StepBatch batch;
    private final StepPace pace;
    private final Map<Sequence, Choice> choices = new HashMap<>(); // alive
    private final List<RowTask> tasks = new ArrayList<>(); // by logit row
    private final List<Choice> taskOwners = new ArrayList<>(); // by logit row
    private final LoopReading reading = new LoopReading();
    private final Thread thread =
            Thread.ofPlatform().name("engine-loop").daemon().unstarted(this::run);
    private volatile boolean stopping;
    private long steps;
    private long stepNanos;
    private long forwardNanos;
    private long lastForwardNanos;
    private long promptTokens;
    private long promptTokensCached;
    private long generationTokens;

    EngineLoop(
            Settings settings,
            Scheduler scheduler,
            BlockPool pool,
            StepRunner runner,
            StepPace pace,
            LoopListener listener,
            TimeSource time) {
        this.settings = settings;
        this.scheduler = scheduler;
        this.pool = pool;
        this.runner = runner;
        this.listener = listener;
        this.time = time;
        this.batch = new StepBatch(settings.batchedTokensMax(), settings.sequencesMax());
        this.pace = pace;
        read();
    }

    /// One step. Everything the engine does for a token is on this screen.
    ///
    /// @return whether anything was computed
    boolean step() {
        takeInbox(); // new requests, cancellations, texts that ended
        endExpired(); // their blocks are free for this very step
        StepPlan plan = scheduler.plan(pace.prefillTokens()); // who computes how many tokens
        if (plan.isEmpty()) return false;
        fillBatch(plan); // rows, positions, block tables; which rows' logits are wanted
        long started = time.nanos();
        try {
            runner.run(batch, tasks); // one forward pass, one token for each that caught up
        } catch (RuntimeException | Error fault) {
            failStep(plan, fault);
            return true;
        }
        long forward = time.nanos() - started;
        pace.ran(plan, forward);
        lastForwardNanos = forward;
        steps++;
        scheduler.commit(plan); // counts what was computed, shares full blocks
        for (int row = 0; row < tasks.size(); row++) accept(taskOwners.get(row), tasks.get(row)); // append, end, tell
        return true;
    }

    void start() {
        thread.start();
    }

    /// Ends the loop after the current step; whoever is alive then gets no further event from it. All blocks
    /// are zeroed.
    void stop() throws InterruptedException {
        stopping = true;
        LockSupport.unpark(thread);
        thread.join();
    }

    /// The last reading; taken after every step.
    ModelStats stats() {
        return reading.stats();
    }

    @Override
    public void submit(LiveRequest request) {
        post(new Command.Submit(request));
    }

    @Override
    public void cancel(LiveRequest request) {
        post(new Command.Cancel(request));
    }

    @Override
    public void stopChoice(LiveRequest request, int choice) {
        post(new Command.StopChoice(request, choice));
    }

    @Override
    public void abandon(LiveRequest request) {
        post(new Command.Abandon(request));
    }

    /// Forgets a tenant's cached blocks; those nobody holds are zero when the future completes.
    CompletableFuture<CacheClearing> clearCache(String tenant) {
        CompletableFuture<CacheClearing> cleared = new CompletableFuture<>();
        post(new Command.ClearCache(tenant, cleared));
        // The loop may be past its last look at the inbox; everything is zeroed then.
        if (stopping) cleared.complete(CacheClearing.NOTHING);
        return cleared;
    }

    /// Checks scheduler, pool and the loop's own books.
    void verify() {
        scheduler.verify();
        Invariant.hold(
                choices.size() == scheduler.alive().size(),
                "%d choices known, %d sequences alive",
                choices.size(),
                scheduler.alive().size());
    }

    private void run() {
        while (!stopping) {
            long began = time.nanos();
            lastForwardNanos = 0;
            boolean worked = stepOrRecover();
            read();
            listener.stepDone();
            if (worked) count(time.nanos() - began);
            if (!worked && inbox.isEmpty() && !stopping) LockSupport.park(this);
        }
        pool.reset();
        for (Command command = inbox.poll(); command != null; command = inbox.poll())
            if (command instanceof Command.ClearCache clear) clear.cleared().complete(CacheClearing.NOTHING);
    }

    /// The next reading shows it: both or none, so that their difference is right.
    private void count(long nanos) {
        stepNanos += nanos;
        forwardNanos += lastForwardNanos;
    }

    private boolean stepOrRecover() {
        try {
            return step();
        } catch (RuntimeException | Error fault) {
            Faults.logStep("the engine loop starts afresh after a fault", fault);
            Set<LiveRequest> requests = new LinkedHashSet<>();
            for (Choice choice : choices.values()) requests.add(choice.request);
            choices.clear();
            scheduler.reset();
            pool.reset();
            for (LiveRequest request : requests) {
                request.openChoices = 0;
                fail(request, ServeException.of(ErrorCode.INTERNAL));
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
                case Command.Submit submit -> admit(submit.request());
                case Command.Cancel cancel -> cancelAll(cancel.request());
                case Command.StopChoice stop -> {
                    if (stop.request().known) end(stop.request().choices.get(stop.choice()));
                }
                case Command.Abandon abandon -> abandonAll(abandon.request());
                case Command.ClearCache clear -> clear.cleared().complete(pool.clear(clear.tenant()));
            }
        }
    }

    private void admit(LiveRequest request) {
        request.known = true;
        request.openChoices = request.choices.size();
        request.endingIds = endingIds(request.sampling);
        List<Sequence> sequences =
                request.choices.stream().map(choice -> choice.sequence).toList();
        switch (scheduler.submit(sequences)) {
            case Submission.Queued queued -> {
                for (Choice choice : request.choices) choices.put(choice.sequence, choice);
                if (request.cancelled.get()) cancelAll(request);
            }
            case Submission.Refused refused -> {
                request.openChoices = 0;
                fail(
                        request,
                        ServeException.of(ErrorCode.KV_CACHE_TOO_SMALL, refused.blocksNeeded(), refused.blocksTotal()));
            }
        }
    }

    private int[] endingIds(SamplingParams sampling) {
        IntStream own = sampling.stopTokenIds().stream().mapToInt(Integer::intValue);
        IntStream models = settings.endOfSequence().stream().mapToInt(Integer::intValue);
        return IntStream.concat(own, sampling.ignoreEos() ? IntStream.empty() : models)
                .sorted()
                .toArray();
    }

    private void endExpired() {
        List<Sequence> expired = scheduler.expire(time.nanos());
        for (int i = 0; i < expired.size(); i++) endAndTell(choice(expired.get(i)), FinishReason.DEADLINE);
    }

    private void fillBatch(StepPlan plan) {
        tasks.clear();
        taskOwners.clear();
        int row = 0;
        long now = time.nanos();
        for (int i = 0; i < plan.size(); i++) {
            StepPlan.Entry entry = plan.entry(i);
            Choice choice = choice(entry.sequence());
            markComputing(choice.request, now);
            batch.attention.blockTable[i] = choice.sequence.table().array();
            for (int position = entry.from(); position < entry.from() + entry.tokens(); position++, row++) {
                batch.tokenIds[row] = choice.sequence.tokenOrGuess(position);
                batch.attention.position[row] = position;
                batch.attention.sequence[row] = i;
                batch.adapters[row] = choice.request.adapter;
                RowTask task = task(choice, position);
                if (task == null) continue;
                batch.logitRows[tasks.size()] = row;
                tasks.add(task);
                taskOwners.add(choice);
            }
        }
        batch.attention.rows = row;
        batch.attention.sequences = plan.size();
        batch.logitRowCount = tasks.size();
    }

    private Choice choice(Sequence sequence) {
        return Objects.requireNonNull(choices.get(sequence));
    }

    /// What is wanted of the logits at a position; null: nothing.
    private static @Nullable RowTask task(Choice choice, int position) {
        Sequence sequence = choice.sequence;
        if (position == sequence.length() - 1) return choice.next;
        if (position >= sequence.length()) return choice.after(position - sequence.length() + 1);
        LiveRequest request = choice.request;
        OptionalInt top = request.sampling.promptLogprobs();
        boolean wanted = top.isPresent()
                && choice.index == 0
                && position < sequence.promptTokens() - 1
                && position >= request.promptLogprobs.size(); // not a recomputation after a preemption
        return wanted ? new PromptLogprob(sequence.token(position + 1), top.getAsInt()) : null;
    }

    private void accept(Choice choice, RowTask task) {
        if (!choices.containsKey(choice.sequence))
            return; // ended in this step: another row or choice of it had a fault
        if (task instanceof NextToken && !choice.sequence.hasCaughtUp()) return; // it came after a wrong guess
        Throwable fault = task.fault();
        try {
            if (fault != null) failAlone(choice.request, fault);
            else
                switch (task) {
                    case NextToken next -> accept(choice, next);
                    case PromptLogprob prompt -> choice.request.promptLogprobs.add(prompt.logprob());
                }
        } catch (RuntimeException | Error thrown) {
            failAlone(choice.request, thrown);
        }
    }

    private void accept(Choice choice, NextToken next) {
        next.accept();
        scheduler.append(choice.sequence, next.token());
        choice.add(next.logprob());
        generationTokens++;
        if (!choice.request.started) markStarted(choice);
        Sequence sequence = choice.sequence;
        if (endsText(choice, next.token())) endAndTell(choice, FinishReason.STOP);
        else if (sequence.length() >= sequence.tokensMax() || sequence.length() >= settings.contextTokensMax())
            endAndTell(choice, FinishReason.LENGTH);
        else {
            choice.tell();
            listener.changed(choice.request);
        }
    }

    /// Whether the token is one that ends this text: not before `min_tokens`.
    private static boolean endsText(Choice choice, int token) {
        LiveRequest request = choice.request;
        return choice.sequence.outputTokens() >= request.sampling.minTokens()
                && Arrays.binarySearch(request.endingIds, token) >= 0;
    }

    private void markComputing(LiveRequest request, long now) {
        if (request.computing) return;
        request.computing = true;
        request.queueNanos = now - request.arrivalNanos;
        listener.leftQueue(request);
    }

    /// The prompt's logprobs are complete: nobody adds to them any more.
    private void markStarted(Choice choice) {
        LiveRequest request = choice.request;
        request.started = true;
        request.firstTokenNanos = time.nanos() - request.arrivalNanos;
        request.cachedTokens = choice.sequence.cachedTokens();
        promptTokens += request.promptIds.length;
        promptTokensCached += request.cachedTokens;
    }

    /// Before its first token was computed.
    private void leaveQueue(LiveRequest request) {
        if (request.computing) return;
        request.computing = true;
        listener.leftQueue(request);
    }

    private void endAndTell(Choice choice, FinishReason reason) {
        end(choice);
        choice.tellEnd(reason);
        listener.changed(choice.request);
    }

    private void end(Choice choice) {
        if (choices.remove(choice.sequence) == null) return;
        scheduler.end(choice.sequence);
        if (--choice.request.openChoices == 0) leaveQueue(choice.request);
    }

    private void cancelAll(LiveRequest request) {
        if (!request.known) return; // still with engine-input: seen when it is submitted
        for (Choice choice : request.choices)
            if (choices.containsKey(choice.sequence)) endAndTell(choice, FinishReason.CANCELLED);
    }

    private void abandonAll(LiveRequest request) {
        request.cancelled.set(true);
        if (request.known) for (Choice choice : request.choices) end(choice);
    }

    private void failAlone(LiveRequest request, Throwable fault) {
        Faults.log(request.id, fault);
        discardAndFail(request);
    }

    private void discardAndFail(LiveRequest request) {
        for (Choice choice : request.choices) {
            if (choices.remove(choice.sequence) == null) continue;
            scheduler.discard(choice.sequence);
            request.openChoices--;
        }
        fail(request, ServeException.of(ErrorCode.INTERNAL));
    }

    private void fail(LiveRequest request, ServeException error) {
        leaveQueue(request);
        request.failed(error);
        listener.changed(request);
    }

    private void failStep(StepPlan plan, Throwable fault) {
        Faults.logStep("a step with " + plan.tokens() + " tokens failed", fault);
        for (int i = 0; i < plan.size(); i++) {
            Choice choice = choices.get(plan.entry(i).sequence());
            if (choice != null) discardAndFail(choice.request);
        }
    }

    private void read() {
        reading.take(
                scheduler, pool, steps, stepNanos, forwardNanos, promptTokens, promptTokensCached, generationTokens);
    }
}
