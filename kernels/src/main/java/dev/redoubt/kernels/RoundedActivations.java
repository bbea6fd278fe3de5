package dev.redoubt.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// The rows of a step rounded to bf16 ([Bf16#round]), as every kernel of BF16 weights reads them: row-major, 64-byte
/// aligned, columns padded with zeros to a multiple of 32. Filled by [Kernels#round] for one number of columns at a
/// time. Takes memory when BF16 weights first ask for it.
final class RoundedActivations implements AutoCloseable {
    private final int rowsMax;
    private final int columnsMax;
    private final Arena arena = Arena.ofShared();
    private MemorySegment data = MemorySegment.NULL; // made by the caller's thread, before any worker reads it
    private boolean[] plain = {};
    private int columns;

    RoundedActivations(int rowsMax, int columnsMax) {
        this.rowsMax = rowsMax;
        this.columnsMax = columnsMax;
    }

    /// Says how wide the rows are that come next.
    void columns(int rows, int columns) {
        Activations.checkSize(rows, columns, rowsMax, columnsMax);
        if (plain.length == 0) {
            data = SystemMemory.allocate(bytes(), arena);
            plain = new boolean[rowsMax];
        }
        this.columns = columns;
    }

    /// Of what it takes, or would.
    long bytes() {
        return 2L * rowsMax * stride(columnsMax);
    }

    private static int stride(int columns) {
        return (columns + Bf16.STEP - 1) / Bf16.STEP * Bf16.STEP;
    }

    int rowsMax() {
        return rowsMax;
    }

    int columns() {
        return columns;
    }

    /// Values from one row to the next.
    int stride() {
        return stride(columns);
    }

    MemorySegment data() {
        return data;
    }

    long rowAddress(int row) {
        return SystemMemory.address(data) + 2L * row * stride();
    }

    float get(int row, int k) {
        return Bf16.widen(data.getAtIndex(ValueLayout.JAVA_SHORT, (long) row * stride() + k));
    }

    void set(int row, int k, short value) {
        data.setAtIndex(ValueLayout.JAVA_SHORT, (long) row * stride() + k, value);
    }

    /// Whether every value of a row is 0 or at least [Bf16#INPUT_MIN] in magnitude, as the vector kernels told it.
    boolean plain(int row) {
        return plain[row];
    }

    void plain(int row, boolean value) {
        plain[row] = value;
    }

    @Override
    public void close() {
        arena.close();
    }
}
