package dev.redoubt.policy.screen;

import dev.redoubt.policy.screen.ScreenPattern.Marker;
import dev.redoubt.policy.screen.ScreenPattern.Phrase;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Looks for attempts to talk a model out of its instructions (V5.2): a signal, not the control. What a text says is
/// found in spite of capitals, look-alike and invisible letters, and of what stands between them. Immutable; safe for
/// any thread.
public final class PromptScreen {
    /* A text becomes a stream of letters [Symbols]; an automaton tells which words end at each [Words]; a phrase is its words in order
     * with few letters between. So spacing, hyphens and line breaks hide nothing, and the work is one step a letter whatever the text:
     * no pattern is tried twice at one place. A marker such as `system:` means something at the begin of a line or sentence only:
     * `file system: full` is honest. */

    /// What a word is to a pattern.
    ///
    /// @param group of a phrase; a marker has one
    private record Use(int pattern, int group, int letters) {}

    private static final int NOWHERE = -1;

    private final Symbols symbols = new Symbols();
    private final List<ScreenPattern> patterns;
    private final Words words;
    private final Use[] uses; // by word

    /// @param own texts to be found beside the built-in patterns, each with some letters ([#lettersOf])
    public PromptScreen(List<String> own) {
        List<ScreenPattern> all = new ArrayList<>(ScreenPattern.BUILT_IN);
        for (int i = 0; i < own.size(); i++) all.add(new Phrase("own-" + (i + 1), 0, List.of(List.of(own.get(i)))));
        this.patterns = List.copyOf(all);
        List<String> written = new ArrayList<>();
        List<Use> used = new ArrayList<>();
        for (int p = 0; p < all.size(); p++) {
            List<List<String>> groups = groups(all.get(p));
            for (int g = 0; g < groups.size(); g++)
                for (String word : groups.get(g)) {
                    String letters = symbols.letters(word);
                    written.add(letters);
                    used.add(new Use(p, g, letters.length()));
                }
        }
        this.words = new Words(written);
        this.uses = used.toArray(Use[]::new);
    }

    /// How many letters and digits of a pattern are compared.
    public static int lettersOf(String pattern) {
        return new Symbols().letters(pattern).length();
    }

    /// The patterns' names: those of the product, then `own-1`, `own-2`, …
    public List<String> ids() {
        return patterns.stream().map(ScreenPattern::id).toList();
    }

    /// @return the names of the patterns that are in one of the texts, each once; empty for nearly every text
    public List<String> find(List<String> texts) {
        boolean[] found = new boolean[patterns.size()];
        for (String text : texts) new Reading(found).read(text);
        List<String> ids = new ArrayList<>();
        for (int p = 0; p < found.length; p++)
            if (found[p]) ids.add(patterns.get(p).id());
        return ids;
    }

    private static List<List<String>> groups(ScreenPattern pattern) {
        return switch (pattern) {
            case Phrase phrase -> phrase.groups();
            case Marker marker -> List.of(marker.words());
        };
    }

    /// One text.
    private final class Reading {
        private final boolean[] found; // by pattern
        private final int[][] ends; // by pattern and group: the letter where it was last seen complete, in order
        private int state = Words.START;
        private int letter = -1; // of the last one: its number
        private boolean begins = true; // the next letter begins a line or a sentence
        private boolean sentenceEnded;
        private long begun; // bit n: the letter n before the last one began a line or a sentence

        Reading(boolean[] found) {
            this.found = found;
            this.ends = new int[patterns.size()][];
            for (int p = 0; p < ends.length; p++) {
                ends[p] = new int[groups(patterns.get(p)).size()];
                Arrays.fill(ends[p], NOWHERE);
            }
        }

        void read(String text) {
            for (int at = 0; at < text.length(); at++) {
                int codePoint = text.charAt(at);
                if (Character.isHighSurrogate((char) codePoint)) {
                    codePoint = text.codePointAt(at);
                    at += Character.charCount(codePoint) - 1;
                }
                char symbol = symbols.of(codePoint);
                if (symbol == Symbols.MANY) for (char each : symbols.many(codePoint)) symbol(each);
                else symbol(symbol);
            }
        }

        private void symbol(char symbol) {
            if (Symbols.letter(symbol)) {
                letter(symbol);
                return;
            }
            switch (symbol) {
                case Symbols.SENTENCE_END -> sentenceEnded = true;
                case Symbols.LINE_END -> begins = true;
                case Symbols.SPACE -> begins |= sentenceEnded;
                case Symbols.COLON -> markers();
                default -> {} // nothing that counts
            }
        }

        private void letter(char symbol) {
            letter++;
            begun = begun << 1 | (begins ? 1 : 0);
            begins = false;
            sentenceEnded = false;
            state = words.step(state, symbol);
            for (int word : words.ends(state)) phrase(uses[word]);
        }

        private void phrase(Use use) {
            if (!(patterns.get(use.pattern()) instanceof Phrase phrase)) return;
            int[] seen = ends[use.pattern()];
            if (use.group() > 0) {
                int before = seen[use.group() - 1];
                int gap = letter - use.letters() - before;
                if (before == NOWHERE || gap < 0 || gap > phrase.gapMax()) return;
            }
            seen[use.group()] = letter;
            if (use.group() == seen.length - 1) found[use.pattern()] = true;
        }

        /// A colon: was the word before it one, and did it begin something?
        private void markers() {
            for (int word : words.ends(state)) {
                Use use = uses[word];
                boolean marker = patterns.get(use.pattern()) instanceof Marker;
                if (marker && (begun >>> (use.letters() - 1) & 1) != 0) found[use.pattern()] = true;
            }
        }
    }
}
