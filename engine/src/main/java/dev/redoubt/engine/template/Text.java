package dev.redoubt.engine.template;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// A string that knows, character by character, whether it stands in the template (or is the model's own) or
/// comes from data. Immutable. Two texts are equal when their characters are, whatever their origin.
final class Text implements Value {
    /* Origins are kept as ends of alternating runs: characters [0, ends[0]) have origin `firstTrusted`, the next run
     * the other one, and so on; the last end is the length. A text of one origin, which nearly all are, holds one
     * end. Nothing here may turn data into template: an operation that cannot say where a character comes from calls
     * it data. */
    static final Text EMPTY = new Text("", true, new int[] {0});

    private final String chars;
    private final boolean firstTrusted;
    private final int[] ends;

    private Text(String chars, boolean firstTrusted, int[] ends) {
        this.chars = chars;
        this.firstTrusted = firstTrusted;
        this.ends = ends;
    }

    static Text template(String chars) {
        return new Text(chars, true, new int[] {chars.length()});
    }

    static Text data(String chars) {
        return new Text(chars, false, new int[] {chars.length()});
    }

    String chars() {
        return chars;
    }

    int length() {
        return chars.length();
    }

    boolean isEmpty() {
        return chars.isEmpty();
    }

    /// In Unicode code points, as Python counts.
    int codePoints() {
        return chars.codePointCount(0, chars.length());
    }

    /// By UTF-16 index.
    Text slice(int from, int to) {
        if (from >= to) return EMPTY;
        if (from == 0 && to == chars.length()) return this;
        int first = runOf(from);
        int last = runOf(to - 1);
        boolean trusted = firstTrusted == (first % 2 == 0);
        int[] cut = new int[last - first + 1];
        for (int i = first; i <= last; i++) cut[i - first] = Math.min(ends[i], to) - from;
        return new Text(chars.substring(from, to), trusted, cut);
    }

    /// The run of the character at an index.
    private int runOf(int index) {
        int found = Arrays.binarySearch(ends, index);
        return found >= 0 ? found + 1 : -found - 1; // an end belongs to the run after it
    }

    Text stripLeading(String unwanted) {
        int from = 0;
        while (from < chars.length() && matches(chars.charAt(from), unwanted)) from++;
        return slice(from, chars.length());
    }

    Text stripTrailing(String unwanted) {
        int to = chars.length();
        while (to > 0 && matches(chars.charAt(to - 1), unwanted)) to--;
        return slice(0, to);
    }

    /// No unwanted characters named: whitespace.
    private static boolean matches(char c, String unwanted) {
        return unwanted.isEmpty() ? isSpace(c) : unwanted.indexOf(c) >= 0;
    }

    /// What Python's `str.isspace` says of one character.
    static boolean isSpace(int c) {
        return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == 0x85;
    }

    List<RenderedText.Piece> pieces() {
        List<RenderedText.Piece> pieces = new ArrayList<>(ends.length);
        boolean trusted = firstTrusted;
        int from = 0;
        for (int end : ends) {
            if (end > from) pieces.add(new RenderedText.Piece(chars.substring(from, end), trusted));
            from = end;
            trusted = !trusted;
        }
        return pieces;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Text text && text.chars.equals(chars);
    }

    @Override
    public int hashCode() {
        return chars.hashCode();
    }

    @Override
    public String toString() {
        return chars;
    }

    /// Puts texts together. One owner.
    static final class Builder {
        private final StringBuilder chars = new StringBuilder();
        private int[] ends = new int[8];
        private int runs;
        private boolean firstTrusted = true;

        int length() {
            return chars.length();
        }

        Builder append(Text text) {
            boolean trusted = text.firstTrusted;
            int from = 0;
            for (int end : text.ends) {
                append(text.chars, from, end, trusted);
                from = end;
                trusted = !trusted;
            }
            return this;
        }

        Builder append(String text, boolean trusted) {
            return append(text, 0, text.length(), trusted);
        }

        private Builder append(String text, int from, int to, boolean trusted) {
            if (from == to) return this;
            chars.append(text, from, to);
            if (runs == 0) firstTrusted = trusted;
            boolean lastTrusted = firstTrusted == (runs % 2 == 1);
            if (runs == 0 || lastTrusted != trusted) {
                if (runs == ends.length) ends = Arrays.copyOf(ends, 2 * runs);
                runs++;
            }
            ends[runs - 1] = chars.length();
            return this;
        }

        Text build() {
            if (runs == 0) return EMPTY;
            return new Text(chars.toString(), firstTrusted, Arrays.copyOf(ends, runs));
        }
    }
}
