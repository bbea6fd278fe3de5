package dev.redoubt.policy.screen;

import java.text.Normalizer;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/// What each code point of a text is to the screen: letters, folded, or a kind of sign. Safe for any thread.
final class Symbols {
    /* Unicode is folded by tables, so that a text costs a look-up for each code point and no memory: compatibility decomposition takes
     * full-width, mathematical, circled and accented letters apart; what nobody sees goes (marks, zero-width and other format
     * characters, controls); each letter becomes small, and the Latin one it looks like. Marks go one by one and are never sorted,
     * so a text of nothing but marks takes no longer than another. A page of a table is made when a text first needs it: a start
     * need not wait for alphabets that nobody writes. There are 512 of them, and none ever changes. */
    static final char IGNORED = 0;
    /// Between words, or a letter that no pattern can have.
    static final char OTHER_SIGN = 1;
    static final char SPACE = 2;
    /// A line ends.
    static final char LINE_END = 3;
    /// A sentence may end.
    static final char SENTENCE_END = 4;
    static final char COLON = 5;
    /// Whatever is above, but for MANY, is a letter, by itself.
    private static final char LETTER_MIN = 6;
    /// Stands for more than one symbol.
    static final char MANY = 0xFFFF;

    private static final int MANY_MAX = 4; // there are ligatures of whole words and sentences
    private static final int PAGE = 256;
    private static final int CODE_POINTS = 0x20000; // beyond: ideographs, and what nobody sees
    private static final String FILLERS = "\u115F\u1160\u3164\uFFA0"; // letters without a shape
    private static final char BRAILLE_BLANK = '\u2800';
    private static final char[] NONE = {};

    /// @param many by place: what stands for [#MANY]
    private record Page(char[] symbols, char[] @Nullable [] many) {}

    private final AtomicReferenceArray<@Nullable Page> pages = new AtomicReferenceArray<>(CODE_POINTS / PAGE);

    static boolean letter(char symbol) {
        return symbol >= LETTER_MIN;
    }

    /// [#MANY] where it is more than one.
    char of(int codePoint) {
        if (codePoint < CODE_POINTS) return page(codePoint).symbols[codePoint % PAGE];
        char ascii = Lookalikes.ascii(codePoint);
        return ascii != 0 ? of(ascii) : OTHER_SIGN;
    }

    /// What a code point stands for that is [#MANY].
    char[] many(int codePoint) {
        char[] many = page(codePoint).many[codePoint % PAGE];
        return many == null ? NONE : many;
    }

    /// The letters of a text, folded.
    String letters(String text) {
        StringBuilder letters = new StringBuilder();
        text.codePoints().forEach(codePoint -> {
            char one = of(codePoint);
            for (char symbol : one == MANY ? many(codePoint) : new char[] {one})
                if (letter(symbol)) letters.append(symbol);
        });
        return letters.toString();
    }

    private Page page(int codePoint) {
        Page page = pages.getAcquire(codePoint / PAGE);
        if (page != null) return page;
        Page made = make(codePoint - codePoint % PAGE); // two threads may make it; they make the same
        pages.setRelease(codePoint / PAGE, made);
        return made;
    }

    private static Page make(int first) {
        Page page = new Page(new char[PAGE], new char[PAGE][]);
        for (int place = 0; place < PAGE; place++) {
            int codePoint = first + place;
            char ascii = Lookalikes.ascii(codePoint);
            char own = kind(ascii != 0 ? ascii : codePoint);
            String apart = ascii != 0 || !decomposes(codePoint) ? "" : decomposed(codePoint);
            if (apart.length() > 1 && apart.length() <= MANY_MAX) page.many[place] = apart.toCharArray();
            page.symbols[place] = switch (apart.length()) {
                case 0 -> own;
                case 1 -> apart.charAt(0);
                default -> apart.length() <= MANY_MAX ? MANY : OTHER_SIGN;
            };
        }
        return page;
    }

    /// The symbols of its decomposition.
    private static String decomposed(int codePoint) {
        StringBuilder symbols = new StringBuilder();
        Normalizer.normalize(Character.toString(codePoint), Normalizer.Form.NFKD)
                .codePoints()
                .filter(part -> !unseen(part))
                .forEach(part -> symbols.append(kind(part)));
        return symbols.toString();
    }

    /// Whether it is to be taken apart: not what looks like a letter as it is, nor syllables of Hangul.
    private static boolean decomposes(int codePoint) {
        boolean syllable = codePoint >= 0xAC00 && codePoint < 0xD7A4;
        boolean surrogate = codePoint >= 0xD800 && codePoint < 0xE000;
        return codePoint >= 0x80 && !syllable && !surrogate && !unseen(codePoint) && !Lookalikes.known(codePoint);
    }

    private static boolean unseen(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.NON_SPACING_MARK,
                    Character.COMBINING_SPACING_MARK,
                    Character.ENCLOSING_MARK,
                    Character.FORMAT -> true;
            default -> FILLERS.indexOf(codePoint) >= 0;
        };
    }

    private static char kind(int codePoint) {
        if (unseen(codePoint)) return IGNORED;
        if (codePoint > Character.MAX_VALUE) return OTHER_SIGN;
        char c = (char) codePoint;
        if (Lookalikes.colon(c)) return COLON;
        if (Lookalikes.known(c) || Character.isLetterOrDigit(c)) return Lookalikes.letter(c);
        return switch (c) {
            case '\n', '\r', '\u000B', '\f', '\u0085', '\u2028', '\u2029' -> LINE_END;
            case '.', '!', '?', ';', '\u3002' -> SENTENCE_END;
            case '\t', BRAILLE_BLANK -> SPACE;
            default -> {
                if (Character.isSpaceChar(c)) yield SPACE;
                yield Character.getType(c) == Character.CONTROL ? IGNORED : OTHER_SIGN;
            }
        };
    }
}
