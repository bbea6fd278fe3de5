package dev.redoubt.engine.schedule;

import dev.redoubt.base.Check;

/// How many prefill tokens a step may take beside decodes, so that it lasts no longer than [#TARGET_NANOS]: that is the
/// gap between two tokens that a reader sees while somebody else's prompt is computed. Learns from the steps that were
/// run; one owner, one thread.
public final class PrefillPace {
    /* A step is taken to last decode + tokens · prefill. `decode` is the last step without prefill, `prefill` a mean over the steps
     * with some, the newer half. Attention makes a token dearer the longer its prompt is, so the mean must follow quickly.
     *
     * Only the cut of the work depends on time. What is computed does not: a token has the same bits in any chunk. */

    /// Longest gap between two tokens of a stream that prefill may cause.
    public static final long TARGET_NANOS = 100_000_000;
    /// Fewer would cost more for the step than for themselves.
    private static final int TOKENS_MIN = 16;

    private final int tokensMax;
    private double decodeNanos;
    private double prefillNanos; // of one token; 0: not known yet

    /// @param tokensMax of a step without decodes
    public PrefillPace(int tokensMax) {
        Check.positive("tokensMax", tokensMax);
        this.tokensMax = tokensMax;
    }

    /// Prefill tokens beside decodes in the next step.
    public int tokens() {
        int least = Math.min(TOKENS_MIN, tokensMax);
        if (prefillNanos == 0) return least;
        return (int) Math.clamp((TARGET_NANOS - decodeNanos) / prefillNanos, least, tokensMax);
    }

    /// A step was run.
    ///
    /// @param nanos it took, over 0
    public void ran(StepPlan plan, long nanos) {
        int decodes = plan.decodes();
        int prefill = plan.tokens() - decodes;
        if (prefill == 0) {
            decodeNanos = nanos;
            return;
        }
        if (prefill < TOKENS_MIN) return; // says little about one of many
        double own = Math.max(1, nanos - (decodes > 0 ? decodeNanos : 0)) / prefill;
        prefillNanos = prefillNanos == 0 ? own : (prefillNanos + own) / 2;
    }
}
