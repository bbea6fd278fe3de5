package dev.redoubt.audit.python;

import dev.redoubt.audit.python.Expression.Argument;
import dev.redoubt.audit.python.Expression.Named;
import dev.redoubt.audit.python.Statement.Alias;
import dev.redoubt.audit.python.Statement.Assign;
import dev.redoubt.audit.python.Statement.Block;
import dev.redoubt.audit.python.Statement.Branch;
import dev.redoubt.audit.python.Statement.ClassType;
import dev.redoubt.audit.python.Statement.Function;
import dev.redoubt.audit.python.Statement.Import;
import dev.redoubt.audit.python.Statement.Loop;
import dev.redoubt.audit.python.Statement.Simple;
import dev.redoubt.audit.python.Tokens.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// Reads Python 3 into [Statement]s, by recursive descent. A statement that cannot be read is left out, the next
/// line is read as if nothing had been; a text that is no Python at all gives an empty program.
public final class PythonParser extends ExpressionParser {
    private static final Set<String> ASSIGNMENTS =
            Set.of("=", "+=", "-=", "*=", "/=", "//=", "%=", "**=", "&=", "|=", "^=", ">>=", "<<=", "@=");
    /// As many levels as have an indentation, see [Tokenizer]: what nests on one line, such as `if a: if b:`, is no
    /// Python.
    private static final int BLOCKS_MAX = 100;

    private int blocks;

    private PythonParser(Tokens tokens) {
        super(tokens);
    }

    public static List<Statement> parse(String source) {
        PythonParser parser = new PythonParser(Tokenizer.file(source));
        List<Statement> program = new ArrayList<>();
        while (parser.kind() != Kind.END) parser.statement(program);
        return program;
    }

    /// Of a part of a text, such as what stands in the braces of a formatted one.
    ///
    /// @param depth how deep that text is nested
    static Expression expression(String source, int start, int end, int depth) {
        PythonParser parser = new PythonParser(Tokenizer.expression(source, start, end));
        parser.depth = depth;
        return parser.expressions();
    }

    private void statement(List<Statement> into) {
        int before = at;
        int start = start();
        switch (kind()) {
            case LINE_END, INDENT, DEDENT -> at++;
            case NAME -> named(start, into);
            case OPERATOR -> {
                if (sees("@")) decorated(start, into);
                else simpleLine(into);
            }
            default -> simpleLine(into);
        }
        if (at == before) at++;
    }

    private void named(int start, List<Statement> into) {
        switch (text()) {
            case "def", "class" -> definition(start, List.of(), into);
            case "async" -> {
                at++;
                named(start(), into);
            }
            case "if" -> into.add(blocks(start, "if", Set.of("elif", "else")));
            case "while" -> into.add(blocks(start, "while", Set.of("else")));
            case "try" -> into.add(blocks(start, "try", Set.of("except", "else", "finally")));
            case "with" -> into.add(blocks(start, "with", Set.of()));
            case "for" -> loop(start, into);
            case "match" -> {
                if (matchBegins()) into.add(match(start));
                else simpleLine(into);
            }
            default -> simpleLine(into);
        }
    }

    private void decorated(int start, List<Statement> into) {
        List<Expression> decorators = new ArrayList<>();
        while (take("@")) {
            decorators.add(expression());
            endLine();
        }
        take("async");
        if (sees("def") || sees("class")) definition(start, decorators, into);
    }

    private void definition(int start, List<Expression> decorators, List<Statement> into) {
        boolean function = sees("def");
        at++;
        if (kind() != Kind.NAME) {
            endLine();
            return;
        }
        String name = text();
        at++;
        skipTypeParameters();
        if (function) {
            List<Parameter> parameters = List.of();
            if (take("(")) {
                parameters = parameters(")", true);
                take(")");
            }
            Expression returns = take("->") ? expression() : null;
            List<Statement> body = body();
            into.add(new Function(start, end(), name, parameters, decorators, returns, body));
        } else {
            List<Argument> bases = take("(") ? arguments() : List.of();
            List<Statement> body = body();
            into.add(new ClassType(start, end(), name, bases, decorators, body));
        }
    }

    private void skipTypeParameters() {
        if (!sees("[")) return;
        int open = 0;
        for (; !atLineEnd(); at++) {
            if (sees("[")) open++;
            if (sees("]") && --open == 0) break;
        }
        take("]");
    }

    private Block blocks(int start, String word, Set<String> followers) {
        List<Branch> branches = new ArrayList<>();
        branches.add(branch(word));
        while (kind() == Kind.NAME && followers.contains(text())) branches.add(branch(text()));
        return new Block(start, end(), word, branches);
    }

    private Branch branch(String word) {
        at++;
        List<Expression> heads = new ArrayList<>();
        String name = "";
        take("*"); // of `except*`
        boolean bracketed = word.equals("with") && sees("(") && withIsBracketed();
        if (bracketed) take("(");
        while (!sees(":") && !sees(")") && !atLineEnd()) {
            int before = at;
            Expression head = expression();
            if (take(":=")) {
                Expression value = expression();
                head = new Named(head.start(), end(), head, value);
            }
            if (take("as")) {
                if (word.equals("except")) name = kind() == Kind.NAME ? text() : "";
                Expression target = expression();
                if (!word.equals("except")) head = new Named(head.start(), end(), target, head);
            }
            heads.add(head);
            if (!take(",") && at == before) break;
        }
        if (bracketed) take(")");
        return new Branch(word, heads, name, body());
    }

    /// Whether the bracket holds all of the `with`, and not only its first value: a colon follows where it closes.
    private boolean withIsBracketed() {
        int open = 0;
        for (int i = at; tokens.kind(i) != Kind.LINE_END && tokens.kind(i) != Kind.END; i++) {
            if (tokens.kind(i) != Kind.OPERATOR) continue;
            if (tokens.is(i, "(")) open++;
            if (tokens.is(i, ")") && --open == 0) return tokens.is(i + 1, ":");
        }
        return false;
    }

    private void loop(int start, List<Statement> into) {
        at++;
        Expression target = targets();
        take("in");
        Expression iterable = expressions();
        List<Statement> body = body();
        if (sees("else")) body.addAll(branch("else").body());
        into.add(new Loop(start, end(), target, iterable, body));
    }

    private boolean matchBegins() {
        int i = at + 1;
        if (tokens.kind(i) == Kind.LINE_END || tokens.is(i, "=") || tokens.is(i, ".")) return false;
        while (tokens.kind(i) != Kind.LINE_END && tokens.kind(i) != Kind.END) i++;
        return tokens.kind(i) == Kind.LINE_END && tokens.is(i - 1, ":") && tokens.kind(i + 1) == Kind.INDENT;
    }

    private Block match(int start) {
        at++;
        List<Expression> subject = List.of(expressions());
        take(":");
        endLine();
        List<Branch> branches = new ArrayList<>(List.of(new Branch("match", subject, "", List.of())));
        if (kind() == Kind.INDENT) at++;
        while (sees("case")) {
            while (!sees(":") && !atLineEnd()) at++; // patterns bind names, and compute nothing
            branches.add(new Branch("case", List.of(), "", body()));
        }
        if (kind() == Kind.DEDENT) at++;
        return new Block(start, end(), "match", branches);
    }

    /// After the head: on the same line, or indented below.
    private List<Statement> body() {
        List<Statement> body = new ArrayList<>();
        take(":");
        if (kind() != Kind.LINE_END) {
            if (kind() != Kind.END && kind() != Kind.DEDENT) simpleLine(body);
            return body;
        }
        at++;
        if (kind() != Kind.INDENT) return body;
        at++;
        if (++blocks > BLOCKS_MAX) skipBlock();
        while (kind() != Kind.DEDENT && kind() != Kind.END) statement(body);
        if (kind() == Kind.DEDENT) at++;
        blocks--;
        return body;
    }

    private void skipBlock() {
        for (int open = 0; kind() != Kind.END; at++) {
            if (kind() == Kind.INDENT) open++;
            if (kind() == Kind.DEDENT && --open < 0) return;
        }
    }

    private void simpleLine(List<Statement> into) {
        do {
            if (!atLineEnd()) simple(into);
        } while (take(";"));
        endLine();
    }

    /// Whatever else stands on the line is no Python, and left out.
    private void endLine() {
        while (!atLineEnd()) at++;
        if (kind() == Kind.LINE_END) at++;
    }

    private void simple(List<Statement> into) {
        int start = start();
        String word = kind() == Kind.NAME ? text() : "";
        switch (word) {
            case "import", "from" -> imports(start, into);
            case "return", "raise", "del", "assert" -> {
                at++;
                List<Expression> values = atLineEnd() || sees(";") ? List.of() : List.of(expressions());
                if (word.equals("raise") && take("from")) expression();
                into.add(new Simple(start, end(), word, values));
            }
            case "pass", "break", "continue" -> at++;
            case "global", "nonlocal" -> {
                while (!atLineEnd() && !sees(";")) at++;
            }
            default -> assignment(start, into);
        }
    }

    private void assignment(int start, List<Statement> into) {
        List<Expression> chain = new ArrayList<>();
        chain.add(expressions());
        Expression type = take(":") ? expression() : null;
        String operator = "";
        while (kind() == Kind.OPERATOR && ASSIGNMENTS.contains(text())) {
            operator = text();
            at++;
            chain.add(expressions());
        }
        if (operator.isEmpty() && type == null) {
            into.add(new Simple(start, end(), "", chain));
            return;
        }
        Expression value = operator.isEmpty() ? null : chain.removeLast();
        into.add(new Assign(start, end(), chain, type, operator, value));
    }

    private void imports(int start, List<Statement> into) {
        boolean from = take("from");
        int level = 0;
        String module = "";
        if (from) {
            for (; sees(".") || sees("..."); at++) level += text().length();
            if (!sees("import")) module = dotted();
            take("import");
        } else {
            at++;
        }
        boolean bracketed = take("(");
        List<Alias> names = new ArrayList<>();
        while (!atLineEnd() && !sees(";") && !sees(")")) {
            int before = at;
            String name = take("*") ? "*" : dotted();
            String as = name;
            if (take("as")) as = dotted();
            if (!name.isEmpty()) names.add(new Alias(name, as));
            if (!take(",") && at == before) break;
        }
        if (bracketed) take(")");
        into.add(new Import(start, end(), from, level, module, names));
    }

    private String dotted() {
        StringBuilder name = new StringBuilder();
        while (kind() == Kind.NAME) {
            name.append(text());
            at++;
            if (!take(".")) break;
            name.append('.');
        }
        return name.toString();
    }
}
