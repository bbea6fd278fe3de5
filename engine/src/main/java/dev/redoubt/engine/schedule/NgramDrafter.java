package dev.redoubt.engine.schedule;

/// Prompt lookup: where the last tokens stood before in the same text, what followed there may follow again. Quotes,
/// code and lists are full of that. Keeps nothing.
///
/// Source: Saxena, "Prompt Lookup Decoding", 2023; vLLM's `ngram` proposer.
public final class NgramDrafter implements Drafter {
    /// Shorter matches are wrong too often.
    private static final int MATCH_MIN = 3;
    /// A longer match says no more.
    private static final int MATCH_MAX = 8;
    /// How far it looks back: a bound for the time that a step may lose here.
    private static final int TOKENS_BACK_MAX = 8192;

    @Override
    public int draft(Sequence sequence, int most, int[] draft) {
        int[] tokens = sequence.tokens();
        int length = sequence.length();
        int longest = MATCH_MIN - 1;
        int found = -1; // what followed the longest match; of equals the last one
        for (int at = length - 1; at >= Math.max(MATCH_MIN, length - TOKENS_BACK_MAX) && longest < MATCH_MAX; at--) {
            if (tokens[at - 1] != tokens[length - 1]) continue;
            int match = matching(tokens, at, length);
            if (match <= longest) continue;
            longest = match;
            found = at;
        }
        if (found < 0) return 0;
        int period = length - found; // what repeats itself goes on so
        for (int i = 0; i < most; i++) draft[i] = i < period ? tokens[found + i] : draft[i - period];
        return most;
    }

    /// How many tokens before `at` are equal to the last ones.
    private static int matching(int[] tokens, int at, int length) {
        int match = 1;
        while (match < MATCH_MAX && match < at && tokens[at - 1 - match] == tokens[length - 1 - match]) match++;
        return match;
    }
}
