package dev.redoubt.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// The rows of a step quantized as [Activations] defines, in the order in which the native kernels read them.
final class NativeActivations implements AutoCloseable {
    /* Tiles of 16 rows, a tile is its blocks of 32 in order, a block is 16 × 32 bytes of q, 16 × (scale, zero point, scaled sum, -8 · sum of q)
     * and 16 × (scaled sum of each half of the block, -8 · sum of q of each half),
     * 4 bytes each: activations.h. Committed by the system as rows are written. */
    private static final int TILE_ROWS = 16;
    private static final long TILE_BLOCK_BYTES = TILE_ROWS * (R16.BLOCK + 16L + 16L);

    private final int rowsMax;
    private final int columnsMax;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment data;
    private int columns;

    NativeActivations(int rowsMax, int columnsMax) {
        this.rowsMax = rowsMax;
        this.columnsMax = columnsMax;
        data = SystemMemory.allocate(bytes(rowsMax, columnsMax), arena);
    }

    private static long bytes(int rows, int columns) {
        long blocks = (columns + R16.BLOCK - 1L) / R16.BLOCK;
        return (rows + TILE_ROWS - 1L) / TILE_ROWS * blocks * TILE_BLOCK_BYTES;
    }

    long bytes() {
        return data.byteSize();
    }

    /// Says how wide the rows are that come next.
    void columns(int rows, int columns) {
        Activations.checkSize(rows, columns, rowsMax, columnsMax);
        this.columns = columns;
    }

    int blocks() {
        return columns / R16.BLOCK;
    }

    int columns() {
        return columns;
    }

    int rowsMax() {
        return rowsMax;
    }

    MemorySegment data() {
        return data;
    }

    @Override
    public void close() {
        arena.close();
    }
}
