package dev.redoubt.engine;

import java.util.List;

/// The text of one choice as it may be shown: cut before the first stop string wherever token borders fall, and
/// at the output text limit.
final class ChoiceText {
    /* Hold back. What was decoded and not shown is `pending`. After every piece the stop string that is complete first (smallest
     * end, and of those the longest) wins; if none is, the longest end of `pending` that begins a stop string stays back and the
     * rest is shown. So the result depends on the text alone, never on how tokens cut it.
     * Text of the first `minTokens` tokens is shown unchecked, as in vLLM: no stop before that many. */

    /// What one piece of text led to.
    sealed interface Result {
        String text();

        /// The choice goes on.
        record More(String text) implements Result {}

        /// A stop string is complete; the text ends before it.
        record Stopped(String text) implements Result {}

        /// The output text limit is reached (RULES V5.4).
        record Cut(String text) implements Result {}
    }

    private final List<String> stops;
    private final int minTokens;
    private final int charsMax;
    private final StringBuilder pending = new StringBuilder();
    private int shown;

    /// @param stops none empty
    /// @param charsMax of all text shown, in UTF-16 units, so at most as many code points
    ChoiceText(List<String> stops, int minTokens, int charsMax) {
        this.stops = stops;
        this.minTokens = minTokens;
        this.charsMax = charsMax;
    }

    /// More text.
    ///
    /// @param piece whole code points
    /// @param tokens accepted so far, the piece's included
    Result push(String piece, int tokens) {
        pending.append(piece);
        if (stops.isEmpty() || tokens <= minTokens) return show(pending.length());
        int stop = firstStop();
        if (stop < 0) return show(pending.length() - heldBack());
        Result before = show(stop);
        return before instanceof Result.Cut ? before : new Result.Stopped(before.text());
    }

    /// There is no more text: what was held back can be shown.
    Result flush() {
        return show(pending.length());
    }

    private Result show(int length) {
        int room = charsMax - shown;
        boolean cut = length > room;
        int end = cut ? room : length;
        if (cut && end > 0 && Character.isHighSurrogate(pending.charAt(end - 1))) end--;
        String text = pending.substring(0, end);
        pending.delete(0, end);
        shown += end;
        return cut ? new Result.Cut(text) : new Result.More(text);
    }

    /// Where the stop string that is complete first begins; -1 if none is.
    private int firstStop() {
        int start = -1;
        int end = Integer.MAX_VALUE;
        for (String stop : stops) {
            int at = pending.indexOf(stop);
            if (at < 0) continue;
            int stopEnd = at + stop.length();
            if (stopEnd < end || (stopEnd == end && at < start)) {
                start = at;
                end = stopEnd;
            }
        }
        return start;
    }

    private int heldBack() {
        int longest = 0;
        for (String stop : stops)
            for (int n = Math.min(stop.length() - 1, pending.length()); n > longest; n--)
                if (stop.startsWith(pending.substring(pending.length() - n))) longest = n;
        return longest;
    }
}
