package dev.redoubt.engine;

import dev.redoubt.base.generation.ModelStats;
import dev.redoubt.engine.kvcache.BlockPool;
import dev.redoubt.engine.schedule.Scheduler;
import dev.redoubt.engine.schedule.Speculation;

/// The loop's gauges and counters for other threads. The loop writes after every step, anybody reads; each
/// number is exact, two of them may be of neighbouring steps.
final class LoopReading {
    private volatile int running;
    private volatile int waiting;
    private volatile int blocks;
    private volatile int blocksUsed;
    private volatile long steps;
    private volatile long stepNanos;
    private volatile long forwardNanos;
    private volatile long preemptions;
    private volatile long promptTokens;
    private volatile long promptTokensCached;
    private volatile long generationTokens;
    private volatile long prefixQueries;
    private volatile long prefixHits;
    private volatile long drafts;
    private volatile long draftedTokens;
    private volatile long acceptedTokens;

    void take(
            Scheduler scheduler,
            BlockPool pool,
            long steps,
            long stepNanos,
            long forwardNanos,
            long promptTokens,
            long promptTokensCached,
            long generationTokens) {
        this.running = scheduler.running();
        this.waiting = scheduler.waiting();
        this.blocks = pool.blocks();
        this.blocksUsed = pool.blocks() - pool.freeBlocks();
        this.steps = steps;
        this.stepNanos = stepNanos;
        this.forwardNanos = forwardNanos;
        this.preemptions = scheduler.preemptions();
        this.promptTokens = promptTokens;
        this.promptTokensCached = promptTokensCached;
        this.generationTokens = generationTokens;
        this.prefixQueries = scheduler.prefixQueries();
        this.prefixHits = scheduler.prefixHits();
        Speculation speculation = scheduler.speculation();
        if (speculation == null) return;
        this.drafts = speculation.drafts();
        this.draftedTokens = speculation.draftedTokens();
        this.acceptedTokens = speculation.acceptedTokens();
    }

    ModelStats stats() {
        return new ModelStats(
                running,
                waiting,
                blocks,
                blocksUsed,
                steps,
                stepNanos,
                forwardNanos,
                preemptions,
                promptTokens,
                promptTokensCached,
                generationTokens,
                prefixQueries,
                prefixHits,
                drafts,
                draftedTokens,
                acceptedTokens,
                0, // of the canary the engine knows
                0);
    }
}
