package dev.redoubt.audit.python;

import dev.redoubt.audit.python.Tokens.Kind;
import java.util.Locale;
import java.util.Set;

/// Splits Python into tokens. Every text has tokens: what is no Python becomes an operator of one character.
///
/// A bracket that is never closed would make one line of the rest of a file; a statement's keyword at the start
/// of a line ends it, since no expression has one there.
final class Tokenizer {
    /* As in CPython: a tab goes to the next multiple of eight, and more than a hundred levels are no program. */
    private static final int TAB = 8;
    private static final int LEVELS_MAX = 100;
    private static final Set<String> STATEMENTS =
            Set.of("def", "class", "import", "from", "return", "with", "try", "while", "raise");
    private static final String[] OPERATORS = {
        "**=", "//=", ">>=", "<<=", "...", "->", ":=", "**", "//", ">>", "<<", "<=", ">=", "==", "!=", "+=", "-=", "*=",
        "/=", "%=", "&=", "|=", "^=", "@="
    };

    private final String source;
    private final int end;
    private final Tokens tokens;
    private final int[] indents = new int[LEVELS_MAX + 1];
    private int level;
    private int depth; // of open brackets
    private int at;

    private Tokenizer(String source, int start, int end) {
        this.source = source;
        this.at = start;
        this.end = end;
        this.tokens = new Tokens(source);
    }

    static Tokens file(String source) {
        Tokenizer tokenizer = new Tokenizer(source, source.startsWith("\uFEFF") ? 1 : 0, source.length());
        tokenizer.lines();
        return tokenizer.tokens;
    }

    /// Of an expression inside a text: one line, whatever ends there are in it.
    static Tokens expression(String source, int start, int end) {
        Tokenizer tokenizer = new Tokenizer(source, start, end);
        tokenizer.depth = 1;
        while (tokenizer.at < end) tokenizer.one();
        tokenizer.tokens.add(Kind.END, end, end);
        return tokenizer.tokens;
    }

    private void lines() {
        while (at < end) {
            if (!indentation()) continue;
            while (at < end && !lineEnds()) one();
        }
        if (tokens.size() > 0) tokens.add(Kind.LINE_END, end, end);
        for (; level > 0; level--) tokens.add(Kind.DEDENT, end, end);
        tokens.add(Kind.END, end, end);
    }

    /// @return false if the line is empty
    private boolean indentation() {
        int column = 0;
        for (; at < end; at++) {
            char c = source.charAt(at);
            if (c == ' ') column++;
            else if (c == '\t') column = (column / TAB + 1) * TAB;
            else if (c == '\f') column = 0;
            else break;
        }
        if (at < end && source.charAt(at) == '#') skipComment();
        if (at < end && isBreak(source.charAt(at))) {
            at++;
            return false;
        }
        if (at >= end) return false;
        if (column > indents[level] && level < LEVELS_MAX) {
            indents[++level] = column;
            tokens.add(Kind.INDENT, at, at);
        }
        while (column < indents[level]) {
            level--;
            tokens.add(Kind.DEDENT, at, at);
        }
        return true;
    }

    /// At the end of a logical line: takes it.
    private boolean lineEnds() {
        if (!isBreak(source.charAt(at))) return false;
        at++;
        if (depth > 0 && !statementBegins()) return false;
        depth = 0;
        tokens.add(Kind.LINE_END, at - 1, at);
        return true;
    }

    private boolean statementBegins() {
        int start = at;
        while (start < end && (source.charAt(start) == ' ' || source.charAt(start) == '\t')) start++;
        int stop = start;
        while (stop < end && stop - start < 8 && Character.isLetter(source.charAt(stop))) stop++;
        // 'from' also continues a 'yield from'; an indented one is taken for that
        return stop < end
                && source.charAt(stop) == ' '
                && STATEMENTS.contains(source.substring(start, stop))
                && (start == at || !source.startsWith("from", start));
    }

    private void one() {
        if (at >= end) return;
        char c = source.charAt(at);
        if (c == ' ' || c == '\t' || c == '\f' || isBreak(c)) at++;
        else if (c == '#') skipComment();
        else if (c == '\\' && at + 1 < end && isBreak(source.charAt(at + 1)))
            at += source.startsWith("\\\r\n", at) ? 3 : 2;
        else if (isDigit(c) || (c == '.' && at + 1 < end && isDigit(source.charAt(at + 1)))) number();
        else if (Character.isUnicodeIdentifierStart(c) || c == '_' || Character.isSurrogate(c)) name();
        else if (c == '"' || c == '\'') text(at, false, false);
        else operator(c);
    }

    private void name() {
        int start = at;
        while (at < end && isNamePart(source.charAt(at))) at++;
        if (at < end && at - start <= 2 && (source.charAt(at) == '"' || source.charAt(at) == '\'')) {
            String prefix = source.substring(start, at).toLowerCase(Locale.ROOT);
            if (Set.of("r", "b", "u", "f", "t", "rb", "br", "fr", "rf", "tr", "rt")
                    .contains(prefix)) {
                text(start, prefix.contains("f") || prefix.contains("t"), prefix.contains("r"));
                return;
            }
        }
        tokens.add(Kind.NAME, start, at);
    }

    private void number() {
        int start = at;
        while (at < end) {
            char c = source.charAt(at);
            boolean sign = (c == '+' || c == '-')
                    && (source.charAt(at - 1) == 'e' || source.charAt(at - 1) == 'E')
                    && !source.startsWith("0x", start);
            if (!isNamePart(c) && c != '.' && !sign) break;
            at++;
        }
        tokens.add(Kind.NUMBER, start, at);
    }

    /// @param start of the prefix; `at` is at the quote
    private void text(int start, boolean formatted, boolean raw) {
        char quote = source.charAt(at);
        boolean three = source.startsWith(String.valueOf(quote).repeat(3), at);
        at += three ? 3 : 1;
        int braces = 0;
        while (at < end) {
            char c = source.charAt(at);
            if (c == '\\' && braces == 0) {
                at = Math.min(end, at + 2);
            } else if (braces == 0
                    && c == quote
                    && (!three || source.startsWith(String.valueOf(quote).repeat(3), at))) {
                at += three ? 3 : 1;
                tokens.add(Kind.TEXT, start, at);
                return;
            } else if (!three && isBreak(c) && braces == 0) {
                break; // never closed: the line ends it
            } else if (formatted && c == '{') {
                if (braces == 0 && at + 1 < end && source.charAt(at + 1) == '{') at++;
                else braces++;
                at++;
            } else if (formatted && braces > 0 && c == '}') {
                braces--;
                at++;
            } else if (formatted && braces > 0 && (c == '"' || c == '\'')) {
                skipQuoted(c, quote, three);
                if (at < end && c == quote && !three && isBreak(source.charAt(at))) braces = 0;
            } else {
                at++;
            }
        }
        tokens.add(Kind.TEXT, start, at);
    }

    /// A text inside the braces of another; one that is not closed on its line was the end of the outer text.
    private void skipQuoted(char inner, char outer, boolean three) {
        int stop = at + 1;
        while (stop < end && source.charAt(stop) != inner && !isBreak(source.charAt(stop))) stop++;
        at = stop < end && source.charAt(stop) == inner ? stop + 1 : three ? at + 1 : stop;
    }

    private void operator(char c) {
        for (String operator : OPERATORS) {
            if (source.startsWith(operator, at) && at + operator.length() <= end) {
                tokens.add(Kind.OPERATOR, at, at += operator.length());
                return;
            }
        }
        if (c == '(' || c == '[' || c == '{') depth++;
        else if ((c == ')' || c == ']' || c == '}') && depth > 0) depth--;
        tokens.add(Kind.OPERATOR, at, ++at);
    }

    private void skipComment() {
        while (at < end && !isBreak(source.charAt(at))) at++;
    }

    private static boolean isBreak(char c) {
        return c == '\n' || c == '\r';
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    private static boolean isNamePart(char c) {
        return c == '_'
                || Character.isUnicodeIdentifierPart(c) && !Character.isIdentifierIgnorable(c)
                || Character.isSurrogate(c);
    }
}
