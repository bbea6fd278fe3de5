package dev.redoubt.engine.template;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/// What Python says of values: truth, equality, order, text. Every walk over a value is charged.
final class Values {
    private Values() {}

    static boolean truth(Value value) {
        return switch (value) {
            case Text text -> !text.isEmpty();
            case Value.Int number -> number.value() != 0;
            case Value.Real number -> number.value() != 0;
            case Value.Bool bool -> bool == Value.Bool.TRUE;
            case Value.None none -> false;
            case Value.Undefined undefined -> false;
            case Value.Sequence sequence -> !sequence.items().isEmpty();
            case Value.Mapping mapping -> !mapping.entries().isEmpty();
            case Value.Namespace namespace -> true;
            case Value.Macro macro -> true;
            case Value.Function function -> true;
            case Value.Loop loop -> true;
        };
    }

    static String kind(Value value) {
        return switch (value) {
            case Text text -> "a string";
            case Value.Int number -> "a number";
            case Value.Real number -> "a number";
            case Value.Bool bool -> "a boolean";
            case Value.None none -> "none";
            case Value.Undefined undefined -> "undefined";
            case Value.Sequence sequence -> "a list";
            case Value.Mapping mapping -> "a mapping";
            case Value.Namespace namespace -> "a namespace";
            case Value.Macro macro -> "a macro";
            case Value.Function function -> "a function";
            case Value.Loop loop -> "a loop";
        };
    }

    static boolean isNumber(Value value) {
        return value instanceof Value.Int || value instanceof Value.Real || value instanceof Value.Bool;
    }

    static boolean isReal(Value value) {
        return value instanceof Value.Real;
    }

    static double real(Value value, Budget budget) {
        return value instanceof Value.Real number ? number.value() : integer(value, budget);
    }

    static long integer(Value value, Budget budget) {
        return switch (value) {
            case Value.Int number -> number.value();
            case Value.Bool bool -> bool == Value.Bool.TRUE ? 1 : 0;
            default -> throw budget.fail("expected a whole number, found " + kind(value));
        };
    }

    static Text text(Value value, Budget budget) {
        if (value instanceof Text text) return text;
        if (value instanceof Value.Undefined undefined) throw undefined(undefined, budget);
        throw budget.fail("expected a string, found " + kind(value));
    }

    static TemplateException undefined(Value.Undefined undefined, Budget budget) {
        return budget.fail("'" + Token.shortened(undefined.name()) + "' is undefined");
    }

    /// What a loop runs over. Characters of a string, keys of a mapping.
    static List<Value> items(Value value, Budget budget) {
        return switch (value) {
            case Value.Sequence sequence -> sequence.items();
            case Value.Undefined undefined -> List.of();
            case Value.Mapping mapping -> {
                budget.list(mapping.entries().size());
                yield List.copyOf(mapping.entries().keySet());
            }
            case Text text -> {
                budget.list(text.length());
                List<Value> characters = new ArrayList<>(text.length());
                for (int i = 0; i < text.length(); ) {
                    int next = text.chars().offsetByCodePoints(i, 1);
                    characters.add(text.slice(i, next));
                    i = next;
                }
                yield characters;
            }
            default -> throw budget.fail(kind(value) + " cannot be looped over");
        };
    }

    static boolean equal(Value left, Value right, Budget budget) {
        return equal(left, right, budget, 0);
    }

    private static boolean equal(Value left, Value right, Budget budget, int nesting) {
        budget.step();
        budget.valueDepth(nesting);
        if (isNumber(left) && isNumber(right)) {
            if (isReal(left) || isReal(right)) return real(left, budget) == real(right, budget);
            return integer(left, budget) == integer(right, budget);
        }
        return switch (left) {
            case Text text -> {
                budget.scan(text.length());
                yield text.equals(right);
            }
            case Value.Sequence a
            when right instanceof Value.Sequence b -> {
                if (a.tuple() != b.tuple() || a.items().size() != b.items().size()) yield false;
                boolean same = true;
                for (int i = 0; same && i < a.items().size(); i++)
                    same = equal(a.items().get(i), b.items().get(i), budget, nesting + 1);
                yield same;
            }
            case Value.Mapping a
            when right instanceof Value.Mapping b -> {
                boolean same = a.entries().size() == b.entries().size();
                Iterator<Map.Entry<Value, Value>> entries =
                        a.entries().entrySet().iterator();
                while (same && entries.hasNext()) {
                    Map.Entry<Value, Value> entry = entries.next();
                    Value other = b.entries().get(entry.getKey());
                    same = other != null && equal(entry.getValue(), other, budget, nesting + 1);
                }
                yield same;
            }
            case Value.Undefined undefined -> right instanceof Value.Undefined;
            case Value.None none -> right instanceof Value.None;
            default -> false;
        };
    }

    static int compare(Value left, Value right, Budget budget) {
        return compare(left, right, budget, 0);
    }

    private static int compare(Value left, Value right, Budget budget, int nesting) {
        budget.step();
        budget.valueDepth(nesting);
        if (isNumber(left) && isNumber(right)) {
            if (isReal(left) || isReal(right)) return Double.compare(real(left, budget), real(right, budget));
            return Long.compare(integer(left, budget), integer(right, budget));
        }
        if (left instanceof Text a && right instanceof Text b) {
            budget.scan(Math.min(a.length(), b.length()));
            return compareCodePoints(a.chars(), b.chars());
        }
        if (left instanceof Value.Sequence a && right instanceof Value.Sequence b) {
            int common = Math.min(a.items().size(), b.items().size());
            for (int i = 0; i < common; i++) {
                int order = compare(a.items().get(i), b.items().get(i), budget, nesting + 1);
                if (order != 0) return order;
            }
            return Integer.compare(a.items().size(), b.items().size());
        }
        if (left instanceof Value.Undefined undefined) throw undefined(undefined, budget);
        if (right instanceof Value.Undefined undefined) throw undefined(undefined, budget);
        throw budget.fail(kind(left) + " and " + kind(right) + " have no order");
    }

    private static int compareCodePoints(String a, String b) {
        int common = Math.min(a.length(), b.length());
        int i = 0;
        while (i < common && a.charAt(i) == b.charAt(i)) i++;
        if (i == common) return Integer.compare(a.length(), b.length());
        char x = a.charAt(i);
        char y = b.charAt(i);
        boolean surrogates =
                Character.isSurrogate(x) != Character.isSurrogate(y); // supplementary ones are above all others
        return surrogates ? (Character.isSurrogate(x) ? 1 : -1) : Character.compare(x, y);
    }

    /// What `{{ value }}` prints: scalars as Python does; lists and mappings as JSON, which is what Hugging
    /// Face's own `jinja` for JavaScript does and what the reference texts hold (Python's `repr` would have
    /// single quotes).
    static Text print(Value value, Budget budget) {
        return switch (value) {
            case Text text -> text;
            case Value.Undefined undefined -> Text.EMPTY;
            case Value.Int number -> Text.data(Long.toString(number.value()));
            case Value.Real number -> Text.data(real(number.value()));
            case Value.Bool bool -> Text.data(bool == Value.Bool.TRUE ? "True" : "False");
            case Value.None none -> Text.data("None");
            case Value.Sequence sequence -> JsonOutput.of(value, JsonOutput.Style.PLAIN, budget);
            case Value.Mapping mapping -> JsonOutput.of(value, JsonOutput.Style.PLAIN, budget);
            case Value.Namespace namespace -> throw unprintable(value, budget);
            case Value.Macro macro -> throw unprintable(value, budget);
            case Value.Function function -> throw unprintable(value, budget);
            case Value.Loop loop -> throw unprintable(value, budget);
        };
    }

    private static TemplateException unprintable(Value value, Budget budget) {
        return budget.fail(kind(value) + " cannot be printed");
    }

    /// Python's shortest form of a float: `1.0`, `1e+16`, `1e-05`.
    static String real(double value) {
        if (Double.isNaN(value)) return "nan";
        if (Double.isInfinite(value)) return value > 0 ? "inf" : "-inf";
        if (value == 0) return 1 / value > 0 ? "0.0" : "-0.0";
        BigDecimal exact = new BigDecimal(Double.toString(Math.abs(value))).stripTrailingZeros();
        String digits = exact.unscaledValue().toString();
        int exponent = digits.length() - exact.scale() - 1;
        String sign = value < 0 ? "-" : "";
        if (exponent >= -4 && exponent < 16) {
            String plain = exact.toPlainString();
            return sign + (plain.indexOf('.') < 0 ? plain + ".0" : plain);
        }
        String fraction = digits.length() > 1 ? "." + digits.substring(1) : "";
        return "%s%c%se%c%02d"
                .formatted(sign, digits.charAt(0), fraction, exponent < 0 ? '-' : '+', Math.abs(exponent));
    }
}
