package dev.redoubt.audit.facts;

import dev.redoubt.audit.facts.Value.Numeric;
import dev.redoubt.audit.facts.Value.Text;
import dev.redoubt.audit.facts.Value.Truth;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;

/// What operators, conversions and a few methods make of known values.
final class Arithmetic {
    private Arithmetic() {}

    static Value of(String operator, double a, double b) {
        double result = switch (operator) {
            case "+" -> a + b;
            case "-" -> a - b;
            case "*" -> a * b;
            case "/" -> a / b;
            case "//" -> Math.floor(a / b);
            case "**" -> Math.pow(a, b);
            case "<<" -> a * Math.pow(2, b);
            default -> Double.NaN;
        };
        return Double.isFinite(result) ? new Numeric(result) : Value.unknown();
    }

    static Value ofText(String method, String text) {
        return switch (method) {
            case "strip" -> new Text(text.strip());
            case "lower" -> new Text(text.toLowerCase(Locale.ROOT));
            case "upper" -> new Text(text.toUpperCase(Locale.ROOT));
            default -> Value.unknown();
        };
    }

    /// @param type `int`, `float`, `str` or `bool`
    static Value converted(String type, Value value) {
        return switch (value) {
            case Numeric(double number) when type.equals("int") -> new Numeric((long) number);
            case Numeric _ when type.equals("float") -> value;
            case Text(String text) when type.equals("int") || type.equals("float") -> parsed(text);
            case Text _ when type.equals("str") -> value;
            case Text(String text) when type.equals("bool") -> new Truth(!text.isEmpty());
            case Truth _ when type.equals("bool") -> value;
            default -> Value.unknown();
        };
    }

    /// Of `min` and `max`: what is known bounds the result, whatever the rest is.
    static Value bound(String function, List<Value> given) {
        List<Value> known = given.stream()
                .filter(one -> one.alternatives().allMatch(Numeric.class::isInstance))
                .toList();
        if (known.isEmpty()) return Value.unknown();
        DoubleStream numbers = known.stream().mapToDouble(Value::largest);
        Value bound = new Numeric(
                function.equals("min")
                        ? numbers.min().orElseThrow()
                        : numbers.max().orElseThrow());
        return known.size() == given.size() ? bound : Value.either(bound, Value.unknown());
    }

    private static Value parsed(String text) {
        try {
            return new Numeric(Double.parseDouble(text.strip()));
        } catch (NumberFormatException e) {
            return Value.unknown();
        }
    }
}
