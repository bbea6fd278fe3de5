package dev.redoubt.engine.model;

import dev.redoubt.kernels.ColumnOrder;
import java.util.ArrayList;
import java.util.List;

/// The orders of columns of a model, each once: matrices that multiply one input in the same order then share
/// the gathered input.
final class ColumnOrders {
    private final List<ColumnOrder> distinct = new ArrayList<>();

    /// @param features of each packed column
    ColumnOrder of(int inputColumns, int[] features) {
        var order = new ColumnOrder(inputColumns, features);
        for (ColumnOrder known : distinct) if (known.same(order)) return known;
        distinct.add(order);
        return order;
    }
}
