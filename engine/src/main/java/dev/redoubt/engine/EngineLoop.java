package dev.redoubt.engine;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.TimeSource;
import dev.redoubt.base.generation.FinishReason;
import dev.redoubt.base.generation.ModelStats;
import dev.redoubt.engine.LiveRequest.Choice;
import dev.redoubt.engine.kvcache.BlockPool;
import dev.redoubt.engine.model.StepBatch;
import dev.redoubt.engine.schedule.Scheduler;
import dev.redoubt.engine.schedule.Sequence;
import dev.redoubt.engine.schedule.StepPlan;
import dev.redoubt.engine.schedule.Submission;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

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
     * Inbox bound: requests alive are bounded by queuedMax and sequencesMax, and each is submitted, cancelled and abandoned at
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

        record ClearCache(String tenant, CompletableFuture<Integer> cleared) implements Command {}
    }

    private final Queue<Command> inbox = new ConcurrentLinkedQueue<>(); // any thread adds
    private final Settings settings;
    private final Scheduler scheduler;
    private final BlockPool pool;
    private final StepRunner runner;
    private final Consumer<Output> output;
    private final Consumer<LiveRequest> leftQueue;
    private final TimeSource time;
    private final StepBatch batch;
    private final Map<Sequence, Choice> choices = new HashMap<>(); // alive
    private final List<RowTask> tasks = new ArrayList<>(); // by logit row
    private final List<Choice> taskOwners = new ArrayList<>(); // by logit row
    private final Thread thread =
            Thread.ofPlatform().name("engine-loop").daemon().unstarted(this::run);
    private volatile ModelStats stats;
    private volatile boolean stopping;
    private long steps;
    private long promptTokens;
    private long promptTokensCached;
    private long generationTokens;

    /// @param output takes what happened, in order; must not block
    /// @param leftQueue told once of every request that computes its first token or ends before
    EngineLoop(
            Settings settings,
            Scheduler scheduler,
            BlockPool pool,
            StepRunner runner,
            Consumer<Output> output,
            Consumer<LiveRequest> leftQueue,
            TimeSource time) {
        this.settings = settings;
        this.scheduler = scheduler;
        this.pool = pool;
        this.runner = runner;
        this.output = output;
        this.leftQueue = leftQueue;
        this.time = time;
        this.batch = new StepBatch(settings.batchedTokensMax(), settings.sequencesMax());
        this.stats = readStats();
    }

    /// One step. Everything the engine does for a token is on this screen.
    ///
    /// @return whether anything was computed
    boolean step() {
        takeInbox(); // new requests, cancellations, texts that ended
        endExpired(); // their blocks are free for this very step
        StepPlan plan = scheduler.plan(); // who computes how many tokens
        if (plan.isEmpty()) return false;
        fillBatch(plan); // rows, positions, block tables; which rows' logits are wanted
        List<RowOutcome> outcomes;
        try {
            outcomes = runner.run(batch, List.copyOf(tasks)); // one forward pass, one token for each that caught up
        } catch (RuntimeException | Error fault) {
            failStep(plan, fault);
            return true;
        }
        steps++;
        scheduler.commit(plan); // counts what was computed, shares full blocks
        for (int row = 0; row < outcomes.size(); row++)
            accept(taskOwners.get(row), outcomes.get(row)); // append, end, emit
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
        return stats;
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

    /// Forgets a tenant's cached blocks; those nobody holds are zeroed when the future completes with their
    /// number.
    CompletableFuture<Integer> clearCache(String tenant) {
        CompletableFuture<Integer> cleared = new CompletableFuture<>();
        post(new Command.ClearCache(tenant, cleared));
        if (stopping) cleared.complete(0); // the loop may be past its last look at the inbox; everything is zeroed then
        return cleared;
    }

    /// Checks scheduler, pool and the loop's own books.
    void verify() {
        scheduler.verify();
        dev.redoubt.base.Invariant.hold(
                choices.size() == scheduler.alive().size(),
                "%d choices known, %d sequences alive",
                choices.size(),
                scheduler.alive().size());
    }

    private void run() {
        while (!stopping) {
            boolean worked = stepOrRecover();
            stats = readStats();
            if (!worked && inbox.isEmpty() && !stopping) LockSupport.park(this);
        }
        pool.reset();
        for (Command command = inbox.poll(); command != null; command = inbox.poll())
            if (command instanceof Command.ClearCache clear) clear.cleared().complete(0);
    }

    private boolean stepOrRecover() {
        try {
            return step();
        } catch (RuntimeException | Error fault) {
            Faults.logStep("the engine loop starts afresh after a fault", fault);
            Set<LiveRequest> requests = new java.util.LinkedHashSet<>();
            for (Choice choice : choices.values()) requests.add(choice.request());
            choices.clear();
            scheduler.reset();
            pool.reset();
            for (LiveRequest request : requests) {
                request.openChoices = 0;
                fail(request);
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
                case Command.Cancel cancel -> endAll(cancel.request(), FinishReason.CANCELLED);
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
        List<Sequence> sequences =
                request.choices.stream().map(Choice::sequence).toList();
        switch (scheduler.submit(sequences)) {
            case Submission.Queued queued -> {
                for (Choice choice : request.choices) choices.put(choice.sequence(), choice);
                if (request.cancelled.get()) endAll(request, FinishReason.CANCELLED);
            }
            case Submission.Refused refused -> {
                request.openChoices = 0;
                leaveQueue(request);
                output.accept(new Output.Failed(
                        request,
                        ServeException.of(
                                ErrorCode.KV_CACHE_TOO_SMALL, refused.blocksNeeded(), refused.blocksTotal())));
            }
        }
    }

    private void endExpired() {
        for (Sequence expired : scheduler.expire(time.nanos())) {
            Choice choice = java.util.Objects.requireNonNull(choices.get(expired));
            end(choice);
            output.accept(new Output.Ended(choice.request(), choice.index(), FinishReason.DEADLINE));
        }
    }

    private void fillBatch(StepPlan plan) {
        tasks.clear();
        taskOwners.clear();
        int row = 0;
        int sequenceIndex = 0;
        long now = time.nanos();
        for (StepPlan.Entry entry : plan.entries()) {
            Sequence sequence = entry.sequence();
            Choice choice = java.util.Objects.requireNonNull(choices.get(sequence));
            markComputing(choice.request(), now);
            batch.attention.blockTable[sequenceIndex] = sequence.table().array();
            for (int position = entry.from(); position < entry.from() + entry.tokens(); position++, row++) {
                batch.tokenIds[row] = sequence.token(position);
                batch.attention.position[row] = position;
                batch.attention.sequence[row] = sequenceIndex;
                Optional<RowTask> task = task(choice, position);
                if (task.isEmpty()) continue;
                batch.logitRows[tasks.size()] = row;
                tasks.add(task.get());
                taskOwners.add(choice);
            }
            sequenceIndex++;
        }
        batch.attention.rows = row;
        batch.attention.sequences = sequenceIndex;
        batch.logitRowCount = tasks.size();
    }

    /// What is wanted of the logits at a position, if anything.
    private static Optional<RowTask> task(Choice choice, int position) {
        Sequence sequence = choice.sequence();
        if (position == sequence.length() - 1) return Optional.of(new RowTask.NextToken(choice.picker()));
        LiveRequest request = choice.request();
        OptionalInt top = request.sampling.promptLogprobs();
        boolean wanted = top.isPresent()
                && choice.index() == 0
                && position < sequence.promptTokens() - 1
                && position >= request.promptLogprobs.size(); // not a recomputation after a preemption
        if (!wanted) return Optional.empty();
        return Optional.of(new RowTask.PromptLogprob(sequence.token(position + 1), top.getAsInt()));
    }

    private void accept(Choice choice, RowOutcome outcome) {
        if (!choices.containsKey(choice.sequence()))
            return; // ended in this step: another row or choice of it had a fault
        try {
            switch (outcome) {
                case RowOutcome.Token token -> accept(choice, token);
                case RowOutcome.Logprob logprob ->
                    choice.request().promptLogprobs.add(logprob.logprob());
                case RowOutcome.Fault fault -> failAlone(choice.request(), fault.cause());
            }
        } catch (RuntimeException | Error fault) {
            failAlone(choice.request(), fault);
        }
    }

    private void accept(Choice choice, RowOutcome.Token token) {
        LiveRequest request = choice.request();
        choice.picker().accept(token.id());
        scheduler.append(choice.sequence(), token.id());
        generationTokens++;
        if (!request.started) markStarted(choice);
        boolean silent = endsText(choice, token.id());
        Optional<FinishReason> end = finishReason(choice, silent);
        if (end.isPresent()) end(choice);
        output.accept(new Output.Token(request, choice.index(), token.id(), token.logprob(), silent, end));
    }

    /// Whether the token is one that ends this text: not before `min_tokens`.
    private boolean endsText(Choice choice, int token) {
        LiveRequest request = choice.request();
        if (choice.sequence().outputTokens() < request.sampling.minTokens()) return false;
        return (!request.sampling.ignoreEos() && settings.endOfSequence().contains(token))
                || request.sampling.stopTokenIds().contains(token);
    }

    private Optional<FinishReason> finishReason(Choice choice, boolean endsText) {
        Sequence sequence = choice.sequence();
        if (endsText) return Optional.of(FinishReason.STOP);
        boolean full = sequence.length() >= sequence.tokensMax() || sequence.length() >= settings.contextTokensMax();
        return full ? Optional.of(FinishReason.LENGTH) : Optional.empty();
    }

    private void markComputing(LiveRequest request, long now) {
        if (request.computing) return;
        request.computing = true;
        request.queueNanos = now - request.arrivalNanos;
        leftQueue.accept(request);
    }

    /// The prompt's logprobs are complete: nobody adds to them any more.
    private void markStarted(Choice choice) {
        LiveRequest request = choice.request();
        request.started = true;
        request.firstTokenNanos = time.nanos() - request.arrivalNanos;
        int cached = choice.sequence().cachedTokens();
        promptTokens += request.promptIds.length;
        promptTokensCached += cached;
        output.accept(new Output.Started(request, cached, Collections.unmodifiableList(request.promptLogprobs)));
    }

    /// Before its first token was computed.
    private void leaveQueue(LiveRequest request) {
        if (request.computing) return;
        request.computing = true;
        leftQueue.accept(request);
    }

    private void end(Choice choice) {
        if (choices.remove(choice.sequence()) == null) return;
        scheduler.end(choice.sequence());
        closed(choice.request());
    }

    private void closed(LiveRequest request) {
        if (--request.openChoices == 0) leaveQueue(request);
    }

    private void endAll(LiveRequest request, FinishReason reason) {
        if (!request.known) return; // still with engine-input: seen when it is submitted
        for (Choice choice : request.choices) {
            if (!choices.containsKey(choice.sequence())) continue;
            end(choice);
            output.accept(new Output.Ended(request, choice.index(), reason));
        }
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
            if (choices.remove(choice.sequence()) == null) continue;
            scheduler.discard(choice.sequence());
            request.openChoices--;
        }
        fail(request);
    }

    private void fail(LiveRequest request) {
        leaveQueue(request);
        output.accept(new Output.Failed(request, ServeException.of(ErrorCode.INTERNAL)));
    }

    private void failStep(StepPlan plan, Throwable fault) {
        Faults.logStep("a step with " + plan.tokens() + " tokens failed", fault);
        for (StepPlan.Entry entry : plan.entries()) {
            Choice choice = choices.get(entry.sequence());
            if (choice != null) discardAndFail(choice.request());
        }
    }

    private ModelStats readStats() {
        return new ModelStats(
                scheduler.running(),
                scheduler.waiting(),
                pool.blocks(),
                pool.blocks() - pool.freeBlocks(),
                steps,
                scheduler.preemptions(),
                promptTokens,
                promptTokensCached,
                generationTokens,
                scheduler.prefixQueries(),
                scheduler.prefixHits());
    }
}
