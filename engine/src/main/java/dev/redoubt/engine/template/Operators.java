package dev.redoubt.engine.template;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Arithmetic, membership, indices and slices, as Python has them, on 64-bit whole numbers that refuse to
/// overflow.
final class Operators {
    private Operators() {}

    static Value arithmetic(Expr.Operator operator, Value left, Value right, Budget budget) {
        if (left instanceof Value.Undefined undefined) throw Values.undefined(undefined, budget);
        if (right instanceof Value.Undefined undefined) throw Values.undefined(undefined, budget);
        if (Values.isNumber(left) && Values.isNumber(right)) {
            if (Values.isReal(left) || Values.isReal(right) || operator == Expr.Operator.DIVIDE)
                return reals(operator, Values.real(left, budget), Values.real(right, budget), budget);
            return integers(operator, Values.integer(left, budget), Values.integer(right, budget), budget);
        }
        if (operator == Expr.Operator.ADD) {
            if (left instanceof Text a && right instanceof Text b) return concat(List.of(a, b), budget);
            if (left instanceof Value.Sequence a && right instanceof Value.Sequence b && a.tuple() == b.tuple()) {
                budget.list((long) a.items().size() + b.items().size());
                List<Value> items = new ArrayList<>(a.items());
                items.addAll(b.items());
                return new Value.Sequence(items, a.tuple());
            }
        }
        if (operator == Expr.Operator.MULTIPLY) {
            if (right instanceof Value.Int count) return repeat(left, count.value(), budget);
            if (left instanceof Value.Int count) return repeat(right, count.value(), budget);
        }
        throw budget.fail("no such operation for " + Values.kind(left) + " and " + Values.kind(right));
    }

    static Text concat(List<Text> parts, Budget budget) {
        long length = 0;
        for (Text part : parts) length += part.length();
        budget.text(length);
        Text.Builder all = new Text.Builder();
        for (Text part : parts) all.append(part);
        return all.build();
    }

    private static Value integers(Expr.Operator operator, long a, long b, Budget budget) {
        try {
            return new Value.Int(
                    switch (operator) {
                        case ADD -> Math.addExact(a, b);
                        case SUBTRACT -> Math.subtractExact(a, b);
                        case MULTIPLY -> Math.multiplyExact(a, b);
                        case FLOOR_DIVIDE -> Math.floorDivExact(a, b);
                        case REMAINDER -> Math.floorMod(a, b);
                        case POWER -> power(a, b, budget);
                        case DIVIDE -> throw new AssertionError();
                    });
        } catch (ArithmeticException e) {
            if (b == 0) throw budget.fail("division by zero");
            throw budget.fail("a number over the range of 64 bits");
        }
    }

    private static long power(long base, long exponent, Budget budget) {
        if (exponent < 0) throw budget.fail("a negative power of a whole number");
        if (base == 0 || base == 1) return exponent == 0 ? 1 : base;
        if (base == -1) return exponent % 2 == 0 ? 1 : -1;
        long result = 1;
        for (long i = 0; i < exponent; i++)
            result = Math.multiplyExact(result, base); // overflows after 63 rounds at most
        return result;
    }

    private static Value reals(Expr.Operator operator, double a, double b, Budget budget) {
        boolean divides = operator == Expr.Operator.DIVIDE
                || operator == Expr.Operator.FLOOR_DIVIDE
                || operator == Expr.Operator.REMAINDER;
        if (divides && b == 0) throw budget.fail("division by zero");
        return new Value.Real(
                switch (operator) {
                    case ADD -> a + b;
                    case SUBTRACT -> a - b;
                    case MULTIPLY -> a * b;
                    case DIVIDE -> a / b;
                    case FLOOR_DIVIDE -> Math.floor(a / b);
                    case REMAINDER -> a - b * Math.floor(a / b);
                    case POWER -> StrictMath.pow(a, b);
                });
    }

    private static Value repeat(Value value, long count, Budget budget) {
        long times = Math.max(0, count);
        if (value instanceof Text text) {
            if (times > 0 && text.length() > Budget.TEXT_CHARS_MAX / times)
                throw budget.fail("text budget of " + Budget.TEXT_CHARS_MAX + " characters is used up");
            budget.text(text.length() * times);
            budget.scan(text.length() * times);
            Text.Builder all = new Text.Builder();
            for (long i = 0; i < (text.isEmpty() ? 0 : times); i++) all.append(text);
            return all.build();
        }
        if (value instanceof Value.Sequence list) {
            int size = list.items().size();
            budget.list(size == 0 ? 0 : times > Budget.LIST_ITEMS_MAX ? times : size * times);
            List<Value> items = new ArrayList<>();
            for (long i = 0; i < (size == 0 ? 0 : times); i++) items.addAll(list.items());
            return new Value.Sequence(items, list.tuple());
        }
        throw budget.fail(Values.kind(value) + " cannot be multiplied");
    }

    static boolean contains(Value container, Value value, Budget budget) {
        return switch (container) {
            case Text text -> {
                if (!(value instanceof Text part))
                    throw budget.fail("'in' a string expects a string, found " + Values.kind(value));
                yield indexOf(text, part, 0, budget) >= 0;
            }
            case Value.Mapping mapping -> mapping.entries().containsKey(value);
            case Value.Sequence sequence -> {
                for (Value item : sequence.items()) if (Values.equal(item, value, budget)) yield true;
                yield false;
            }
            case Value.Undefined undefined -> false;
            default -> throw budget.fail("'in' expects a list, a mapping or a string, found " + Values.kind(container));
        };
    }

    /// The plain search of the JDK may look at `text × part` characters, so that is what it costs.
    static int indexOf(Text text, Text part, int from, Budget budget) {
        int found = text.chars().indexOf(part.chars(), from);
        long looked = (found < 0 ? text.length() : found + part.length()) - (long) from;
        budget.scan(looked * (1 + part.length() / 8));
        return found;
    }

    static Value index(Value target, Value index, Budget budget) {
        return switch (target) {
            case Value.Undefined undefined -> throw Values.undefined(undefined, budget);
            case Value.Mapping mapping -> {
                Value found = isKey(index) ? mapping.entries().get(index) : null;
                yield found == null ? missing(index, budget) : found;
            }
            case Value.Sequence sequence
            when index instanceof Value.Int number -> {
                long at = number.value() < 0 ? number.value() + sequence.items().size() : number.value();
                boolean inside = at >= 0 && at < sequence.items().size();
                yield inside ? sequence.items().get((int) at) : missing(index, budget);
            }
            case Text text
            when index instanceof Value.Int number -> {
                budget.scan(text.length());
                int length = text.codePoints();
                long at = number.value() < 0 ? number.value() + length : number.value();
                if (at < 0 || at >= length) yield missing(index, budget);
                int from = text.chars().offsetByCodePoints(0, (int) at);
                yield text.slice(from, text.chars().offsetByCodePoints(from, 1));
            }
            case Value.Namespace namespace
            when index instanceof Text name -> {
                Value found = namespace.fields.get(name.chars());
                yield found == null ? missing(index, budget) : found;
            }
            default -> missing(index, budget);
        };
    }

    static boolean isKey(Value value) {
        return value instanceof Text
                || value instanceof Value.Int
                || value instanceof Value.Real
                || value instanceof Value.Bool
                || value instanceof Value.None;
    }

    private static Value missing(Value index, Budget budget) {
        return new Value.Undefined(
                isKey(index) ? Token.shortened(Values.print(index, budget).chars()) : "element");
    }

    static Value slice(Value target, @Nullable Value from, @Nullable Value to, @Nullable Value step, Budget budget) {
        return switch (target) {
            case Value.Undefined undefined -> throw Values.undefined(undefined, budget);
            case Value.Sequence sequence -> {
                List<Value> items = sequence.items();
                List<Integer> chosen = chosen(items.size(), from, to, step, budget);
                List<Value> slice = new ArrayList<>(chosen.size());
                for (int i : chosen) slice.add(items.get(i));
                yield new Value.Sequence(slice, sequence.tuple());
            }
            case Text text -> {
                List<Value> characters = Values.items(text, budget);
                List<Integer> chosen = chosen(characters.size(), from, to, step, budget);
                Text.Builder slice = new Text.Builder();
                for (int i : chosen) slice.append((Text) characters.get(i));
                yield slice.build();
            }
            default -> throw budget.fail(Values.kind(target) + " cannot be sliced");
        };
    }

    private static List<Integer> chosen(
            int size, @Nullable Value from, @Nullable Value to, @Nullable Value step, Budget budget) {
        long by = step == null || step == Value.None.NONE ? 1 : Values.integer(step, budget);
        if (by == 0) throw budget.fail("slice step zero");
        boolean forward = by > 0;
        long low = forward ? 0 : -1;
        long high = forward ? size : size - 1L;
        long start = bound(from, forward ? low : high, size, low, high, budget);
        long end = bound(to, forward ? high : low, size, low, high, budget);
        List<Integer> chosen = new ArrayList<>();
        for (long i = start; forward ? i < end : i > end; i += by) chosen.add((int) i);
        budget.list(chosen.size());
        return chosen;
    }

    private static long bound(@Nullable Value given, long fallback, int size, long low, long high, Budget budget) {
        if (given == null || given == Value.None.NONE) return fallback;
        long index = Values.integer(given, budget);
        if (index < 0) index += size;
        return Math.clamp(index, low, high);
    }
}
