package dev.redoubt.engine.template;

import java.math.BigDecimal;
import java.math.RoundingMode;

/// The filters that make and round numbers.
final class NumberFilters {
    private static final int DIGITS_MAX = 64;

    private NumberFilters() {}

    /// What cannot be read gives the default, as in Jinja.
    static Value toInt(Value value, Args args, Budget budget) {
        Value fallback = args.get(0, "default");
        Value otherwise = fallback == null ? new Value.Int(0) : fallback;
        return switch (value) {
            case Value.Int number -> number;
            case Value.Bool bool -> new Value.Int(Values.integer(bool, budget));
            case Value.Real number ->
                Math.abs(number.value()) < 0x1p63 ? new Value.Int((long) number.value()) : otherwise;
            case Text text -> {
                String digits = digits(text, budget);
                try {
                    yield new Value.Int(Long.parseLong(digits));
                } catch (NumberFormatException e) {
                    Value real = real(digits, otherwise);
                    yield real instanceof Value.Real ? toInt(real, args, budget) : otherwise;
                }
            }
            default -> otherwise;
        };
    }

    static Value toFloat(Value value, Args args, Budget budget) {
        Value fallback = args.get(0, "default");
        Value otherwise = fallback == null ? new Value.Real(0) : fallback;
        if (value instanceof Text text) return real(digits(text, budget), otherwise);
        return Values.isNumber(value) ? new Value.Real(Values.real(value, budget)) : otherwise;
    }

    /// Longer texts are no number to us.
    private static String digits(Text text, Budget budget) {
        Text stripped = Methods.stripped(text, "", true, true, budget);
        return stripped.length() > DIGITS_MAX ? "" : stripped.chars();
    }

    private static Value real(String digits, Value otherwise) {
        boolean plain =
                !digits.isEmpty() && digits.chars().allMatch(c -> c >= '0' && c <= '9' || "+-.eE".indexOf(c) >= 0);
        if (!plain) return otherwise;
        try {
            return new Value.Real(Double.parseDouble(digits));
        } catch (NumberFormatException e) {
            return otherwise;
        }
    }

    static Value round(Value value, Args args, Budget budget) {
        long precision = args.integer(0, "precision", 0);
        if (precision < -15 || precision > 15) throw budget.fail("a precision of " + precision + ", limit is 15");
        Value method = args.get(1, "method");
        RoundingMode mode = switch (method instanceof Text text ? text.chars() : "common") {
            case "ceil" -> RoundingMode.CEILING;
            case "floor" -> RoundingMode.FLOOR;
            case "common" -> RoundingMode.HALF_EVEN;
            default -> throw budget.fail("'round' knows common, ceil and floor");
        };
        double number = Values.real(value, budget);
        if (!Double.isFinite(number)) return new Value.Real(number);
        return new Value.Real(
                new BigDecimal(number).setScale((int) precision, mode).doubleValue());
    }
}
