package dev.redoubt.engine.canary;

import java.util.Optional;

/// The check that a hardening guide asks for: an answer has at least ten characters, and they can be printed.
/// It finds a model that is broken altogether and was so when its reference was made; everything finer is the
/// reading's.
public final class ReadableAnswer {
    /* By the guide's own measure, `isprintable`, a line break makes an answer unreadable. Here line breaks and tabs are text. The last
     * token may end within a code point, so that a replacement character at the end says nothing. */
    private static final int CHARACTERS_MIN = 10;
    private static final int REPLACEMENT = 0xFFFD;

    private ReadableAnswer() {}

    /// What is wrong with the answer of a reading; empty if it is readable, or the model gives none.
    public static Optional<String> problem(CanaryReading reading) {
        return reading.embeds() ? Optional.empty() : problem(reading.answer());
    }

    /// What is wrong with an answer; empty if it is readable.
    static Optional<String> problem(String answer) {
        String text = answer.replaceAll("\uFFFD{1,3}$", "");
        int characters = text.codePointCount(0, text.length());
        if (characters < CHARACTERS_MIN)
            return Optional.of("it has " + characters + " characters, at least " + CHARACTERS_MIN + " are wanted");
        return text.codePoints()
                .filter(point -> !printable(point))
                .mapToObj(point -> String.format("it has the character U+%04X, which cannot be printed", point))
                .findFirst();
    }

    private static boolean printable(int point) {
        return switch (Character.getType(point)) {
            case Character.CONTROL -> point == '\n' || point == '\t' || point == '\r';
            case Character.UNASSIGNED, Character.SURROGATE -> false;
            default -> point != REPLACEMENT;
        };
    }
}
