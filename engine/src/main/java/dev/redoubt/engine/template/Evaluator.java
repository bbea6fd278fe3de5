package dev.redoubt.engine.template;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Values of expressions.
final class Evaluator {
    private static final long RANGE_MAX = 100_000; // what Jinja's own sandbox allows

    private final Interpreter interpreter;
    private final Budget budget;
    private final LocalDate today;

    Evaluator(Interpreter interpreter, Budget budget, LocalDate today) {
        this.interpreter = interpreter;
        this.budget = budget;
        this.today = today;
    }

    Value value(Expr expr, Interpreter.Scope scope) {
        budget.step();
        budget.enter();
        Value value = evaluated(expr, scope);
        budget.leave();
        return value;
    }

    private Value evaluated(Expr expr, Interpreter.Scope scope) {
        return switch (expr) {
            case Expr.Literal literal -> literal.value();
            case Expr.Name name -> {
                Value value = scope.get(name.name());
                yield value == null ? new Value.Undefined(name.name()) : value;
            }
            case Expr.ListOf list -> new Value.Sequence(values(list.items(), scope), list.tuple());
            case Expr.DictOf dict -> dict(dict, scope);
            case Expr.Attribute attribute -> {
                Value target = value(attribute.target(), scope);
                budget.at(attribute.line());
                yield attribute(target, attribute.name());
            }
            case Expr.Index index -> {
                Value target = value(index.target(), scope);
                Value key = value(index.index(), scope);
                budget.at(index.line());
                yield Operators.index(target, key, budget);
            }
            case Expr.Slice slice -> slice(slice, scope);
            case Expr.Call call -> call(call, scope);
            case Expr.Filter filter -> {
                Value target = value(filter.target(), scope);
                Args args = arguments(filter.arguments(), scope);
                budget.at(filter.line());
                yield filter.filter().apply(target, args, budget);
            }
            case Expr.Test test -> {
                Value target = value(test.target(), scope);
                List<Value> arguments = values(test.arguments(), scope);
                budget.at(test.line());
                yield Value.Bool.of(test.test().holds(target, arguments, budget) != test.negated());
            }
            case Expr.Not not -> Value.Bool.of(!Values.truth(value(not.operand(), scope)));
            case Expr.Sign sign -> sign(sign, scope);
            case Expr.Concat concat -> {
                List<Text> parts = new ArrayList<>(concat.parts().size());
                for (Expr part : concat.parts()) parts.add(Values.print(value(part, scope), budget));
                budget.at(concat.line());
                yield Operators.concat(parts, budget);
            }
            case Expr.Arithmetic arithmetic -> {
                Value value = value(arithmetic.first(), scope);
                for (Expr.Arithmetic.Step step : arithmetic.steps()) {
                    Value operand = value(step.operand(), scope);
                    budget.at(arithmetic.line());
                    value = Operators.arithmetic(step.operator(), value, operand, budget);
                }
                yield value;
            }
            case Expr.Comparison comparison -> comparison(comparison, scope);
            case Expr.And and -> {
                Value value = Value.Bool.TRUE;
                for (Expr operand : and.operands()) {
                    value = value(operand, scope);
                    if (!Values.truth(value)) break;
                }
                yield value;
            }
            case Expr.Or or -> {
                Value value = Value.Bool.FALSE;
                for (Expr operand : or.operands()) {
                    value = value(operand, scope);
                    if (Values.truth(value)) break;
                }
                yield value;
            }
            case Expr.Choice choice -> {
                Expr otherwise = choice.otherwise();
                if (Values.truth(value(choice.condition(), scope))) yield value(choice.then(), scope);
                yield otherwise == null ? new Value.Undefined("a value without 'else'") : value(otherwise, scope);
            }
        };
    }

    private List<Value> values(List<Expr> exprs, Interpreter.Scope scope) {
        List<Value> values = new ArrayList<>(exprs.size());
        for (Expr expr : exprs) values.add(value(expr, scope));
        return values;
    }

    Args arguments(Expr.Arguments arguments, Interpreter.Scope scope) {
        Map<String, Value> named = new HashMap<>();
        List<Value> positional = values(arguments.positional(), scope);
        for (Expr.Arguments.Named argument : arguments.named())
            named.put(argument.name(), value(argument.value(), scope));
        return new Args(positional, named, budget);
    }

    private Value dict(Expr.DictOf dict, Interpreter.Scope scope) {
        Map<Value, Value> entries = new LinkedHashMap<>();
        for (Expr.DictOf.Entry entry : dict.entries()) {
            Value key = value(entry.key(), scope);
            if (!Operators.isKey(key)) throw budget.fail(Values.kind(key) + " cannot be a key");
            entries.put(key, value(entry.value(), scope));
        }
        return new Value.Mapping(entries);
    }

    private Value slice(Expr.Slice slice, Interpreter.Scope scope) {
        Value target = value(slice.target(), scope);
        Value from = optional(slice.from(), scope);
        Value to = optional(slice.to(), scope);
        Value step = optional(slice.step(), scope);
        budget.at(slice.line());
        return Operators.slice(target, from, to, step, budget);
    }

    private @Nullable Value optional(@Nullable Expr expr, Interpreter.Scope scope) {
        return expr == null ? null : value(expr, scope);
    }

    private Value sign(Expr.Sign sign, Interpreter.Scope scope) {
        Value operand = value(sign.operand(), scope);
        budget.at(sign.line());
        return sign.negative()
                ? Operators.arithmetic(Expr.Operator.MULTIPLY, new Value.Int(-1), number(operand), budget)
                : number(operand);
    }

    private Value number(Value value) {
        if (!Values.isNumber(value)) throw budget.fail("a sign before " + Values.kind(value));
        return value;
    }

    private Value comparison(Expr.Comparison comparison, Interpreter.Scope scope) {
        Value left = value(comparison.first(), scope);
        for (Expr.Comparison.Step step : comparison.steps()) {
            Value right = value(step.operand(), scope);
            budget.at(comparison.line());
            boolean holds = switch (step.comparator()) {
                case EQUAL -> Values.equal(left, right, budget);
                case NOT_EQUAL -> !Values.equal(left, right, budget);
                case LESS -> Values.compare(left, right, budget) < 0;
                case LESS_OR_EQUAL -> Values.compare(left, right, budget) <= 0;
                case GREATER -> Values.compare(left, right, budget) > 0;
                case GREATER_OR_EQUAL -> Values.compare(left, right, budget) >= 0;
                case IN -> Operators.contains(right, left, budget);
                case NOT_IN -> !Operators.contains(right, left, budget);
            };
            if (!holds) return Value.Bool.FALSE;
            left = right;
        }
        return Value.Bool.TRUE;
    }

    /// Only data, namespaces and the loop have fields; of everything else every field is undefined.
    private Value attribute(Value target, String name) {
        Value found = switch (target) {
            case Value.Undefined undefined -> throw Values.undefined(undefined, budget);
            case Value.Mapping mapping -> mapping.get(name);
            case Value.Namespace namespace -> namespace.fields.get(name);
            case Value.Loop loop -> ofLoop(loop, name);
            default -> null;
        };
        return found == null ? new Value.Undefined(name) : found;
    }

    private static @Nullable Value ofLoop(Value.Loop loop, String name) {
        int size = loop.items.size();
        return switch (name) {
            case "index" -> new Value.Int(loop.index + 1L);
            case "index0" -> new Value.Int(loop.index);
            case "revindex" -> new Value.Int((long) size - loop.index);
            case "revindex0" -> new Value.Int(size - 1L - loop.index);
            case "first" -> Value.Bool.of(loop.index == 0);
            case "last" -> Value.Bool.of(loop.index == size - 1);
            case "length" -> new Value.Int(size);
            case "depth" -> new Value.Int(loop.depth);
            case "depth0" -> new Value.Int(loop.depth - 1L);
            case "previtem" -> loop.index == 0 ? null : loop.items.get(loop.index - 1);
            case "nextitem" -> loop.index == size - 1 ? null : loop.items.get(loop.index + 1);
            default -> null;
        };
    }

    private Value call(Expr.Call call, Interpreter.Scope scope) {
        if (call.target() instanceof Expr.Attribute method) return method(method, call, scope);
        Value target = value(call.target(), scope);
        Args args = arguments(call.arguments(), scope);
        budget.at(call.line());
        return called(target, args);
    }

    private Value method(Expr.Attribute method, Expr.Call call, Interpreter.Scope scope) {
        Value target = value(method.target(), scope);
        Args args = arguments(call.arguments(), scope);
        budget.at(call.line());
        Value result = Methods.call(target, method.name(), args, budget);
        if (result != null) return result;
        if (target instanceof Value.Loop loop && method.name().equals("cycle")) {
            if (args.positional().isEmpty()) throw budget.fail("missing arguments of 'cycle'");
            return args.positional().get(loop.index % args.positional().size());
        }
        Value field = attribute(target, method.name());
        if (field instanceof Value.Undefined)
            throw budget.fail(Values.kind(target) + " has no method '" + Token.shortened(method.name()) + "'");
        return called(field, args);
    }

    private Value called(Value target, Args args) {
        return switch (target) {
            case Value.Macro macro -> interpreter.call(macro, args, null);
            case Value.Undefined undefined ->
                throw budget.fail("unknown function, '" + Token.shortened(undefined.name()) + "' is undefined");
            case Value.Function function ->
                switch (function) {
                    case RANGE -> range(args);
                    case NAMESPACE -> namespace(args);
                    case DICT -> dict(args);
                    case RAISE_EXCEPTION ->
                        throw budget.raise(Values.print(
                                        args.only("raise_exception", "message").required(0, "message"), budget)
                                .chars());
                    case STRFTIME_NOW ->
                        Text.data(DateFormat.format(
                                today, args.only("strftime_now", "format").text(0, "format"), budget));
                };
            default -> throw budget.fail(Values.kind(target) + " cannot be called");
        };
    }

    private Value range(Args args) {
        args.only("range", "start", "stop", "step");
        boolean single = args.count() == 1;
        long from = single ? 0 : args.integer(0, "start", 0);
        long to = single
                ? Values.integer(args.required(0, "stop"), budget)
                : Values.integer(args.required(1, "stop"), budget);
        long step = args.integer(2, "step", 1);
        if (step == 0) throw budget.fail("range step zero");
        List<Value> numbers = new ArrayList<>();
        for (long i = from; step > 0 ? i < to : i > to; i += step) {
            if (numbers.size() == RANGE_MAX) throw budget.fail("a range over the limit of " + RANGE_MAX);
            numbers.add(new Value.Int(i));
            if (step > 0 ? i > Long.MAX_VALUE - step : i < Long.MIN_VALUE - step) break;
        }
        budget.list(numbers.size());
        return Value.Sequence.list(numbers);
    }

    private Value namespace(Args args) {
        Value.Namespace namespace = new Value.Namespace();
        for (Value given : args.positional()) {
            if (!(given instanceof Value.Mapping mapping))
                throw budget.fail("'namespace' expects a mapping, found " + Values.kind(given));
            mapping.entries()
                    .forEach((key, value) ->
                            namespace.fields.put(Values.text(key, budget).chars(), value));
        }
        namespace.fields.putAll(args.named());
        return namespace;
    }

    private Value dict(Args args) {
        Map<Value, Value> entries = new LinkedHashMap<>();
        for (Value given : args.positional()) {
            if (!(given instanceof Value.Mapping mapping))
                throw budget.fail("'dict' expects a mapping, found " + Values.kind(given));
            entries.putAll(mapping.entries());
        }
        args.named().forEach((name, value) -> entries.put(Text.template(name), value));
        return new Value.Mapping(entries);
    }
}
