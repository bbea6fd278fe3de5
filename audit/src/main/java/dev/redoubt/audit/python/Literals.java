package dev.redoubt.audit.python;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// The values of literals.
final class Literals {
    /// A text in a text is read again at each level: a few levels are enough.
    private static final int TEXT_DEPTH = 20;

    private Literals() {}

    /// NaN where it is none that a double can say.
    static double number(String text) {
        String plain = text.replace("_", "").toLowerCase(Locale.ROOT);
        try {
            if (plain.startsWith("0x")) return Long.parseUnsignedLong(plain, 2, plain.length(), 16);
            if (plain.startsWith("0o")) return Long.parseUnsignedLong(plain, 2, plain.length(), 8);
            if (plain.startsWith("0b")) return Long.parseUnsignedLong(plain, 2, plain.length(), 2);
            if (plain.endsWith("d") || plain.endsWith("f")) return Double.NaN; // Java's suffixes
            return Double.parseDouble(plain);
        } catch (NumberFormatException e) {
            return Double.NaN;
        }
    }

    /// Texts that stand side by side are one.
    ///
    /// @param depth how deep they are nested
    static Expression.Text text(Tokens tokens, int from, int to, int depth) {
        StringBuilder text = new StringBuilder();
        List<Expression> holes = new ArrayList<>();
        for (int i = from; i < to; i++) append(tokens, i, depth, text, holes);
        return new Expression.Text(tokens.start(from), tokens.end(to - 1), text.toString(), holes);
    }

    private static void append(Tokens tokens, int index, int depth, StringBuilder text, List<Expression> holes) {
        String source = tokens.source;
        int start = tokens.start(index);
        int end = tokens.end(index);
        boolean raw = false;
        boolean formatted = false;
        for (; start < end && Character.isLetter(source.charAt(start)); start++) {
            char c = Character.toLowerCase(source.charAt(start));
            raw |= c == 'r';
            formatted |= c == 'f' || c == 't';
        }
        String quote = source.substring(start, Math.min(end, start + 1));
        int quotes = source.startsWith(quote.repeat(3), start) && end - start >= 6 ? 3 : 1;
        start = Math.min(end, start + quotes);
        boolean closed = end - start >= quotes && source.startsWith(quote.repeat(quotes), end - quotes);
        int stop = closed ? end - quotes : end;
        for (int at = start; at < stop; at++) {
            char c = source.charAt(at);
            if (c == '\\' && !raw && at + 1 < stop) at = escape(source, at + 1, stop, text);
            else if (formatted && (c == '{' || c == '}') && at + 1 < stop && source.charAt(at + 1) == c) {
                text.append(c);
                at++;
            } else if (formatted && c == '{') {
                at = hole(source, at + 1, stop, depth, holes);
                text.append(Expression.HOLE);
            } else text.append(c);
        }
    }

    /// @return where the escape's last character stands
    private static int escape(String source, int at, int stop, StringBuilder text) {
        char c = source.charAt(at);
        int digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
        if (digits > 0 && at + digits < stop) {
            try {
                text.appendCodePoint(Integer.parseInt(source, at + 1, at + 1 + digits, 16));
                return at + digits;
            } catch (IllegalArgumentException e) { // no digits, or no code point
                text.append('\\');
            }
        }
        switch (c) {
            case 'n' -> text.append('\n');
            case 't' -> text.append('\t');
            case 'r' -> text.append('\r');
            case '\n' -> {}
            default -> text.append(c);
        }
        return at;
    }

    /// @return where the closing brace stands
    private static int hole(String source, int start, int stop, int depth, List<Expression> holes) {
        int braces = 1;
        int valueEnd = -1; // before `!r`, `:format` or `=`
        int brackets = 0;
        char quote = 0;
        int at = start;
        for (; at < stop; at++) {
            char c = source.charAt(at);
            if (quote != 0) {
                if (c == quote) quote = 0;
            } else if (c == '"' || c == '\'') quote = c;
            else if (c == '{') braces++;
            else if (c == '}' && --braces == 0) break;
            else if (c == '(' || c == '[') brackets++;
            else if (c == ')' || c == ']') brackets--;
            else if (valueEnd < 0
                    && braces == 1
                    && brackets <= 0
                    && (c == ':' || (c == '!' && !source.startsWith("!=", at)))) valueEnd = at;
        }
        int end = valueEnd < 0 ? at : valueEnd;
        holes.add(
                depth + TEXT_DEPTH < ExpressionParser.DEPTH_MAX
                        ? PythonParser.expression(source, start, end, depth + TEXT_DEPTH)
                        : new Expression.Unreadable(start, end));
        return at;
    }
}
