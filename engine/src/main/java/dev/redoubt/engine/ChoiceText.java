package dev.redoubt.engine;

import java.util.List;

/// The text of one choice as it may be shown: cut before the first stop string wherever token borders fall, and
/// at the output text limit.
final class ChoiceText {
    /* Hold back. What was decoded and not shown is `pending`. After every piece the stop string that is complete first (smallest
     * end, and of those the longest) wins; if none is, the longest end of `pending` that begins a stop string stays back and the
     * rest is shown. So the result depends on the text alone, never on how tokens cut it.
     * The caller's stop strings are not looked for in the text of the first `minTokens` tokens, as in vLLM: no stop before that
     * many. Those of the route are, since a caller must not be able to put off a policy (V1.5). */

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

    private final List<String> callersStops;
    private final List<String> routeStops;
    private final int minTokens;
    private final int charsMax;
    private final StringBuilder pending = new StringBuilder();
    private int early; // how much of `pending` is of the first `minTokens` tokens
    private int shown;

    /// @param callersStops none empty
    /// @param routeStops none empty
    /// @param charsMax of all text shown, in UTF-16 units, so at most as many code points
    ChoiceText(List<String> callersStops, List<String> routeStops, int minTokens, int charsMax) {
        this.callersStops = callersStops;
        this.routeStops = routeStops;
        this.minTokens = minTokens;
        this.charsMax = charsMax;
    }

    /// More text.
    ///
    /// @param piece whole code points
    /// @param tokens accepted so far, the piece's included
    Result push(String piece, int tokens) {
        pending.append(piece);
        if (tokens <= minTokens) early = pending.length();
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
        early = Math.max(0, early - end);
        shown += end;
        return cut ? new Result.Cut(text) : new Result.More(text);
    }

    /// Where the stop string that is complete first begins; -1 if none is.
    private int firstStop() {
        int start = -1;
        int end = Integer.MAX_VALUE;
        for (int i = 0; i < stopCount(); i++) {
            String stop = stop(i);
            int at = pending.indexOf(stop, from(i));
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
        for (int i = 0; i < stopCount(); i++) {
            String stop = stop(i);
            for (int n = Math.min(stop.length() - 1, pending.length() - from(i)); n > longest; n--)
                if (stop.startsWith(pending.substring(pending.length() - n))) longest = n;
        }
        return longest;
    }

    private int stopCount() {
        return routeStops.size() + callersStops.size();
    }

    private String stop(int i) {
        return i < routeStops.size() ? routeStops.get(i) : callersStops.get(i - routeStops.size());
    }

    /// Where in `pending` a stop string may begin.
    private int from(int i) {
        return i < routeStops.size() ? 0 : early;
    }
}
