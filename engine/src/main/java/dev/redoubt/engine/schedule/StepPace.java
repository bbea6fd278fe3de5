package dev.redoubt.engine.schedule;

import dev.redoubt.base.Check;

/// What a step costs on this machine with this model, learnt from the steps that were run: so prefill beside decodes
/// stays small enough for those who read along, and drafts are computed only where they pay. One owner, one thread.
public final class StepPace {
    /* A step is taken to last decode + rows · row. `decode` is the last step that computed nothing but one token of each sequence,
     * `row` the mean over the steps with prefill, the newer half: attention makes a row dearer the longer its prompt is, so the mean
     * must follow quickly.
     *
     * Only the cut of the work depends on time. What is computed does not: a token has the same bits in any chunk. */

    /// Longest gap between two tokens of a stream that prefill may cause.
    public static final long TARGET_NANOS = 100_000_000;
    /// Fewer would cost more for the step than for themselves.
    private static final int TOKENS_MIN = 16;
    /// Of a row, before anything is known.
    private static final double SHARE_UNKNOWN = 0.25;

    private final int prefillTokensMax;
    private double decodeNanos; // of a step; 0: not known yet
    private int decodes; // in it
    private double rowNanos; // 0: not known yet

    /// @param prefillTokensMax of a step without decodes
    public StepPace(int prefillTokensMax) {
        Check.positive("prefillTokensMax", prefillTokensMax);
        this.prefillTokensMax = prefillTokensMax;
    }

    /// Prefill tokens beside decodes in the next step, so that it lasts no longer than [#TARGET_NANOS].
    public int prefillTokens() {
        int least = Math.min(TOKENS_MIN, prefillTokensMax);
        if (rowNanos == 0) return least;
        return (int) Math.clamp((TARGET_NANOS - decodeNanos) / rowNanos, least, prefillTokensMax);
    }

    /// What one more row costs in a step of decodes, as a share of what a token costs there: about 0.1 where one
    /// sequence waits for the weights, towards 1 where many share them.
    double rowShare() {
        if (rowNanos == 0 || decodeNanos == 0) return SHARE_UNKNOWN;
        return Math.min(1, rowNanos * decodes / decodeNanos);
    }

    /// A step was run.
    ///
    /// @param nanos it took
    public void ran(StepPlan plan, long nanos) {
        int prefill = plan.tokens() - plan.decodes() - plan.drafted();
        if (prefill == 0) {
            decodeNanos = Math.max(1, nanos - plan.drafted() * rowNanos);
            decodes = plan.decodes();
            return;
        }
        if (prefill < TOKENS_MIN) return; // says little about one of many
        double before = plan.decodes() > 0 ? decodeNanos + plan.drafted() * rowNanos : 0;
        double own = Math.max(1, nanos - before) / prefill;
        rowNanos = rowNanos == 0 ? own : (rowNanos + own) / 2;
    }
}
