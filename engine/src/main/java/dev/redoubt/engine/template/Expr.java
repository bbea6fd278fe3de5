package dev.redoubt.engine.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// An expression of a template, as parsed.
sealed interface Expr {
    record Literal(Value value) implements Expr {}

    record Name(String name, int line) implements Expr {}

    record ListOf(List<Expr> items, boolean tuple) implements Expr {}

    record DictOf(List<Entry> entries, int line) implements Expr {
        record Entry(Expr key, Expr value) {}
    }

    /// `target.name`
    record Attribute(Expr target, String name, int line) implements Expr {}

    /// `target[index]`
    record Index(Expr target, Expr index, int line) implements Expr {}

    /// `target[from:to:step]`
    record Slice(
            Expr target,
            @Nullable Expr from,
            @Nullable Expr to,
            @Nullable Expr step,
            int line) implements Expr {}

    record Call(Expr target, Arguments arguments, int line) implements Expr {}

    record Filter(Expr target, Filters filter, Arguments arguments, int line) implements Expr {}

    record Test(Expr target, Tests test, List<Expr> arguments, boolean negated, int line) implements Expr {}

    record Not(Expr operand) implements Expr {}

    record Sign(Expr operand, boolean negative, int line) implements Expr {}

    /// `a ~ b ~ c`
    record Concat(List<Expr> parts, int line) implements Expr {}

    /// Left to right: `first op[0] operand[0] op[1] operand[1] …`, all of one precedence.
    record Arithmetic(Expr first, List<Arithmetic.Step> steps, int line) implements Expr {
        record Step(Operator operator, Expr operand) {}
    }

    /// `a < b < c`: every neighbouring pair holds.
    record Comparison(Expr first, List<Comparison.Step> steps, int line) implements Expr {
        record Step(Comparator comparator, Expr operand) {}
    }

    record And(List<Expr> operands) implements Expr {}

    record Or(List<Expr> operands) implements Expr {}

    /// `then if condition else otherwise`
    record Choice(Expr condition, Expr then, @Nullable Expr otherwise) implements Expr {}

    enum Operator {
        ADD,
        SUBTRACT,
        MULTIPLY,
        DIVIDE,
        FLOOR_DIVIDE,
        REMAINDER,
        POWER
    }

    enum Comparator {
        EQUAL,
        NOT_EQUAL,
        LESS,
        LESS_OR_EQUAL,
        GREATER,
        GREATER_OR_EQUAL,
        IN,
        NOT_IN
    }

    record Arguments(List<Expr> positional, List<Named> named) {
        static final Arguments NONE = new Arguments(List.of(), List.of());

        record Named(String name, Expr value) {}
    }
}
