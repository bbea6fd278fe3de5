package dev.redoubt.engine.template;

import java.util.Locale;
import java.util.function.UnaryOperator;

/// Upper and lower case and replacement, which keep the origin of every character.
final class TextCase {
    private TextCase() {}

    static Text upper(Text text, Budget budget) {
        return map(text, budget, piece -> piece.toUpperCase(Locale.ROOT));
    }

    static Text lower(Text text, Budget budget) {
        return map(text, budget, piece -> piece.toLowerCase(Locale.ROOT));
    }

    /// The first character upper, all others lower.
    static Text capitalize(Text text, Budget budget) {
        if (text.isEmpty()) return text;
        int first = text.chars().offsetByCodePoints(0, 1);
        Text.Builder all = new Text.Builder();
        all.append(upper(text.slice(0, first), budget));
        return all.append(lower(text.slice(first, text.length()), budget)).build();
    }

    /// Every first letter of a run of letters upper, the others lower; with `words`, runs are cut at spaces and
    /// `-([{<` instead, as Jinja's filter does.
    static Text title(Text text, boolean words, Budget budget) {
        budget.text(text.length());
        Text.Builder all = new Text.Builder();
        boolean inside = false;
        for (RenderedText.Piece piece : text.pieces()) {
            StringBuilder out = new StringBuilder();
            String chars = piece.text();
            for (int i = 0; i < chars.length(); ) {
                int c = chars.codePointAt(i);
                i += Character.charCount(c);
                out.appendCodePoint(inside ? Character.toLowerCase(c) : Character.toTitleCase(c));
                inside = words ? !Text.isSpace(c) && "-([{<".indexOf(c) < 0 : Character.isLetter(c);
            }
            all.append(out.toString(), piece.fromTemplate());
        }
        return all.build();
    }

    private static Text map(Text text, Budget budget, UnaryOperator<String> change) {
        budget.text(3L * text.length()); // what one character can become at most
        Text.Builder all = new Text.Builder();
        for (RenderedText.Piece piece : text.pieces()) all.append(change.apply(piece.text()), piece.fromTemplate());
        return all.build();
    }

    /// @param count replacements at most; negative: all
    static Text replace(Text text, Text old, Text with, long count, Budget budget) {
        Text.Builder all = new Text.Builder();
        long left = count < 0 ? Long.MAX_VALUE : count;
        int at = 0;
        if (old.isEmpty()) { // Python: before every character and at the end
            for (Value character : Values.items(text, budget)) {
                if (left-- > 0) add(all, with, budget);
                add(all, (Text) character, budget);
            }
            if (left > 0) add(all, with, budget);
            return all.build();
        }
        while (left-- > 0) {
            budget.step();
            int found = Operators.indexOf(text, old, at, budget);
            if (found < 0) break;
            add(all, text.slice(at, found), budget);
            add(all, with, budget);
            at = found + old.length();
        }
        add(all, text.slice(at, text.length()), budget);
        return all.build();
    }

    private static void add(Text.Builder all, Text part, Budget budget) {
        budget.text(part.length());
        all.append(part);
    }
}
