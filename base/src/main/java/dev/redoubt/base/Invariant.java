package dev.redoubt.base;

/// What must hold whatever a caller sends. A broken invariant is a bug of ours, never of a caller.
public final class Invariant {
    private Invariant() {}

    /// @throws IllegalStateException unless `condition`; `message` is a template of [String#format]
    public static void hold(boolean condition, String message, Object... args) {
        if (!condition) throw new IllegalStateException("invariant broken: " + message.formatted(args));
    }
}
