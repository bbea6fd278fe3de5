package dev.redoubt.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// The rows of a step quantized to int8 in blocks of 32, as every kernel of quantized weights reads them. Filled by
/// [Kernels#quantize] for one number of columns at a time; row strides follow from [#columns(int)].
final class Activations implements AutoCloseable {
    /* The definition, for a block x[0..31]:
     *
     *     amax  = max |x[i]|
     *     scale = amax / 127, q[i] = roundToNearestEven(x[i] · (127 / amax)), sum = Σ q[i]
     *     amax < 2^-100: scale = 0, q = 0, sum = 0 (127 / amax would overflow; such a block is zero for any purpose)
     *
     * `q`, `scales` and `sums` are what the arithmetic is defined by. `pairs`, `biases` and `floats` say the same again in the form
     * that the Java kernels multiply, on the heap because a load from an array costs the compiler least:
     *
     *     pairs   16 per block: [2v] = (q[4v], q[4v+2]), [2v+1] = (q[4v+1], q[4v+3]) as two shorts, repeated over the lanes of a vector;
     *             for the first PAIRED_ROWS rows only
     *     biases  i32 per block: -8 · (sum of all low halves, sum of all high halves)
     *     floats  32 × f32 per block: (float) q[i] */
    static final float AMAX_MIN = 0x1p-100f;
    /// Rows that have `pairs`; with more, kernels use `floats`.
    static final int PAIRED_ROWS = 3;
    /// Shorts of one pair, repeated over a vector.
    static final int PAIR = 2 * Lanes.COUNT;
    /// Shorts of the pairs of a block.
    static final int PAIRS = 16 * PAIR;

    private final Arena arena = Arena.ofShared();
    private final int rowsMax;
    private final int columnsMax;
    private int columns;

    final MemorySegment q;
    final MemorySegment scales;
    final MemorySegment sums;
    final short[] pairs;
    final int[] biases;
    final float[] floats;

    Activations(int rowsMax, int columnsMax) {
        this.rowsMax = rowsMax;
        this.columnsMax = (columnsMax + R16.BLOCK - 1) / R16.BLOCK * R16.BLOCK;
        int values = Math.multiplyExact(rowsMax, this.columnsMax);
        int blocks = values / R16.BLOCK;
        q = arena.allocate(values, 64);
        scales = arena.allocate(4L * blocks, 64);
        sums = arena.allocate(4L * blocks, 64);
        pairs = new short[Math.min(rowsMax, PAIRED_ROWS) * (this.columnsMax / R16.BLOCK) * PAIRS];
        biases = new int[blocks];
        floats = new float[values];
    }

    /// Says how wide the rows are that come next.
    void columns(int rows, int columns) {
        if (rows > rowsMax || columns > columnsMax)
            throw new IllegalArgumentException("input of " + rows + " × " + columns + ", Compute was opened for " + rowsMax
                    + " × " + columnsMax);
        this.columns = columns;
    }

    int columns() {
        return columns;
    }

    /// Blocks in a row.
    int blocks() {
        return columns / R16.BLOCK;
    }

    byte q(int row, int k) {
        return q.get(ValueLayout.JAVA_BYTE, (long) row * columns + k);
    }

    float scale(int row, int block) {
        return scales.getAtIndex(ValueLayout.JAVA_FLOAT, (long) row * blocks() + block);
    }

    /// Σ q of a block, as the float it is used as.
    float sum(int row, int block) {
        return sums.getAtIndex(ValueLayout.JAVA_FLOAT, (long) row * blocks() + block);
    }

    /// Completes a block whose `q` is written.
    void finish(int row, int block, float scale) {
        int index = row * blocks() + block;
        long from = (long) row * columns + (long) block * R16.BLOCK;
        int low = 0;
        int high = 0;
        for (int v = 0; v < 8; v++) {
            int word = q.get(ValueLayout.JAVA_INT_UNALIGNED, from + 4L * v);
            int shifted = (word & 0xFF00FF) << 8;
            int even = ((short) shifted >> 8) & 0xFFFF | (shifted >> 24) << 16;
            int odd = ((short) word >> 8) & 0xFFFF | (word >> 24) << 16;
            if (row < PAIRED_ROWS) {
                repeat(even, PAIRS * index + 2 * v * PAIR);
                repeat(odd, PAIRS * index + (2 * v + 1) * PAIR);
            }
            low += (short) even + (short) odd;
            high += (even >> 16) + (odd >> 16);
        }
        scales.setAtIndex(ValueLayout.JAVA_FLOAT, index, scale);
        sums.setAtIndex(ValueLayout.JAVA_FLOAT, index, low + high);
        biases[index] = (-8 * low) & 0xFFFF | (-8 * high) << 16;
    }

    private void repeat(int halves, int at) {
        for (int i = 0; i < PAIR; i += 2) {
            pairs[at + i] = (short) halves;
            pairs[at + i + 1] = (short) (halves >> 16);
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
