package dev.redoubt.base;

/// Preconditions of constructors: the message names the field, the value and the limit.
public final class Check {
    private Check() {}

    /// @throws IllegalArgumentException unless `value > 0`
    public static void positive(String name, long value) {
        if (value <= 0) throw new IllegalArgumentException(name + " must be positive: " + value);
    }

    /// Both bounds are inclusive.
    ///
    /// @throws IllegalArgumentException unless `low <= value <= high`
    public static void inRange(String name, long value, long low, long high) {
        if (value < low || value > high)
            throw new IllegalArgumentException(name + " must be in the range of " + low + " to " + high + ": " + value);
    }

    /// Both bounds are inclusive; NaN is outside of every range.
    ///
    /// @throws IllegalArgumentException unless `low <= value <= high`
    public static void inRange(String name, double value, double low, double high) {
        if (!(value >= low && value <= high))
            throw new IllegalArgumentException(name + " must be in the range of " + low + " to " + high + ": " + value);
    }

    /// @throws IllegalArgumentException unless `condition`; `message` is a template of [String#format]
    public static void that(boolean condition, String message, Object... args) {
        if (!condition) throw new IllegalArgumentException(message.formatted(args));
    }
}
