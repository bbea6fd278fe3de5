package dev.redoubt.engine.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// The tests: `x is name`.
enum Tests {
    DEFINED("defined"),
    UNDEFINED("undefined"),
    NONE("none"),
    BOOLEAN("boolean"),
    TRUE("true"),
    FALSE("false"),
    STRING("string"),
    NUMBER("number"),
    INTEGER("integer"),
    FLOAT("float"),
    MAPPING("mapping"),
    SEQUENCE("sequence"),
    ITERABLE("iterable"),
    CALLABLE("callable"),
    ODD("odd"),
    EVEN("even"),
    DIVISIBLE_BY("divisibleby"),
    EQUAL("eq", "equalto", "=="),
    NOT_EQUAL("ne", "!="),
    LESS("lt", "lessthan", "<"),
    LESS_OR_EQUAL("le", "<="),
    GREATER("gt", "greaterthan", ">"),
    GREATER_OR_EQUAL("ge", ">="),
    IN("in"),
    LOWER("lower"),
    UPPER("upper"),
    SAME_AS("sameas"),
    FILTER("filter"),
    TEST("test");

    private final List<String> names;

    Tests(String... names) {
        this.names = List.of(names);
    }

    static @Nullable Tests named(String name) {
        for (Tests test : values()) if (test.names.contains(name)) return test;
        return null;
    }

    boolean holds(Value value, List<Value> arguments, Budget budget) {
        int expected = switch (this) {
            case DIVISIBLE_BY, EQUAL, NOT_EQUAL, LESS, LESS_OR_EQUAL, GREATER, GREATER_OR_EQUAL, IN, SAME_AS -> 1;
            default -> 0;
        };
        if (arguments.size() != expected)
            throw budget.fail(
                    "test '" + names.getFirst() + "' takes " + expected + " argument(s), found " + arguments.size());
        return switch (this) {
            case DEFINED -> !(value instanceof Value.Undefined);
            case UNDEFINED -> value instanceof Value.Undefined;
            case NONE -> value == Value.None.NONE;
            case BOOLEAN -> value instanceof Value.Bool;
            case TRUE -> value == Value.Bool.TRUE;
            case FALSE -> value == Value.Bool.FALSE;
            case STRING -> value instanceof Text;
            case NUMBER -> Values.isNumber(value);
            case INTEGER -> value instanceof Value.Int;
            case FLOAT -> value instanceof Value.Real;
            case MAPPING -> value instanceof Value.Mapping;
            case SEQUENCE, ITERABLE ->
                value instanceof Value.Sequence
                        || value instanceof Text
                        || value instanceof Value.Mapping
                        || value instanceof Value.Undefined;
            case CALLABLE -> value instanceof Value.Macro || value instanceof Value.Function;
            case ODD -> Values.integer(value, budget) % 2 != 0;
            case EVEN -> Values.integer(value, budget) % 2 == 0;
            case DIVISIBLE_BY -> {
                long divisor = Values.integer(arguments.getFirst(), budget);
                if (divisor == 0) throw budget.fail("division by zero");
                yield Values.integer(value, budget) % divisor == 0;
            }
            case EQUAL -> Values.equal(value, arguments.getFirst(), budget);
            case NOT_EQUAL -> !Values.equal(value, arguments.getFirst(), budget);
            case LESS -> Values.compare(value, arguments.getFirst(), budget) < 0;
            case LESS_OR_EQUAL -> Values.compare(value, arguments.getFirst(), budget) <= 0;
            case GREATER -> Values.compare(value, arguments.getFirst(), budget) > 0;
            case GREATER_OR_EQUAL -> Values.compare(value, arguments.getFirst(), budget) >= 0;
            case IN -> Operators.contains(arguments.getFirst(), value, budget);
            case LOWER -> isCased(Values.text(value, budget).chars(), false, budget);
            case UPPER -> isCased(Values.text(value, budget).chars(), true, budget);
            case SAME_AS -> isScalar(value) && value.equals(arguments.getFirst());
            case FILTER -> Filters.named(Values.text(value, budget).chars()) != null;
            case TEST -> named(Values.text(value, budget).chars()) != null;
        };
    }

    private static boolean isScalar(Value value) {
        return value instanceof Value.Int || value instanceof Value.Bool || value instanceof Value.None;
    }

    private static boolean isCased(String text, boolean upper, Budget budget) {
        budget.scan(text.length());
        boolean cased = false;
        for (int i = 0; i < text.length(); ) {
            int c = text.codePointAt(i);
            i += Character.charCount(c);
            if (upper ? Character.isLowerCase(c) : Character.isUpperCase(c)) return false;
            cased |= Character.isUpperCase(c) || Character.isLowerCase(c);
        }
        return cased;
    }
}
