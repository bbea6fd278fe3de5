package dev.redoubt.engine.schedule;

/// Speculative decoding: guessed tokens are computed together with the one that is missing, and count as far as they
/// turn out to be what would have been sampled anyway. So nothing changes but the time: the tokens, and for a seed the
/// draws, are those of decoding one by one. One owner, one thread.
///
/// Source: Leviathan, Kalman, Matias, "Fast Inference from Transformers via Speculative Decoding", ICML 2023. With
/// draws that are a function of seed and position, accepting equal tokens only keeps the distribution.
public final class Speculation {
    /// Guesses of one sequence in a step.
    public static final int DRAFT_MAX = 8;

    /* When it pays. A row more costs `share` of a token (StepPace). The i-th guess is of use if it and all before it are right: with
     * probability p^i, p being how often the guesses of this sequence were right. So guesses are computed while p^i > share. A sequence
     * whose guesses fail computes none after a while; each time it could have guessed p moves a little towards where it began, so
     * that a text that starts to repeat itself is noticed. */
    private static final float RIGHT_AT_FIRST = 0.75f;
    private static final float LEARNT_OF_A_GUESS = 0.1f;
    private static final float FORGOTTEN = 0.005f;

    private final Drafter drafter;
    private final StepPace pace;
    private long drafts;
    private long draftedTokens;
    private long acceptedTokens;

    /// @param pace what a row costs
    public Speculation(Drafter drafter, StepPace pace) {
        this.drafter = drafter;
        this.pace = pace;
    }

    /// How often tokens were guessed, how many, and how many of those were right.
    public long drafts() {
        return drafts;
    }

    public long draftedTokens() {
        return draftedTokens;
    }

    public long acceptedTokens() {
        return acceptedTokens;
    }

    /// Guesses what comes after the missing token's.
    ///
    /// @param most tokens that there is room for
    /// @return how many rows to compute for it
    int draft(Sequence sequence, int most) {
        sequence.drafted = 0;
        if (!sequence.mayDraft() || most < 1) return 0;
        Draft draft = sequence.draft;
        if (draft == null) {
            draft = new Draft();
            sequence.draft = draft;
        }
        int guessed = drafter.draft(sequence, Math.min(most, DRAFT_MAX), draft.tokens);
        if (guessed == 0) return 0;
        double share = pace.rowShare();
        int paying = 0;
        for (double right = draft.right; paying < guessed && right > share; right *= draft.right) paying++;
        if (paying == 0) draft.right += FORGOTTEN * (RIGHT_AT_FIRST - draft.right);
        else drafts++;
        draftedTokens += paying;
        sequence.drafted = paying;
        sequence.confirmed = 0;
        return paying;
    }

    /// A sequence got a token.
    ///
    /// @return whether it was the one guessed, so that the sequence has caught up again
    boolean confirms(Sequence sequence, int token) {
        Draft draft = sequence.draft;
        if (draft == null || sequence.confirmed >= sequence.drafted) return false;
        boolean right = draft.tokens[sequence.confirmed] == token;
        draft.right += LEARNT_OF_A_GUESS * ((right ? 1 : 0) - draft.right);
        if (right) {
            sequence.confirmed++;
            acceptedTokens++;
        } else {
            sequence.drafted = 0;
        }
        return right;
    }

    /// Of one sequence.
    static final class Draft {
        final int[] tokens = new int[DRAFT_MAX];
        float right = RIGHT_AT_FIRST; // how often guesses were right
    }
}
