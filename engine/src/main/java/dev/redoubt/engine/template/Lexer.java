package dev.redoubt.engine.template;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/// Cuts a template into tokens, in one pass, with `trim_blocks` and `lstrip_blocks` on.
final class Lexer {
    /* Whitespace, as Jinja does it:
     * - `-` at a tag removes all whitespace on that side;
     * - a block or comment tag removes the newline right after it (`trim_blocks`), unless it ends with `+`;
     * - spaces and tabs from the start of a line to a block or comment tag vanish (`lstrip_blocks`), unless it
     *   begins with `+`;
     * - one newline at the very end of the template vanishes. */
    private static final String[] OPERATORS = {
        "//", "**", "==", "!=", "<=", ">=", "+", "-", "*", "/", "%", "~", "<", ">", "=", ".", ",", ":", "|", "(", ")",
        "[", "]", "{", "}"
    };

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private int at;
    private int line = 1;
    private boolean lineStarting = true;

    private Lexer(String source) {
        this.source = source;
    }

    static List<Token> tokens(String template) {
        String source = template.replace("\r\n", "\n").replace('\r', '\n');
        if (source.endsWith("\n")) source = source.substring(0, source.length() - 1);
        Lexer lexer = new Lexer(source);
        lexer.run();
        return lexer.tokens;
    }

    private void run() {
        while (at < source.length()) {
            int tag = nextTag();
            if (tag < 0) {
                data(source.substring(at));
                at = source.length();
                break;
            }
            char kind = source.charAt(tag + 1);
            char sign = tag + 2 < source.length() ? source.charAt(tag + 2) : ' ';
            boolean signed = sign == '-' || sign == '+';
            data(before(tag, kind, sign));
            at = tag + 2 + (signed ? 1 : 0);
            switch (kind) {
                case '#' -> comment();
                case '{' -> inside(Token.Kind.PRINT_BEGIN, Token.Kind.PRINT_END, "}}");
                default -> {
                    if (!raw()) inside(Token.Kind.BLOCK_BEGIN, Token.Kind.BLOCK_END, "%}");
                }
            }
        }
        tokens.add(new Token(Token.Kind.END, "", line));
    }

    private int nextTag() {
        for (int brace = source.indexOf('{', at); brace >= 0; brace = source.indexOf('{', brace + 1)) {
            if (brace + 1 == source.length()) return -1;
            char next = source.charAt(brace + 1);
            if (next == '{' || next == '%' || next == '#') return brace;
        }
        return -1;
    }

    /// The text from here to a tag, less what the tag takes from it. Advances the line.
    private String before(int tag, char kind, char sign) {
        String text = source.substring(at, tag);
        String kept = text;
        if (sign == '-') {
            kept = text.substring(0, trimmedEnd(text, text.length()));
        } else if (sign != '+' && kind != '{') {
            int lineStart = text.lastIndexOf('\n') + 1;
            if ((lineStart > 0 || lineStarting) && trimmedEnd(text, text.length()) <= lineStart)
                kept = text.substring(0, lineStart);
        }
        advance(text);
        return kept;
    }

    private void advance(String text) {
        for (int i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) line++;
    }

    private static int trimmedEnd(String text, int end) {
        int to = end;
        while (to > 0 && Text.isSpace(text.charAt(to - 1))) to--;
        return to;
    }

    private void data(String text) {
        if (!text.isEmpty()) tokens.add(new Token(Token.Kind.DATA, text, line));
    }

    private void comment() {
        int end = source.indexOf("#}", at);
        if (end < 0) throw fail("unclosed comment");
        boolean minus = end > at && source.charAt(end - 1) == '-';
        boolean plus = end > at && source.charAt(end - 1) == '+';
        advance(source.substring(at, end));
        at = end + 2;
        afterTag(minus, !plus);
    }

    /// After the end of a tag: what it takes from the text that follows.
    private void afterTag(boolean minus, boolean trimNewline) {
        int from = at;
        if (minus) {
            while (at < source.length() && Text.isSpace(source.charAt(at))) at++;
        } else if (trimNewline && at < source.length() && source.charAt(at) == '\n') {
            at++;
        }
        advance(source.substring(from, at));
        lineStarting = at > from && source.charAt(at - 1) == '\n';
    }

    /// `{% raw %}…{% endraw %}`, if that is what stands here.
    private boolean raw() {
        int begin = rawTagEnd(at, "raw");
        if (begin < 0) return false;
        boolean minusBegin = source.charAt(begin - 3) == '-';
        int text = begin;
        if (minusBegin) while (text < source.length() && Text.isSpace(source.charAt(text))) text++;
        advance(source.substring(at, text));
        at = text;
        lineStarting = false;
        for (int tag = source.indexOf("{%", at); tag >= 0; tag = source.indexOf("{%", tag + 2)) {
            char sign = tag + 2 < source.length() ? source.charAt(tag + 2) : ' ';
            int name = tag + 2 + (sign == '-' || sign == '+' ? 1 : 0);
            int end = rawTagEnd(name, "endraw");
            if (end < 0) continue;
            data(before(tag, '%', sign));
            boolean minus = source.charAt(end - 3) == '-';
            boolean plus = source.charAt(end - 3) == '+';
            advance(source.substring(tag, end));
            at = end;
            afterTag(minus, !plus);
            return true;
        }
        throw fail("unclosed block 'raw'");
    }

    /// The index after `name %}` at an index, or -1.
    private int rawTagEnd(int from, String name) {
        int i = from;
        while (i < source.length() && Text.isSpace(source.charAt(i))) i++;
        if (!source.startsWith(name, i)) return -1;
        i += name.length();
        while (i < source.length() && Text.isSpace(source.charAt(i))) i++;
        if (i < source.length() && (source.charAt(i) == '-' || source.charAt(i) == '+')) i++;
        return source.startsWith("%}", i) ? i + 2 : -1;
    }

    private void inside(Token.Kind begin, Token.Kind end, String closing) {
        tokens.add(new Token(begin, "", line));
        Deque<Character> open = new ArrayDeque<>();
        while (true) {
            skipSpace();
            if (at >= source.length())
                throw fail("unexpected end of template inside a tag, expected '" + closing + "'");
            if (open.isEmpty() && closes(end, closing)) return;
            char c = source.charAt(at);
            if (c == '\'' || c == '"') string(c);
            else if (isDigit(c)) number();
            else if (Character.isUnicodeIdentifierStart(c) || c == '_') name();
            else operator(open);
        }
    }

    private boolean closes(Token.Kind end, String closing) {
        char c = source.charAt(at);
        boolean minus = c == '-' && source.startsWith(closing, at + 1);
        boolean plus = c == '+' && end == Token.Kind.BLOCK_END && source.startsWith(closing, at + 1);
        if (!minus && !plus && !source.startsWith(closing, at)) return false;
        tokens.add(new Token(end, "", line));
        at += 2 + (minus || plus ? 1 : 0);
        afterTag(minus, end == Token.Kind.BLOCK_END && !plus);
        return true;
    }

    private void skipSpace() {
        while (at < source.length() && Text.isSpace(source.charAt(at))) {
            if (source.charAt(at) == '\n') line++;
            at++;
        }
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    private void name() {
        int from = at;
        while (at < source.length() && Character.isUnicodeIdentifierPart(source.charAt(at))) at++;
        tokens.add(new Token(Token.Kind.NAME, source.substring(from, at), line));
    }

    private void number() {
        int from = at;
        boolean afterDot = !tokens.isEmpty() && tokens.getLast().isOperator("."); // x.0.name: a field, not a fraction
        digits();
        boolean real = false;
        if (!afterDot && at + 1 < source.length() && source.charAt(at) == '.' && isDigit(source.charAt(at + 1))) {
            at++;
            digits();
            real = true;
        }
        if (!afterDot && exponentFollows()) {
            at += 1;
            if (!isDigit(source.charAt(at))) at++;
            digits();
            real = true;
        }
        String digits = source.substring(from, at).replace("_", "");
        tokens.add(new Token(real ? Token.Kind.FLOAT : Token.Kind.INTEGER, digits, line));
    }

    private void digits() {
        while (at < source.length() && (isDigit(source.charAt(at)) || source.charAt(at) == '_')) at++;
    }

    private boolean exponentFollows() {
        if (at >= source.length() || (source.charAt(at) | 0x20) != 'e') return false;
        int i = at + 1;
        if (i < source.length() && (source.charAt(i) == '+' || source.charAt(i) == '-')) i++;
        return i < source.length() && isDigit(source.charAt(i));
    }

    private void operator(Deque<Character> open) {
        for (String operator : OPERATORS) {
            if (!source.startsWith(operator, at)) continue;
            char c = operator.charAt(0);
            if (c == '(' || c == '[' || c == '{') open.push(c);
            if (c == ')' || c == ']' || c == '}') {
                char opening = c == ')' ? '(' : c == ']' ? '[' : '{';
                if (open.isEmpty() || open.pop() != opening) throw fail("unexpected '" + c + "'");
            }
            tokens.add(new Token(Token.Kind.OPERATOR, operator, line));
            at += operator.length();
            return;
        }
        throw fail("unexpected character U+%04X".formatted(source.codePointAt(at)));
    }

    private void string(char quote) {
        int began = line;
        StringBuilder value = new StringBuilder();
        at++;
        while (true) {
            if (at >= source.length()) throw TemplateException.at(began, "unclosed string");
            char c = source.charAt(at++);
            if (c == quote) break;
            if (c == '\n') line++;
            if (c == '\\') escape(value);
            else value.append(c);
        }
        tokens.add(new Token(Token.Kind.STRING, value.toString(), began));
    }

    /// As Python's; an unknown escape stays as it is.
    private void escape(StringBuilder value) {
        if (at >= source.length()) throw fail("unclosed string");
        char c = source.charAt(at++);
        switch (c) {
            case '\n' -> line++; // a line continued
            case '\\', '\'', '"' -> value.append(c);
            case 'n' -> value.append('\n');
            case 't' -> value.append('\t');
            case 'r' -> value.append('\r');
            case 'b' -> value.append('\b');
            case 'f' -> value.append('\f');
            case 'a' -> value.append('\u0007');
            case 'v' -> value.append('\u000b');
            case 'x' -> hex(value, 2);
            case 'u' -> hex(value, 4);
            case 'U' -> hex(value, 8);
            case '0', '1', '2', '3', '4', '5', '6', '7' -> {
                int code = c - '0';
                for (int n = 1; n < 3 && at < source.length(); n++) {
                    char next = source.charAt(at);
                    if (next < '0' || next > '7') break;
                    code = 8 * code + (next - '0');
                    at++;
                }
                value.append((char) code);
            }
            default -> value.append('\\').append(c);
        }
    }

    private void hex(StringBuilder value, int digits) {
        if (at + digits > source.length()) throw fail("unclosed string");
        int code = 0;
        for (int i = 0; i < digits; i++) {
            int digit = Character.digit(source.charAt(at++), 16);
            if (digit < 0 || code >= 1 << 24) throw fail("a string escape without its hexadecimal digits");
            code = 16 * code + digit;
        }
        if (!Character.isValidCodePoint(code)) throw fail("a string escape that is no character");
        value.appendCodePoint(code);
    }

    private TemplateException fail(String problem) {
        return TemplateException.at(line, problem);
    }
}
