package dev.redoubt.kernels;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;

/// Inputs in the order of the columns of a matrix, one buffer for each width. Takes memory when a matrix first
/// asks: most models never do. Used by the caller's thread of [Compute].
final class GatheredInputs implements AutoCloseable {
    private final int rowsMax;
    private final Arena arena; // read by every compute thread; owned
    private final List<FloatMatrix> byWidth = new ArrayList<>(); // a model has a handful

    /// @param rowsMax rows of the largest step
    GatheredInputs(int rowsMax, Arena arena) {
        this.rowsMax = rowsMax;
        this.arena = arena;
    }

    /// (rowsMax, columns); holds what the last call wrote.
    FloatMatrix of(int columns) {
        for (int i = 0; i < byWidth.size(); i++) if (byWidth.get(i).columns() == columns) return byWidth.get(i);
        FloatMatrix made = FloatMatrix.allocate(rowsMax, columns, arena);
        byWidth.add(made);
        return made;
    }

    @Override
    public void close() {
        arena.close();
    }
}
