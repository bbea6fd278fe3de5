package dev.redoubt.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Activations: (rows, columns) = (tokens of a step, features), f32, row-major, off-heap, 64-byte aligned,
/// columns padded to a multiple of 16 ([#stride]) with zeros that stay zero.
public final class FloatMatrix {
    private final MemorySegment data;
    private final int rows;
    private final int columns;
    private final int stride;

    private FloatMatrix(MemorySegment data, int rows, int columns, int stride) {
        this.data = data;
        this.rows = rows;
        this.columns = columns;
        this.stride = stride;
    }

    /// All zero, and committed as rows are written.
    public static FloatMatrix allocate(int rows, int columns, Arena arena) {
        int stride = (columns + 15) & ~15;
        long bytes = (long) Math.max(rows, 1) * stride * 4;
        return new FloatMatrix(SystemMemory.allocate(bytes, arena), rows, columns, stride);
    }

    public int rows() {
        return rows;
    }

    public int columns() {
        return columns;
    }

    /// Floats from one row to the next.
    public int stride() {
        return stride;
    }

    public float get(int row, int column) {
        return data.getAtIndex(ValueLayout.JAVA_FLOAT, offset(row, column));
    }

    public void set(int row, int column, float value) {
        data.setAtIndex(ValueLayout.JAVA_FLOAT, offset(row, column), value);
    }

    /// The whole memory, for kernels.
    public MemorySegment segment() {
        return data;
    }

    private long offset(int row, int column) {
        java.util.Objects.checkIndex(row, rows);
        java.util.Objects.checkIndex(column, columns);
        return (long) row * stride + column;
    }
}
