package dev.redoubt.base;

/// What must hold whatever a caller sends. A broken invariant is a bug of ours, never of a caller.
public final class Invariant {
    /* The forms with numbers take them as they are: an array and boxes for a message that nobody will read would be garbage in every
     * step of the engine. */
    private Invariant() {}

    /// @throws IllegalStateException unless `condition`; `message` is a template of [String#format]
    public static void hold(boolean condition, String message, Object... args) {
        if (!condition) throw new IllegalStateException("invariant broken: " + message.formatted(args));
    }

    /// As above, with one number.
    public static void hold(boolean condition, String message, long first) {
        if (!condition) hold(false, message, new Object[] {first});
    }

    /// As above, with two numbers.
    public static void hold(boolean condition, String message, long first, long second) {
        if (!condition) hold(false, message, new Object[] {first, second});
    }

    /// As above, with three numbers.
    public static void hold(boolean condition, String message, long first, long second, long third) {
        if (!condition) hold(false, message, new Object[] {first, second, third});
    }
}
