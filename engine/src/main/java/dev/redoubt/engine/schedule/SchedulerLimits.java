package dev.redoubt.engine.schedule;

import dev.redoubt.base.Check;

/// Bounds of the scheduler.
///
/// @param sequencesMax running at once
/// @param batchedTokensMax in one step, all sequences together
/// @param prefillTokensMax in one step, of all sequences that lack more than one
/// @param contextTokensMax of one sequence, prompt and output
/// @param outputTokensMax of one sequence, output only
public record SchedulerLimits(
        int sequencesMax, int batchedTokensMax, int prefillTokensMax, int contextTokensMax, int outputTokensMax) {
    public SchedulerLimits {
        Check.positive("sequencesMax", sequencesMax);
        Check.inRange("batchedTokensMax", batchedTokensMax, sequencesMax, 1 << 20);
        Check.inRange("prefillTokensMax", prefillTokensMax, 1, batchedTokensMax);
        Check.inRange("contextTokensMax", contextTokensMax, 2, 1 << 24);
        Check.positive("outputTokensMax", outputTokensMax);
    }

    /// How far the service of two tenants that always have something waiting may drift apart; proof in
    /// [FairShare].
    public long fairnessBound() {
        return 2 * FairShare.spreadBound(this);
    }
}
