package dev.redoubt.engine.schedule;

import dev.redoubt.base.Check;
import dev.redoubt.base.Invariant;
import dev.redoubt.engine.kvcache.BlockPool;
import dev.redoubt.engine.kvcache.BlockTable;
import dev.redoubt.engine.kvcache.CacheScope;
import dev.redoubt.engine.kvcache.PrefixKey;
import dev.redoubt.engine.kvcache.PrefixKeys;
import dev.redoubt.engine.schedule.Sequence.State;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Decides who computes how many tokens in the next step. Deterministic: the same calls give the same plans.
/// One owner, one thread.
public final class Scheduler {
    /* One idea: every sequence catches up to its own length. There is no prefill or decode phase; a sequence that lacks 500
     * tokens gets a chunk, one that lacks 1 gets 1, in the same step, under one token budget.
     *
     * A step serves the running sequences first: those that lack one token, since somebody reads along, then the others in order of
     * admission; then it admits waiting ones by fair share [FairShare]. What is left for more than one token of a sequence is small
     * where others decode [StepPace]: prompts end one after the other, and nobody waits for all of them.
     *
     * Admission takes blocks for the whole current sequence at once, prefix hits counted; so a prefill never runs out of blocks
     * and only growing output can. Then somebody is preempted: loses all blocks, keeps the output, goes to the front of its
     * tenant's queue and computes again what the prefix cache cannot give.
     *
     * Victim: of the tenant served most, the running sequence that arrived last. So the tenant that had the least suffers the
     * least, and since the order is total among running sequences, one of them is never the victim: it ends, and every other
     * one after it. Nothing is admitted in a step that preempted, or the victim's blocks would go to a newcomer.
     *
     * Guessed tokens [Speculation] are rows after the one that is missing, in slots that the sequence holds anyway. What was guessed
     * wrong stays in its slot until it is overwritten; it is not counted as computed, so nothing reads or shares it.
     *
     * What several want is computed once: a sequence whose next block a running one is about to publish is held for a step, then
     * stands at the front of its queue again. So requests that arrive together share their prefix, and the choices of one request
     * (n > 1) their prompt. Keys are made of the scope, so nobody waits for another tenant. Without prefix cache each computes all
     * itself. */
    private final SchedulerLimits limits;
    private final BlockPool pool;
    private final @Nullable PrefixKeys prefixKeys; // null: no prefix cache
    private final @Nullable Speculation speculation; // null: nothing is guessed
    private final FairShare<Sequence> fairShare;
    private final List<Sequence> running = new ArrayList<>(); // in order of admission
    private final Set<Sequence> alive = new LinkedHashSet<>(); // held, waiting and running
    private final Map<PrefixKey, Sequence> computing = new HashMap<>(); // who will publish a block
    private final List<Sequence> held = new ArrayList<>(); // until the next plan, in order
    private final StepPlan plan;
    private final @Nullable Sequence[] turns; // of planRunning
    private int prefillLeft; // of this step
    private long earliestDeadline = Sequence.NO_DEADLINE; // of all alive, or before it
    private long arrivals;
    private long preemptions;
    private long prefixQueries;
    private long prefixHits;

    /// @param prefixKeys what full blocks are shared by; null: nothing is shared
    /// @param speculation what guesses tokens; null: nothing is guessed
    public Scheduler(
            SchedulerLimits limits,
            BlockPool pool,
            @Nullable PrefixKeys prefixKeys,
            @Nullable Speculation speculation) {
        this.limits = limits;
        this.pool = pool;
        this.prefixKeys = prefixKeys;
        this.speculation = speculation;
        this.fairShare = new FairShare<>(FairShare.spreadBound(limits));
        this.plan = new StepPlan(limits.sequencesMax());
        this.turns = new Sequence[limits.sequencesMax()];
    }

    /// Takes in the choices of one request: same prompt, same scope. All or none.
    public Submission submit(List<Sequence> choices) {
        Sequence leader = choices.getFirst();
        Invariant.hold(
                leader.tokensMax() <= limits.contextTokensMax(), "%d tokens are over the context", leader.tokensMax());
        int needed = BlockPool.blocksFor(leader.tokensMax());
        if (needed > pool.blocks()) return new Submission.Refused(needed, pool.blocks());
        for (Sequence choice : choices) {
            choice.arrival = arrivals++;
            alive.add(choice);
            noteDeadline(choice);
            choice.state = State.WAITING;
            fairShare.enqueueLast(choice);
        }
        return new Submission.Queued();
    }

    /// Ends every sequence whose deadline has passed: its blocks are free when this returns.
    ///
    /// @return those ended, in order of arrival
    public List<Sequence> expire(long nowNanos) {
        if (!passed(earliestDeadline, nowNanos)) return List.of();
        List<Sequence> expired = new ArrayList<>();
        earliestDeadline = Sequence.NO_DEADLINE;
        for (Sequence sequence : alive) {
            if (passed(sequence.deadlineNanos(), nowNanos)) expired.add(sequence);
            else noteDeadline(sequence);
        }
        expired.forEach(this::end);
        return expired;
    }

    private void noteDeadline(Sequence sequence) {
        long deadline = sequence.deadlineNanos();
        if (deadline == Sequence.NO_DEADLINE) return;
        if (earliestDeadline == Sequence.NO_DEADLINE || deadline - earliestDeadline < 0) earliestDeadline = deadline;
    }

    private static boolean passed(long deadline, long nowNanos) {
        return deadline != Sequence.NO_DEADLINE && nowNanos - deadline >= 0;
    }

    /// Decides the next step. Preempts and admits; computes nothing. Whatever it holds must be run and then
    /// committed or ended.
    ///
    /// @param prefillBesideDecodes tokens, over 0, for sequences that lack more than one, where others lack one
    public StepPlan plan(int prefillBesideDecodes) {
        Check.positive("prefillBesideDecodes", prefillBesideDecodes);
        plan.clear();
        releaseHeld();
        boolean preempted = planRunning(prefillBesideDecodes);
        if (!preempted) admitWaiting();
        Invariant.hold(!plan.isEmpty() || alive.isEmpty(), "%d sequences alive, none can go on", alive.size());
        return plan;
    }

    /// The step was computed: counts its tokens and shares the blocks that are full now. Sequences that have
    /// ended since are left out.
    public void commit(StepPlan plan) {
        for (int i = 0; i < plan.size(); i++) {
            StepPlan.Entry entry = plan.entry(i);
            Sequence sequence = entry.sequence();
            if (sequence.state != State.RUNNING) continue;
            sequence.computed += entry.tokens() - entry.drafted();
            publishFullBlocks(sequence);
        }
    }

    /// A running sequence that has caught up got its next token. If that was guessed its keys and values are there,
    /// and the sequence has caught up again.
    public void append(Sequence sequence, int token) {
        Invariant.hold(sequence.state == State.RUNNING, "sequence %d does not run", sequence.id());
        Invariant.hold(sequence.computed == sequence.length(), "sequence %d has not caught up", sequence.id());
        sequence.append(token);
        fairShare.generated(sequence);
        if (speculation == null || !speculation.confirms(sequence, token)) return;
        sequence.computed++;
        publishFullBlocks(sequence);
    }

    /// Ends a sequence, wherever it stands: its blocks are free when this returns. Does nothing if it has
    /// ended.
    public void end(Sequence sequence) {
        end(sequence, true);
    }

    /// As [#end], for a sequence whose blocks may hold anything: what nobody else holds is zeroed and not
    /// hittable any more.
    public void discard(Sequence sequence) {
        end(sequence, false);
    }

    /// Forgets everything after a fault of ours, the tenants' counters too; never fails itself. The pool must
    /// be reset as well.
    public void reset() {
        for (Sequence sequence : alive) sequence.state = State.ENDED;
        alive.clear();
        running.clear();
        computing.clear();
        held.clear();
        fairShare.reset();
        plan.clear();
    }

    /// Held, waiting and running sequences, in order of arrival.
    public Collection<Sequence> alive() {
        return java.util.Collections.unmodifiableSet(alive);
    }

    public int running() {
        return running.size();
    }

    /// Held ones included.
    public int waiting() {
        return alive.size() - running.size();
    }

    public long preemptions() {
        return preemptions;
    }

    /// Prompt tokens looked up in the prefix cache, and those found.
    public long prefixQueries() {
        return prefixQueries;
    }

    public long prefixHits() {
        return prefixHits;
    }

    /// What guesses tokens; null: nothing is guessed.
    public @Nullable Speculation speculation() {
        return speculation;
    }

    /// The largest difference between the counters of two waiting tenants so far.
    public long spreadMax() {
        return fairShare.spreadMax();
    }

    /// Whether a tenant has a sequence in the queue.
    public boolean isBacklogged(String tenant) {
        return fairShare.isWaiting(tenant);
    }

    /// A tenant's virtual token counter.
    public long counter(String tenant) {
        return fairShare.counter(tenant);
    }

    /// Checks everything the scheduler and its pool promise.
    ///
    /// @throws IllegalStateException naming what does not hold
    public void verify() {
        int runningFound = 0;
        int waitingFound = 0;
        int heldFound = 0;
        List<BlockTable> tables = new ArrayList<>(running.size());
        for (Sequence sequence : alive) {
            switch (sequence.state) {
                case RUNNING -> {
                    runningFound++;
                    tables.add(sequence.table());
                    verifyRunning(sequence);
                }
                case WAITING, HELD -> {
                    if (sequence.state == State.WAITING) waitingFound++;
                    else heldFound++;
                    if (sequence.table().count() > 0 || sequence.computed > 0)
                        throw new IllegalStateException(
                                "invariant broken: sequence " + sequence.id() + " waits and holds blocks");
                }
                case ENDED -> throw new IllegalStateException("invariant broken: an ended sequence is alive");
            }
        }
        Invariant.hold(runningFound == running.size(), "%d run, %d are listed", runningFound, running.size());
        Invariant.hold(running.size() <= limits.sequencesMax(), "%d sequences run", running.size());
        Invariant.hold(waitingFound == fairShare.waiting(), "%d wait, %d queued", waitingFound, fairShare.waiting());
        Invariant.hold(heldFound == held.size(), "%d are held, %d are listed", heldFound, held.size());
        for (Sequence sequence : computing.values())
            Invariant.hold(
                    sequence.state == State.RUNNING && sequence.published < sequence.announced,
                    "sequence %d has nothing to publish",
                    sequence.id());
        fairShare.verify();
        pool.verify(tables);
    }

    private static void verifyRunning(Sequence sequence) {
        int blocks = sequence.table().count();
        if (sequence.computed > sequence.length()
                || sequence.length() > sequence.tokensMax()
                || blocks < BlockPool.blocksFor(sequence.computed)
                || blocks > BlockPool.blocksFor(sequence.length()))
            throw new IllegalStateException("invariant broken: sequence " + sequence.id() + " has " + sequence.computed
                    + " of " + sequence.length() + " tokens computed and " + blocks + " blocks");
    }

    private boolean planRunning(int prefillBesideDecodes) {
        int count = running.size();
        for (int i = 0; i < count; i++) turns[i] = running.get(i); // a copy: preemption takes some out
        prefillLeft = limits.prefillTokensMax();
        boolean preempted = planRunning(count, true);
        if (!plan.isEmpty()) prefillLeft = Math.min(prefillLeft, prefillBesideDecodes);
        preempted |= planRunning(count, false);
        Arrays.fill(turns, 0, count, null); // who has ended is not kept
        return preempted;
    }

    /// @param decodes whether those that lack one token are planned, or the others
    /// @return whether anybody was preempted
    private boolean planRunning(int count, boolean decodes) {
        boolean preempted = false;
        for (int i = 0; i < count; i++) {
            Sequence sequence = Objects.requireNonNull(turns[i]);
            if (sequence.state != State.RUNNING) continue; // preempted for one before it
            if ((sequence.missing() == 1) != decodes) continue;
            int tokens = share(sequence);
            if (tokens == 0) break; // the budget is spent
            while (sequence.state == State.RUNNING && sequence.blocksMissing() > pool.freeBlocks()) {
                preempt(victim());
                preempted = true;
            }
            if (sequence.state != State.RUNNING) continue; // it was the victim
            pool.allocate(sequence.table(), sequence.blocksMissing());
            if (speculation != null && decodes) speculation.draft(sequence, roomForGuesses(sequence));
            add(sequence, tokens);
        }
        return preempted;
    }

    /// Guesses never ask for a block, are never beyond the last token, and take nobody's turn.
    private int roomForGuesses(Sequence sequence) {
        int slots = sequence.table().count() * BlockPool.BLOCK_TOKENS - sequence.length();
        int rows = limits.batchedTokensMax() - plan.tokens() - limits.sequencesMax();
        return Math.min(Math.min(slots, rows), sequence.tokensMax() - sequence.length() - 1);
    }

    private void admitWaiting() {
        while (running.size() < limits.sequencesMax() && plan.tokens() < limits.batchedTokensMax() && prefillLeft > 0) {
            Sequence head = fairShare.head();
            if (head == null) return;
            switch (admit(head)) {
                case Admission.Admitted admitted -> add(head, share(head));
                case Admission.Held held -> {} // the next one's turn
                case Admission.Deferred deferred -> {
                    return; // nobody passes it
                }
            }
        }
    }

    /// What a sequence gets of the rest of the budget.
    private int share(Sequence sequence) {
        int missing = sequence.missing();
        int left = limits.batchedTokensMax() - plan.tokens();
        return Math.min(missing == 1 ? missing : Math.min(missing, prefillLeft), left);
    }

    private void add(Sequence sequence, int tokens) {
        if (sequence.missing() > 1) prefillLeft -= tokens;
        plan.add(sequence, tokens);
    }

    private Admission admit(Sequence sequence) {
        List<Integer> hits = prefixHits(sequence);
        if (isHeld(sequence, hits.size())) return new Admission.Held();
        int owned = 0; // hits that somebody holds cost no free block
        for (int block : hits) if (!pool.isFree(block)) owned++;
        int taken = BlockPool.blocksFor(sequence.length()) - owned;
        if (taken > pool.freeBlocks()) return new Admission.Deferred(taken - pool.freeBlocks());

        for (int block : hits) pool.share(sequence.table(), block);
        pool.allocate(sequence.table(), sequence.blocksMissing());
        sequence.computed = hits.size() * BlockPool.BLOCK_TOKENS;
        sequence.published = hits.size();
        int promptComputed = Math.min(sequence.computed, sequence.promptTokens());
        if (!sequence.admittedOnce) {
            sequence.admittedOnce = true;
            sequence.cachedTokens = promptComputed;
            if (prefixKeys != null && sequence.readsPrefixCache()) {
                prefixQueries += sequence.promptTokens();
                prefixHits += promptComputed;
            }
            sequence.chargedPromptTokens = sequence.promptTokens() - promptComputed;
            fairShare.admitted(sequence, sequence.chargedPromptTokens);
        } else {
            fairShare.admitted(sequence, 0); // a recomputation
        }
        sequence.state = State.RUNNING;
        running.add(sequence);
        announceBlocks(sequence);
        return new Admission.Admitted(sequence.computed);
    }

    /// Cached blocks that the sequence starts with. Stops one token short of its length: the last token is
    /// always computed, since its logits are what the step is for.
    private List<Integer> prefixHits(Sequence sequence) {
        List<Integer> hits = new ArrayList<>();
        int blocks = blocksOfUse(sequence);
        for (int i = 0; i < blocks; i++) {
            OptionalInt hit =
                    pool.lookup(key(sequence, i), sequence.scope(), sequence.tokens(), i * BlockPool.BLOCK_TOKENS);
            if (hit.isEmpty()) break;
            hits.add(hit.getAsInt());
        }
        return hits;
    }

    /// How many blocks of others a sequence could start with.
    private int blocksOfUse(Sequence sequence) {
        if (prefixKeys == null || !sequence.readsPrefixCache()) return 0;
        return (sequence.length() - 1) / BlockPool.BLOCK_TOKENS;
    }

    /// Holds a waiting sequence if a running one is about to publish the block that it needs next.
    private boolean isHeld(Sequence sequence, int hits) {
        if (hits >= blocksOfUse(sequence) || !computing.containsKey(key(sequence, hits))) return false;
        fairShare.leave(sequence);
        sequence.state = State.HELD;
        held.add(sequence);
        return true;
    }

    private void releaseHeld() {
        while (!held.isEmpty()) {
            Sequence last = held.removeLast();
            last.state = State.WAITING;
            fairShare.enqueueFirst(last);
        }
    }

    /// Others need not compute what this one will.
    private void announceBlocks(Sequence sequence) {
        if (prefixKeys == null) return;
        sequence.announced = sequence.length() / BlockPool.BLOCK_TOKENS;
        for (int i = sequence.published; i < sequence.announced; i++) computing.putIfAbsent(key(sequence, i), sequence);
    }

    private void publishFullBlocks(Sequence sequence) {
        if (prefixKeys == null) return;
        for (int full = sequence.computed / BlockPool.BLOCK_TOKENS; sequence.published < full; sequence.published++) {
            int i = sequence.published;
            if (i < sequence.announced) computing.remove(key(sequence, i), sequence);
            pool.publish(
                    sequence.table().block(i),
                    key(sequence, i),
                    sequence.scope(),
                    sequence.tokens(),
                    i * BlockPool.BLOCK_TOKENS);
        }
    }

    /// Computed once: tokens never change.
    private PrefixKey key(Sequence sequence, int index) {
        PrefixKeys keys = Objects.requireNonNull(prefixKeys);
        CacheScope scope = sequence.scope();
        while (sequence.keys.size() <= index) {
            int i = sequence.keys.size();
            PrefixKey parent = i == 0 ? null : sequence.keys.get(i - 1);
            sequence.keys.add(keys.key(scope, parent, sequence.tokens(), i * BlockPool.BLOCK_TOKENS));
        }
        return sequence.keys.get(index);
    }

    private Sequence victim() {
        Sequence victim = running.getFirst();
        for (Sequence candidate : running) {
            long more = fairShare.counter(candidate.tenant()) - fairShare.counter(victim.tenant());
            boolean later = candidate.arrival > victim.arrival;
            if (more > 0 || (more == 0 && later)) victim = candidate;
        }
        return victim;
    }

    private void preempt(Sequence victim) {
        Invariant.hold(running.size() > 1, "sequence %d runs alone and has no room", victim.id());
        plan.remove(victim);
        stopRunning(victim, true);
        victim.state = State.WAITING;
        fairShare.enqueueFirst(victim);
        preemptions++;
    }

    private void end(Sequence sequence, boolean keepCached) {
        switch (sequence.state) {
            case RUNNING -> stopRunning(sequence, keepCached);
            case WAITING -> fairShare.leave(sequence);
            case HELD -> held.remove(sequence);
            case ENDED -> {
                return;
            }
        }
        sequence.state = State.ENDED;
        alive.remove(sequence);
    }

    private void stopRunning(Sequence sequence, boolean keepCached) {
        running.remove(sequence);
        fairShare.stoppedRunning(sequence);
        if (keepCached) pool.release(sequence.table());
        else pool.discard(sequence.table());
        for (int i = sequence.published; i < sequence.announced; i++) computing.remove(key(sequence, i), sequence);
        sequence.computed = 0;
        sequence.published = 0;
        sequence.announced = 0;
        sequence.drafted = 0;
    }
}
