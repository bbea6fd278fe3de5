package dev.redoubt.base.generation;

/// One reading of a model's gauges and counters; names follow vLLM's metrics.
///
/// @param drafts how often tokens were guessed, `draftedTokens` how many, `acceptedTokens` how many of them
/// were right
/// @param canaryReadings how often the model read its reference text and was as it should be, `canaryFailures`
/// how often it was not (V6.2)
/// @param stepNanos what all steps took, `forwardNanos` what of it was the forward passes and the choice of
/// tokens
/// @param kvBlocksUsed held by a sequence; cached blocks that nobody holds count as free
public record ModelStats(
        int requestsRunning,
        int requestsWaiting,
        int kvBlocksTotal,
        int kvBlocksUsed,
        long steps,
        long stepNanos,
        long forwardNanos,
        long preemptions,
        long promptTokens,
        long promptTokensCached,
        long generationTokens,
        long prefixCacheQueries,
        long prefixCacheHits,
        long drafts,
        long draftedTokens,
        long acceptedTokens,
        long canaryReadings,
        long canaryFailures) {
    public static final ModelStats NOTHING = new ModelStats(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

    /// Of two models together.
    public ModelStats plus(ModelStats other) {
        return new ModelStats(
                requestsRunning + other.requestsRunning,
                requestsWaiting + other.requestsWaiting,
                kvBlocksTotal + other.kvBlocksTotal,
                kvBlocksUsed + other.kvBlocksUsed,
                steps + other.steps,
                stepNanos + other.stepNanos,
                forwardNanos + other.forwardNanos,
                preemptions + other.preemptions,
                promptTokens + other.promptTokens,
                promptTokensCached + other.promptTokensCached,
                generationTokens + other.generationTokens,
                prefixCacheQueries + other.prefixCacheQueries,
                prefixCacheHits + other.prefixCacheHits,
                drafts + other.drafts,
                draftedTokens + other.draftedTokens,
                acceptedTokens + other.acceptedTokens,
                canaryReadings + other.canaryReadings,
                canaryFailures + other.canaryFailures);
    }
}
