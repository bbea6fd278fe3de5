package dev.redoubt.engine.template;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Expressions, with Jinja's precedences: `if else`, `or`, `and`, `not`, comparisons, `+ -`, `~`, `* / // %`,
/// `**`, sign, and tightest of all fields, calls, filters and tests.
final class ExpressionParser {
    private final TokenStream tokens;

    ExpressionParser(TokenStream tokens) {
        this.tokens = tokens;
    }

    Expr expression() {
        tokens.enter();
        Expr expr = or();
        while (tokens.skipName("if")) {
            Expr condition = or();
            Expr otherwise = tokens.skipName("else") ? expression() : null;
            expr = new Expr.Choice(condition, expr, otherwise);
        }
        tokens.leave();
        return expr;
    }

    /// As [#expression], where an `if` that follows belongs to somebody else.
    Expr withoutChoice() {
        tokens.enter();
        Expr expr = or();
        tokens.leave();
        return expr;
    }

    /// `a, b, c` without brackets is a tuple.
    Expr tuple(boolean choice) {
        Expr first = choice ? expression() : withoutChoice();
        if (!tokens.atOperator(",")) return first;
        List<Expr> items = new ArrayList<>(List.of(first));
        while (tokens.skipOperator(",")) {
            if (tokens.at(Token.Kind.PRINT_END) || tokens.at(Token.Kind.BLOCK_END)) break;
            items.add(choice ? expression() : withoutChoice());
        }
        return new Expr.ListOf(items, true);
    }

    private Expr or() {
        Expr first = and();
        if (!tokens.atName("or")) return first;
        List<Expr> operands = new ArrayList<>(List.of(first));
        while (tokens.skipName("or")) operands.add(and());
        return new Expr.Or(operands);
    }

    private Expr and() {
        Expr first = not();
        if (!tokens.atName("and")) return first;
        List<Expr> operands = new ArrayList<>(List.of(first));
        while (tokens.skipName("and")) operands.add(not());
        return new Expr.And(operands);
    }

    private Expr not() {
        if (!tokens.skipName("not")) return comparison();
        tokens.enter();
        Expr operand = not();
        tokens.leave();
        return new Expr.Not(operand);
    }

    private Expr comparison() {
        int line = tokens.line();
        Expr first = sum();
        List<Expr.Comparison.Step> steps = new ArrayList<>();
        while (true) {
            Expr.Comparator comparator = comparator();
            if (comparator == null) break;
            steps.add(new Expr.Comparison.Step(comparator, sum()));
        }
        return steps.isEmpty() ? first : new Expr.Comparison(first, steps, line);
    }

    private Expr.@Nullable Comparator comparator() {
        if (tokens.skipOperator("==")) return Expr.Comparator.EQUAL;
        if (tokens.skipOperator("!=")) return Expr.Comparator.NOT_EQUAL;
        if (tokens.skipOperator("<=")) return Expr.Comparator.LESS_OR_EQUAL;
        if (tokens.skipOperator("<")) return Expr.Comparator.LESS;
        if (tokens.skipOperator(">=")) return Expr.Comparator.GREATER_OR_EQUAL;
        if (tokens.skipOperator(">")) return Expr.Comparator.GREATER;
        if (tokens.skipName("in")) return Expr.Comparator.IN;
        if (!tokens.skipName("not")) return null;
        tokens.expectName("in");
        return Expr.Comparator.NOT_IN;
    }

    private Expr sum() {
        int line = tokens.line();
        Expr first = concat();
        List<Expr.Arithmetic.Step> steps = new ArrayList<>();
        while (true) {
            if (tokens.skipOperator("+")) steps.add(new Expr.Arithmetic.Step(Expr.Operator.ADD, concat()));
            else if (tokens.skipOperator("-")) steps.add(new Expr.Arithmetic.Step(Expr.Operator.SUBTRACT, concat()));
            else return steps.isEmpty() ? first : new Expr.Arithmetic(first, steps, line);
        }
    }

    private Expr concat() {
        int line = tokens.line();
        Expr first = product();
        if (!tokens.atOperator("~")) return first;
        List<Expr> parts = new ArrayList<>(List.of(first));
        while (tokens.skipOperator("~")) parts.add(product());
        return new Expr.Concat(parts, line);
    }

    private Expr product() {
        int line = tokens.line();
        Expr first = power();
        List<Expr.Arithmetic.Step> steps = new ArrayList<>();
        while (true) {
            if (tokens.skipOperator("*")) steps.add(new Expr.Arithmetic.Step(Expr.Operator.MULTIPLY, power()));
            else if (tokens.skipOperator("/")) steps.add(new Expr.Arithmetic.Step(Expr.Operator.DIVIDE, power()));
            else if (tokens.skipOperator("//"))
                steps.add(new Expr.Arithmetic.Step(Expr.Operator.FLOOR_DIVIDE, power()));
            else if (tokens.skipOperator("%")) steps.add(new Expr.Arithmetic.Step(Expr.Operator.REMAINDER, power()));
            else return steps.isEmpty() ? first : new Expr.Arithmetic(first, steps, line);
        }
    }

    private Expr power() {
        int line = tokens.line();
        Expr first = unary(true);
        List<Expr.Arithmetic.Step> steps = new ArrayList<>();
        while (tokens.skipOperator("**")) steps.add(new Expr.Arithmetic.Step(Expr.Operator.POWER, unary(true)));
        return steps.isEmpty() ? first : new Expr.Arithmetic(first, steps, line);
    }

    private Expr unary(boolean withFilters) {
        int line = tokens.line();
        boolean minus = tokens.atOperator("-");
        Expr expr;
        if (minus || tokens.atOperator("+")) {
            tokens.next();
            tokens.enter();
            expr = new Expr.Sign(unary(false), minus, line);
            tokens.leave();
        } else {
            expr = primary();
        }
        expr = postfix(expr);
        return withFilters ? filtered(expr) : expr;
    }

    private Expr primary() {
        Token token = tokens.peek();
        return switch (token.kind()) {
            case NAME -> name(tokens.next());
            case STRING -> {
                StringBuilder text = new StringBuilder();
                while (tokens.at(Token.Kind.STRING)) text.append(tokens.next().text());
                yield new Expr.Literal(Text.template(text.toString()));
            }
            case INTEGER -> new Expr.Literal(new Value.Int(integer(tokens.next())));
            case FLOAT ->
                new Expr.Literal(new Value.Real(Double.parseDouble(tokens.next().text())));
            case OPERATOR -> {
                if (tokens.skipOperator("(")) yield bracketed();
                if (tokens.skipOperator("[")) yield new Expr.ListOf(items("]"), false);
                if (tokens.skipOperator("{")) yield dict(token.line());
                throw tokens.unexpected("an expression");
            }
            case DATA, PRINT_BEGIN, PRINT_END, BLOCK_BEGIN, BLOCK_END, END -> throw tokens.unexpected("an expression");
        };
    }

    private static Expr name(Token token) {
        return switch (token.text()) {
            case "true", "True" -> new Expr.Literal(Value.Bool.TRUE);
            case "false", "False" -> new Expr.Literal(Value.Bool.FALSE);
            case "none", "None" -> new Expr.Literal(Value.None.NONE);
            default -> new Expr.Name(token.text(), token.line());
        };
    }

    private static long integer(Token token) {
        try {
            return Long.parseLong(token.text());
        } catch (NumberFormatException e) {
            throw TemplateException.at(token.line(), "a number over the range of 64 bits");
        }
    }

    private Expr bracketed() {
        if (tokens.skipOperator(")")) return new Expr.ListOf(List.of(), true);
        Expr first = expression();
        if (tokens.skipOperator(")")) return first;
        tokens.expectOperator(",");
        List<Expr> items = new ArrayList<>(List.of(first));
        items.addAll(items(")"));
        return new Expr.ListOf(items, true);
    }

    private List<Expr> items(String closing) {
        List<Expr> items = new ArrayList<>();
        while (!tokens.skipOperator(closing)) {
            items.add(expression());
            if (!tokens.skipOperator(",") && !tokens.atOperator(closing))
                throw tokens.unexpected("',' or '" + closing + "'");
        }
        return items;
    }

    private Expr dict(int line) {
        List<Expr.DictOf.Entry> entries = new ArrayList<>();
        while (!tokens.skipOperator("}")) {
            Expr key = expression();
            tokens.expectOperator(":");
            entries.add(new Expr.DictOf.Entry(key, expression()));
            if (!tokens.skipOperator(",") && !tokens.atOperator("}")) throw tokens.unexpected("',' or '}'");
        }
        return new Expr.DictOf(entries, line);
    }

    private Expr postfix(Expr target) {
        Expr expr = target;
        while (true) {
            int line = tokens.line();
            if (tokens.skipOperator(".")) expr = field(expr, line);
            else if (tokens.skipOperator("[")) expr = index(expr, line);
            else if (tokens.skipOperator("(")) expr = new Expr.Call(expr, arguments(), line);
            else return expr;
        }
    }

    private Expr field(Expr target, int line) {
        if (tokens.at(Token.Kind.INTEGER))
            return new Expr.Index(target, new Expr.Literal(new Value.Int(integer(tokens.next()))), line);
        return new Expr.Attribute(
                target, tokens.expect(Token.Kind.NAME, "a field's name").text(), line);
    }

    private Expr index(Expr target, int line) {
        Expr from = null;
        if (!tokens.atOperator(":")) {
            from = expression();
            if (tokens.skipOperator("]")) return new Expr.Index(target, from, line);
        }
        tokens.expectOperator(":");
        Expr to = tokens.atOperator(":") || tokens.atOperator("]") ? null : expression();
        Expr step = null;
        if (tokens.skipOperator(":") && !tokens.atOperator("]")) step = expression();
        tokens.expectOperator("]");
        return new Expr.Slice(target, from, to, step, line);
    }

    /// After the opening bracket.
    Expr.Arguments arguments() {
        List<Expr> positional = new ArrayList<>();
        List<Expr.Arguments.Named> named = new ArrayList<>();
        while (!tokens.skipOperator(")")) {
            Expr value = expression();
            if (value instanceof Expr.Name name && tokens.skipOperator("=")) {
                named.add(new Expr.Arguments.Named(name.name(), expression()));
            } else {
                if (!named.isEmpty()) throw tokens.fail("a positional argument after a named one");
                positional.add(value);
            }
            if (!tokens.skipOperator(",") && !tokens.atOperator(")")) throw tokens.unexpected("',' or ')'");
        }
        return new Expr.Arguments(positional, named);
    }

    private Expr filtered(Expr target) {
        Expr expr = target;
        while (true) {
            int line = tokens.line();
            if (tokens.skipOperator("|")) {
                Stmt.Applied applied = filter();
                expr = new Expr.Filter(expr, applied.filter(), applied.arguments(), line);
            } else if (tokens.skipName("is")) {
                expr = test(expr, line);
            } else if (tokens.skipOperator("(")) {
                expr = new Expr.Call(expr, arguments(), line);
            } else {
                return expr;
            }
        }
    }

    /// `name` or `name(arguments)`, after the bar.
    Stmt.Applied filter() {
        Token name = tokens.expect(Token.Kind.NAME, "a filter's name");
        Filters filter = Filters.named(name.text());
        if (filter == null)
            throw TemplateException.at(name.line(), "unknown filter '" + Token.shortened(name.text()) + "'");
        Expr.Arguments arguments = tokens.skipOperator("(") ? arguments() : Expr.Arguments.NONE;
        return new Stmt.Applied(filter, arguments, name.line());
    }

    private Expr test(Expr target, int line) {
        boolean negated = tokens.skipName("not");
        Token name = tokens.expect(Token.Kind.NAME, "a test's name");
        Tests test = Tests.named(name.text());
        if (test == null)
            throw TemplateException.at(name.line(), "unknown test '" + Token.shortened(name.text()) + "'");
        List<Expr> arguments = List.of();
        if (tokens.skipOperator("(")) {
            Expr.Arguments given = arguments();
            if (!given.named().isEmpty()) throw tokens.fail("named arguments of a test are not supported");
            arguments = given.positional();
        } else if (argumentFollows()) {
            arguments = List.of(postfix(primary()));
        }
        return new Expr.Test(target, test, arguments, negated, line);
    }

    /// `x is divisibleby 3`: an argument without brackets.
    private boolean argumentFollows() {
        Token token = tokens.peek();
        return switch (token.kind()) {
            case STRING, INTEGER, FLOAT -> true;
            case NAME ->
                switch (token.text()) {
                    case "else", "or", "and", "if", "in", "is", "not", "recursive" -> false;
                    default -> true;
                };
            case OPERATOR -> token.isOperator("[") || token.isOperator("{");
            case DATA, PRINT_BEGIN, PRINT_END, BLOCK_BEGIN, BLOCK_END, END -> false;
        };
    }
}
