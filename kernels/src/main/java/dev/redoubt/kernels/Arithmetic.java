package dev.redoubt.kernels;

/// What every provider computes to the bit.
public final class Arithmetic {
    /// Rises whenever a change gives other bits for the same weights: in a format, in attention, in a norm, in
    /// the order of a sum. What was kept of an older version cannot be compared to the bit any more, and says
    /// so.
    public static final int VERSION = 1;

    private Arithmetic() {}
}
