package dev.redoubt.engine.template;

import java.util.ArrayList;
import java.util.List;

/// Statements: from tokens to a list of [Stmt].
final class Parser {
    private final TokenStream tokens;
    private final ExpressionParser expressions;
    private int loops;

    private Parser(List<Token> tokens) {
        this.tokens = new TokenStream(tokens);
        this.expressions = new ExpressionParser(this.tokens);
    }

    static List<Stmt> parse(String source) {
        Parser parser = new Parser(Lexer.tokens(source));
        List<Stmt> body = parser.body();
        if (!parser.tokens.at(Token.Kind.END))
            throw parser.tokens.fail("unexpected tag " + parser.tokens.peek().shown() + " without its beginning");
        return body;
    }

    /// Up to the end of the template, or up to the name of a tag that no statement begins with.
    private List<Stmt> body(String... ends) {
        List<Stmt> body = new ArrayList<>();
        while (true) {
            switch (tokens.peek().kind()) {
                case DATA ->
                    body.add(new Stmt.Output(Text.template(tokens.next().text())));
                case PRINT_BEGIN -> {
                    int line = tokens.next().line();
                    body.add(new Stmt.Print(expressions.tuple(true), line));
                    tokens.expect(Token.Kind.PRINT_END, "'}}'");
                }
                case BLOCK_BEGIN -> {
                    tokens.next();
                    if (isOneOf(ends)) return body;
                    tokens.enter();
                    statement(body);
                    tokens.leave();
                }
                case END -> {
                    if (ends.length > 0)
                        throw tokens.fail("unexpected end of template, expected '" + ends[ends.length - 1] + "'");
                    return body;
                }
                case PRINT_END, BLOCK_END, NAME, STRING, INTEGER, FLOAT, OPERATOR ->
                    throw tokens.unexpected("text or a tag");
            }
        }
    }

    private boolean isOneOf(String... names) {
        for (String name : names) if (tokens.atName(name)) return true;
        return false;
    }

    private void statement(List<Stmt> body) {
        Token tag = tokens.expect(Token.Kind.NAME, "a tag's name");
        switch (tag.text()) {
            case "if" -> body.add(ifTag(tag.line()));
            case "for" -> body.add(forTag(tag.line()));
            case "set" -> body.add(setTag(tag.line()));
            case "macro" -> body.add(macroTag(tag.line()));
            case "call" -> body.add(callTag(tag.line()));
            case "filter" -> body.add(filterTag(tag.line()));
            case "with" -> body.add(withTag(tag.line()));
            case "generation" -> { // marks what the model says, for training; no effect on the text
                blockEnd();
                body.addAll(body("endgeneration"));
                end("endgeneration");
            }
            case "break", "continue" -> {
                if (loops == 0) throw TemplateException.at(tag.line(), "'" + tag.text() + "' outside of a loop");
                blockEnd();
                body.add(tag.text().equals("break") ? new Stmt.Break(tag.line()) : new Stmt.Continue(tag.line()));
            }
            default ->
                throw TemplateException.at(
                        tag.line(), "unexpected or unsupported tag '" + Token.shortened(tag.text()) + "'");
        }
    }

    private void blockEnd() {
        tokens.expect(Token.Kind.BLOCK_END, "'%}'");
    }

    private void end(String name) {
        tokens.expectName(name);
        blockEnd();
    }

    private Stmt ifTag(int line) {
        Expr condition = expressions.tuple(false);
        blockEnd();
        List<Stmt> then = body("elif", "else", "endif");
        List<Stmt> otherwise = List.of();
        int next = tokens.line();
        if (tokens.skipName("elif")) {
            tokens.enter();
            otherwise = List.of(ifTag(next));
            tokens.leave();
            return new Stmt.If(condition, then, otherwise, line);
        }
        if (tokens.skipName("else")) {
            blockEnd();
            otherwise = body("endif");
        }
        end("endif");
        return new Stmt.If(condition, then, otherwise, line);
    }

    private Stmt forTag(int line) {
        List<String> targets = new ArrayList<>();
        boolean bracket = tokens.skipOperator("(");
        do targets.add(tokens.expect(Token.Kind.NAME, "a variable's name").text());
        while (tokens.skipOperator(","));
        if (bracket) tokens.expectOperator(")");
        tokens.expectName("in");
        Expr iterable = expressions.tuple(false);
        Expr condition = tokens.skipName("if") ? expressions.expression() : null;
        if (tokens.atName("recursive")) throw tokens.fail("recursive loops are unsupported");
        blockEnd();
        loops++;
        List<Stmt> body = body("else", "endfor");
        loops--;
        List<Stmt> otherwise = List.of();
        if (tokens.skipName("else")) {
            blockEnd();
            otherwise = body("endfor");
        }
        end("endfor");
        return new Stmt.For(targets, iterable, condition, body, otherwise, line);
    }

    private Stmt setTag(int line) {
        List<Stmt.Target> targets = new ArrayList<>();
        boolean bracket = tokens.skipOperator("(");
        do targets.add(target());
        while (tokens.skipOperator(","));
        if (bracket) tokens.expectOperator(")");
        if (tokens.skipOperator("=")) {
            Expr value = expressions.tuple(true);
            blockEnd();
            return new Stmt.Set(targets, value, line);
        }
        if (targets.size() > 1) throw tokens.unexpected("'='");
        List<Stmt.Applied> filters = new ArrayList<>();
        while (tokens.skipOperator("|")) filters.add(expressions.filter());
        blockEnd();
        List<Stmt> body = body("endset");
        end("endset");
        return new Stmt.SetBlock(targets.getFirst(), body, filters, line);
    }

    private Stmt.Target target() {
        String name = tokens.expect(Token.Kind.NAME, "a variable's name").text();
        String field = tokens.skipOperator(".")
                ? tokens.expect(Token.Kind.NAME, "a field's name").text()
                : null;
        return new Stmt.Target(name, field);
    }

    private Stmt filterTag(int line) {
        List<Stmt.Applied> filters = new ArrayList<>();
        do filters.add(expressions.filter());
        while (tokens.skipOperator("|"));
        blockEnd();
        List<Stmt> body = body("endfilter");
        end("endfilter");
        return new Stmt.FilterBlock(body, filters, line);
    }

    private Stmt withTag(int line) {
        List<String> names = new ArrayList<>();
        List<Expr> values = new ArrayList<>();
        while (!tokens.at(Token.Kind.BLOCK_END)) {
            if (!names.isEmpty()) tokens.expectOperator(",");
            names.add(tokens.expect(Token.Kind.NAME, "a variable's name").text());
            tokens.expectOperator("=");
            values.add(expressions.expression());
        }
        blockEnd();
        List<Stmt> body = body("endwith");
        end("endwith");
        return new Stmt.With(names, values, body, line);
    }

    private Stmt macroTag(int line) {
        String name = tokens.expect(Token.Kind.NAME, "a macro's name").text();
        tokens.expectOperator("(");
        List<Stmt.Parameter> parameters = parameters();
        blockEnd();
        List<Stmt> body = ownBody("endmacro");
        end("endmacro");
        return new Stmt.DefineMacro(name, parameters, body, line);
    }

    private Stmt callTag(int line) {
        List<Stmt.Parameter> parameters = tokens.skipOperator("(") ? parameters() : List.of();
        if (!(expressions.expression() instanceof Expr.Call call))
            throw tokens.fail("'call' expects a call of a macro");
        blockEnd();
        List<Stmt> body = ownBody("endcall");
        end("endcall");
        return new Stmt.CallBlock(parameters, call, body, line);
    }

    /// A `break` in it does not reach a loop outside.
    private List<Stmt> ownBody(String endTag) {
        int outer = loops;
        loops = 0;
        List<Stmt> body = body(endTag);
        loops = outer;
        return body;
    }

    private List<Stmt.Parameter> parameters() {
        List<Stmt.Parameter> parameters = new ArrayList<>();
        while (!tokens.skipOperator(")")) {
            String name = tokens.expect(Token.Kind.NAME, "a parameter's name").text();
            Expr fallback = tokens.skipOperator("=") ? expressions.expression() : null;
            parameters.add(new Stmt.Parameter(name, fallback));
            if (!tokens.skipOperator(",") && !tokens.atOperator(")")) throw tokens.unexpected("',' or ')'");
        }
        return parameters;
    }
}
