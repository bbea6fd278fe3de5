package dev.redoubt.engine.template;

import java.util.List;

/// The tokens of a template with a place in them, and how deep the parser is. One owner.
final class TokenStream {
    /// Nesting of brackets, operators and blocks. The parser takes about a dozen Java frames for one.
    private static final int NESTING_MAX = 64;

    private final List<Token> tokens;
    private int at;
    private int nesting;

    TokenStream(List<Token> tokens) {
        this.tokens = tokens;
    }

    Token peek() {
        return tokens.get(at);
    }

    Token next() {
        Token token = tokens.get(at);
        if (at < tokens.size() - 1) at++;
        return token;
    }

    int line() {
        return peek().line();
    }

    boolean atOperator(String spelling) {
        return peek().isOperator(spelling);
    }

    boolean atName(String name) {
        return peek().isName(name);
    }

    boolean at(Token.Kind kind) {
        return peek().kind() == kind;
    }

    boolean skipOperator(String spelling) {
        boolean there = atOperator(spelling);
        if (there) next();
        return there;
    }

    boolean skipName(String name) {
        boolean there = atName(name);
        if (there) next();
        return there;
    }

    Token expect(Token.Kind kind, String what) {
        if (!at(kind)) throw unexpected(what);
        return next();
    }

    void expectOperator(String spelling) {
        if (!skipOperator(spelling)) throw unexpected("'" + spelling + "'");
    }

    void expectName(String name) {
        if (!skipName(name)) throw unexpected("'" + name + "'");
    }

    void enter() {
        if (++nesting > NESTING_MAX) throw fail("nesting over the depth limit of " + NESTING_MAX);
    }

    void leave() {
        nesting--;
    }

    TemplateException unexpected(String expected) {
        return fail("unexpected " + peek().shown() + ", expected " + expected);
    }

    TemplateException fail(String problem) {
        return TemplateException.at(line(), problem);
    }
}
