package dev.redoubt.kernels;

import java.util.Arrays;
import java.util.Objects;

/// Which input feature each packed column of a matrix multiplies, where that is not the one of the same number.
/// Matrices that share an order object share one gathered input ([Compute#matmul]). Immutable.
public final class ColumnOrder {
    private final int inputColumns;
    private final int[] features; // by packed column

    /// @param inputColumns features of the input
    /// @param features of each packed column; a feature may come more than once, or not at all
    /// @throws IndexOutOfBoundsException if one is not a feature of the input
    public ColumnOrder(int inputColumns, int[] features) {
        this.inputColumns = inputColumns;
        this.features = features.clone();
        for (int feature : features) Objects.checkIndex(feature, inputColumns);
    }

    public int inputColumns() {
        return inputColumns;
    }

    /// Packed columns.
    public int columns() {
        return features.length;
    }

    /// Whether the other one gathers the same input.
    public boolean same(ColumnOrder other) {
        return inputColumns == other.inputColumns && Arrays.equals(features, other.features);
    }

    /// Writes the features of one row of input in the order of the columns.
    void gather(FloatMatrix in, int row, FloatMatrix out) {
        for (int k = 0; k < features.length; k++) out.set(row, k, in.get(row, features[k]));
    }
}
