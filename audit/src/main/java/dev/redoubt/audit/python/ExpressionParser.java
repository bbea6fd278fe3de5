package dev.redoubt.audit.python;

import dev.redoubt.audit.python.Expression.Argument;
import dev.redoubt.audit.python.Expression.Attribute;
import dev.redoubt.audit.python.Expression.Call;
import dev.redoubt.audit.python.Expression.Choice;
import dev.redoubt.audit.python.Expression.Comparison;
import dev.redoubt.audit.python.Expression.Comprehension;
import dev.redoubt.audit.python.Expression.Constant;
import dev.redoubt.audit.python.Expression.Dict;
import dev.redoubt.audit.python.Expression.Entry;
import dev.redoubt.audit.python.Expression.Items;
import dev.redoubt.audit.python.Expression.Lambda;
import dev.redoubt.audit.python.Expression.Name;
import dev.redoubt.audit.python.Expression.Named;
import dev.redoubt.audit.python.Expression.Operation;
import dev.redoubt.audit.python.Expression.Prefixed;
import dev.redoubt.audit.python.Expression.Shape;
import dev.redoubt.audit.python.Expression.Slice;
import dev.redoubt.audit.python.Expression.Source;
import dev.redoubt.audit.python.Expression.Subscript;
import dev.redoubt.audit.python.Expression.Unreadable;
import dev.redoubt.audit.python.Expression.Word;
import dev.redoubt.audit.python.Tokens.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Expressions by precedence climbing. What it cannot read is [Unreadable]; it always takes a token or leaves the
/// line's end to its caller.
abstract class ExpressionParser extends TokenReader {
    /* Every tree is walked by recursion, so depth is bounded here, also of what grows to the left: a chain of calls or of
     * operators nests as deep as brackets do. Deeper is no code that a person wrote. */
    static final int DEPTH_MAX = 100;
    private static final int CHAIN_MAX = 200;

    private static final Map<String, Integer> BINARY = Map.ofEntries(
            Map.entry("|", 1),
            Map.entry("^", 2),
            Map.entry("&", 3),
            Map.entry("<<", 4),
            Map.entry(">>", 4),
            Map.entry("+", 5),
            Map.entry("-", 5),
            Map.entry("*", 6),
            Map.entry("/", 6),
            Map.entry("//", 6),
            Map.entry("%", 6),
            Map.entry("@", 6),
            Map.entry("**", 8));
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", ">", "<=", ">=", "in", "is", "not");
    /// Cannot begin an expression.
    private static final Set<String> KEYWORDS = Set.of(
            "and",
            "or",
            "in",
            "is",
            "if",
            "else",
            "elif",
            "for",
            "while",
            "import",
            "from",
            "as",
            "def",
            "class",
            "return",
            "raise",
            "with",
            "try",
            "except",
            "finally",
            "del",
            "pass",
            "break",
            "continue",
            "global",
            "nonlocal",
            "assert");

    /// Of brackets, and of texts in the braces of texts.
    int depth;

    ExpressionParser(Tokens tokens) {
        super(tokens);
    }

    /// `a, b` is a tuple here.
    final Expression expressions() {
        int start = start();
        Expression first = starred();
        if (!sees(",")) return first;
        List<Expression> all = new ArrayList<>(List.of(first));
        while (take(",")) if (begins()) all.add(starred());
        return new Items(start, end(), Shape.TUPLE, all);
    }

    private Expression starred() {
        int start = start();
        if (take("*") || take("**")) return prefixed(start, "*", expression());
        Expression value = expression();
        if (!take(":=")) return value;
        Expression named = expression();
        return new Named(start, end(), value, named);
    }

    final Expression expression() {
        if (depth >= DEPTH_MAX) return skipNested();
        depth++;
        try {
            return choice();
        } finally {
            depth--;
        }
    }

    private Expression choice() {
        int start = start();
        if (take("lambda")) return lambda(start);
        if (take("yield")) {
            take("from");
            return prefixed(start, "yield", begins() ? expressions() : nothing());
        }
        Expression then = or();
        if (!take("if")) return then;
        Expression condition = or();
        if (!take("else")) return then; // the condition of a comprehension is never read here
        Expression otherwise = expression();
        return new Choice(start, end(), condition, then, otherwise);
    }

    private Expression lambda(int start) {
        List<Parameter> parameters = parameters(":", false);
        take(":");
        Expression body = expression();
        return new Lambda(start, end(), parameters, body);
    }

    /// @param close what ends them, which is left
    final List<Parameter> parameters(String close, boolean typed) {
        List<Parameter> all = new ArrayList<>();
        while (!sees(close) && !atLineEnd()) {
            int start = start();
            int before = at;
            String star = take("*") ? "*" : take("**") ? "**" : "";
            if (kind() == Kind.NAME) {
                String name = text();
                at++;
                Expression type = typed && take(":") ? expression() : null;
                Expression value = take("=") ? expression() : null;
                all.add(new Parameter(start, name, star, type, value));
            }
            if (!take(",") && at == before) at++;
        }
        return all;
    }

    private Expression or() {
        return joined("or", () -> joined("and", this::not));
    }

    private Expression joined(String word, Operand operand) {
        int start = start();
        Expression first = operand.read();
        if (!sees(word)) return first;
        List<Expression> all = new ArrayList<>(List.of(first));
        while (take(word)) all.add(operand.read());
        return new Operation(start, end(), word, all);
    }

    private interface Operand {
        Expression read();
    }

    private Expression not() {
        int start = start();
        if (!sees("not")) return comparison();
        boolean negative = false;
        while (take("not")) negative = !negative;
        Expression value = comparison();
        return negative ? new Operation(start, end(), "not", List.of(value)) : value;
    }

    private Expression comparison() {
        int start = start();
        Expression first = binary(1);
        if (!comparisonFollows()) return first;
        List<Expression> operands = new ArrayList<>(List.of(first));
        List<String> operators = new ArrayList<>();
        while (comparisonFollows()) {
            String operator = text();
            at++;
            if (operator.equals("not") && take("in")) operator = "not in";
            else if (operator.equals("is") && take("not")) operator = "is not";
            operators.add(operator);
            operands.add(binary(1));
        }
        return new Comparison(start, end(), operands, operators);
    }

    private boolean comparisonFollows() {
        if (kind() != Kind.OPERATOR && kind() != Kind.NAME || !COMPARISONS.contains(text())) return false;
        return !sees("not") || (tokens.kind(at + 1) == Kind.NAME && tokens.is(at + 1, "in"));
    }

    private Expression binary(int precedence) {
        int start = start();
        Expression left = unary();
        for (int chain = 0; ; chain++) {
            Integer own = kind() == Kind.OPERATOR ? BINARY.get(text()) : null;
            if (own == null || own < precedence) return left;
            if (chain >= CHAIN_MAX) return skipNested();
            String operator = text();
            at++;
            Expression right = operator.equals("**") ? unary() : binary(own + 1);
            left = new Operation(start, end(), operator, List.of(left, right));
        }
    }

    private Expression unary() {
        int start = start();
        String operator = "";
        while (kind() == Kind.OPERATOR && (sees("-") || sees("+") || sees("~"))) {
            operator = operator.equals("-") && sees("-") ? "" : text();
            at++;
        }
        if (take("await")) return prefixed(start, "await", chain(atom()));
        Expression value = chain(atom());
        return operator.isEmpty() || operator.equals("+")
                ? value
                : new Operation(start, end(), operator, List.of(value));
    }

    /// What follows a value: attributes, calls, subscripts.
    private Expression chain(Expression first) {
        Expression value = first;
        for (int length = 0; ; length++) {
            if (length >= CHAIN_MAX) return skipNested();
            if (take(".")) {
                if (kind() != Kind.NAME) return value;
                String name = text();
                at++;
                value = new Attribute(first.start(), end(), value, name);
            } else if (take("(")) {
                List<Argument> arguments = arguments();
                value = new Call(first.start(), end(), value, arguments);
            } else if (take("[")) {
                Expression index = subscript();
                take("]");
                value = new Subscript(first.start(), end(), value, index);
            } else {
                return value;
            }
        }
    }

    final List<Argument> arguments() {
        List<Argument> all = new ArrayList<>();
        while (!sees(")") && !atLineEnd()) {
            int before = at;
            int start = start();
            String keyword = take("**") ? "**" : take("*") ? "*" : "";
            if (keyword.isEmpty() && kind() == Kind.NAME && tokens.is(at + 1, "=")) {
                keyword = text();
                at += 2;
            }
            Expression value = keyword.isEmpty() ? starred() : expression();
            if (sees("for") || sees("async")) value = comprehension(start, Shape.GENERATOR, value, "");
            all.add(new Argument(start, keyword, value));
            if (!take(",") && at == before) at++;
        }
        take(")");
        return all;
    }

    private Expression subscript() {
        int start = start();
        List<Expression> parts = new ArrayList<>();
        boolean many = false;
        while (!sees("]") && !atLineEnd()) {
            int before = at;
            parts.add(slice());
            if (take(",")) many = true;
            else if (at == before) at++;
        }
        if (parts.size() == 1 && !many) return parts.getFirst();
        return new Items(start, end(), Shape.TUPLE, parts);
    }

    private Expression slice() {
        int start = start();
        List<Expression> bounds = new ArrayList<>();
        if (!sees(":")) bounds.add(starred());
        if (!sees(":")) return bounds.getFirst();
        while (take(":")) if (begins()) bounds.add(expression());
        return new Slice(start, end(), bounds);
    }

    private Expression atom() {
        int start = start();
        return switch (kind()) {
            case NAME -> {
                String name = text();
                if (KEYWORDS.contains(name)) yield nothing();
                at++;
                yield word(name, start);
            }
            case NUMBER -> {
                at++;
                yield new Expression.Numeral(start, end(), Literals.number(tokens.text(at - 1)));
            }
            case TEXT -> {
                int first = at;
                while (kind() == Kind.TEXT) at++;
                yield Literals.text(tokens, first, at, depth);
            }
            case OPERATOR -> enclosed(start);
            default -> nothing();
        };
    }

    private Expression enclosed(int start) {
        if (take("(")) return bracket(start, Shape.TUPLE, ")");
        if (take("[")) return bracket(start, Shape.LIST, "]");
        if (take("{")) return braces(start);
        if (take("...")) return new Constant(start, end(), Word.NONE);
        return nothing();
    }

    private static Expression word(String name, int start) {
        int end = start + name.length();
        return switch (name) {
            case "True" -> new Constant(start, end, Word.TRUE);
            case "False" -> new Constant(start, end, Word.FALSE);
            case "None" -> new Constant(start, end, Word.NONE);
            default -> new Name(start, end, name);
        };
    }

    private Expression bracket(int start, Shape shape, String close) {
        List<Expression> all = new ArrayList<>();
        boolean comma = false;
        while (!sees(close) && !atLineEnd()) {
            int before = at;
            Expression element = starred();
            if (sees("for") || sees("async"))
                return comprehension(start, shape == Shape.TUPLE ? Shape.GENERATOR : shape, element, close);
            all.add(element);
            if (take(",")) comma = true;
            else if (at == before) at++;
        }
        take(close);
        if (shape == Shape.TUPLE && all.size() == 1 && !comma) return all.getFirst();
        return new Items(start, end(), shape, all);
    }

    private Expression braces(int start) {
        List<Entry> entries = new ArrayList<>();
        List<Expression> elements = new ArrayList<>();
        while (!sees("}") && !atLineEnd()) {
            int before = at;
            if (take("**")) {
                entries.add(new Entry(null, expression()));
            } else {
                Expression first = starred();
                @Nullable Expression value = take(":") ? expression() : null;
                if (sees("for") || sees("async"))
                    return comprehension(
                            start, value == null ? Shape.SET : Shape.DICT, value == null ? first : value, "}");
                if (value == null) elements.add(first);
                else entries.add(new Entry(first, value));
            }
            if (!take(",") && at == before) at++;
        }
        take("}");
        return elements.isEmpty() ? new Dict(start, end(), entries) : new Items(start, end(), Shape.SET, elements);
    }

    /// @param close what ends it and is taken; empty if it is left
    private Expression comprehension(int start, Shape shape, Expression element, String close) {
        List<Source> sources = new ArrayList<>();
        while (sees("for") || sees("async")) {
            take("async");
            if (!take("for")) break;
            Expression target = targets();
            take("in");
            Expression iterable = or();
            List<Expression> conditions = new ArrayList<>();
            while (take("if")) conditions.add(or());
            sources.add(new Source(target, iterable, conditions));
        }
        if (!close.isEmpty()) take(close);
        return new Comprehension(start, end(), shape, element, sources);
    }

    /// What a loop assigns to: no `in` belongs to it.
    final Expression targets() {
        int start = start();
        List<Expression> all = new ArrayList<>();
        boolean comma = false;
        while (!sees("in") && !atLineEnd()) {
            int before = at;
            take("*");
            all.add(binary(1));
            if (take(",")) comma = true;
            else if (at == before) at++;
            else break;
        }
        if (all.size() == 1 && !comma) return all.getFirst();
        return new Items(start, end(), Shape.TUPLE, all);
    }

    private Expression prefixed(int start, String word, Expression value) {
        return new Prefixed(start, end(), word, value);
    }

    private boolean begins() {
        return switch (kind()) {
            case NAME -> !KEYWORDS.contains(text());
            case NUMBER, TEXT -> true;
            case OPERATOR -> "([{-+~*.".indexOf(tokens.source.charAt(start())) >= 0;
            default -> false;
        };
    }

    private Expression nothing() {
        return new Unreadable(start(), start());
    }

    /// Nested too deep: all up to the end of the brackets that are open, or of the line.
    private Expression skipNested() {
        int start = start();
        for (int open = 0; !atLineEnd(); at++) {
            if (sees("(") || sees("[") || sees("{")) open++;
            else if ((sees(")") || sees("]") || sees("}")) && --open < 0) break;
        }
        return new Unreadable(start, end());
    }
}
