package dev.redoubt.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// The rows of a step quantized to int8 with a zero point in blocks of 32, as every kernel of quantized weights
/// reads them. Filled by [Kernels#quantize] of the Java providers for one number of columns at a time; row
/// strides follow from [#columns(int)].
final class Activations implements AutoCloseable {
    /* The definition, for a block x[0..31] with smallest value lo, largest value hi and largest magnitude amax:
     *
     *     scale = max((hi - lo) / 252, amax / 4095), factor = 1 / scale
     *     t[i]  = roundToNearestEven(x[i] · factor), |t| ≤ 4095, sum = Σ t[i]
     *     amax < 2^-100: scale = 0, t = 0, sum = 0 (the factor would overflow; such a block is zero for any purpose)
     *
     * The arithmetic is defined by `t`, `scales` and `sums` alone. Kernels that multiply bytes read t as q + zero with
     *
     *     zero  = roundToNearestEven((hi + lo) · 0.5 · factor), q[i] = t[i] - zero, |q| ≤ 126 + 1/2 + 1/2 = 127
     *
     * and use Σ w·t = Σ w·q + zero · Σ w, exact integers all. Why a zero point: after SiLU and in many blocks of the residual stream values
     * lie on one side of zero, and a symmetric scale wastes up to half of the steps. On SmolLM2 it halves the divergence from float32
     * for one more multiply-add a block (docs/adr/0004).
     *
     * `pairs`, `biases` and `floats` say the same again in the form that the Java kernels multiply, on the heap because a load from an
     * array costs the compiler least:
     *
     *     pairs   16 per block: [2v] = (q[4v], q[4v+2]), [2v+1] = (q[4v+1], q[4v+3]) as two shorts, repeated over the lanes of a vector;
     *             for the first PAIRED_ROWS rows only
     *     biases  i32 per block: -8 · (sum of all low halves, sum of all high halves)
     *     floats  32 × f32 per block: (float) t[i] */
    static final float AMAX_MIN = 0x1p-100f;
    /// Steps from the smallest to the largest value of a block.
    static final float STEPS = 252;
    /// Largest magnitude of `t`: 32 products with an int8 weight stay below 2^24, exact in f32.
    static final float LEVEL_MAX = 4095;
    /// Rows that have `pairs`; with more, kernels use `floats`.
    static final int PAIRED_ROWS = 3;
    /// Shorts of one pair, repeated over a vector.
    static final int PAIR = 2 * Lanes.COUNT;
    /// Shorts of the pairs of a block.
    static final int PAIRS = 16 * PAIR;

    private final Arena arena = Arena.ofShared();
    private final int rowsMax;
    private final int columnsMax;
    private int rows;
    private int columns;

    final MemorySegment q;
    final MemorySegment scales;
    final MemorySegment sums;
    final MemorySegment zeros;
    final short[] pairs;
    final int[] biases;
    final float[] floats;

    Activations(int rowsMax, int columnsMax) {
        this.rowsMax = rowsMax;
        this.columnsMax = (columnsMax + R16.BLOCK - 1) / R16.BLOCK * R16.BLOCK;
        int values = Math.multiplyExact(rowsMax, this.columnsMax);
        int blocks = values / R16.BLOCK;
        q = SystemMemory.allocate(values, arena);
        scales = SystemMemory.allocate(4L * blocks, arena);
        sums = SystemMemory.allocate(4L * blocks, arena);
        zeros = SystemMemory.allocate(4L * blocks, arena);
        pairs = new short[Math.min(rowsMax, PAIRED_ROWS) * (this.columnsMax / R16.BLOCK) * PAIRS];
        biases = new int[blocks];
        floats = new float[values];
    }

    /// Of all its parts, those on the heap included.
    static long bytes(int rowsMax, int columnsMax) {
        long rowBlocks = (columnsMax + R16.BLOCK - 1) / R16.BLOCK;
        long blocks = rowsMax * rowBlocks;
        long values = blocks * R16.BLOCK;
        long pairs = Math.min(rowsMax, PAIRED_ROWS) * rowBlocks * PAIRS;
        return values + 3 * 4 * blocks + 2 * pairs + 4 * blocks + 4 * values;
    }

    /// Says how wide the rows are that come next.
    void columns(int rows, int columns) {
        checkSize(rows, columns, rowsMax, columnsMax);
        this.rows = rows;
        this.columns = columns;
    }

    static void checkSize(int rows, int columns, int rowsMax, int columnsMax) {
        if (rows > rowsMax || columns > columnsMax)
            throw new IllegalArgumentException(
                    "input of " + rows + " × " + columns + ", Compute was opened for " + rowsMax + " × " + columnsMax);
    }

    /// Whether kernels multiply bytes: with more rows they use `floats`, and `q`, `zeros`, `pairs` and `biases` may be
    /// left out.
    boolean bytesNeeded() {
        return rows <= PAIRED_ROWS;
    }

    int columns() {
        return columns;
    }

    /// Blocks in a row.
    int blocks() {
        return columns / R16.BLOCK;
    }

    /// t of one value.
    int level(int row, int k) {
        return q.get(ValueLayout.JAVA_BYTE, (long) row * columns + k) + (int) zero(row, k / R16.BLOCK);
    }

    /// The zero point of a block, as the float it is used as.
    float zero(int row, int block) {
        return zeros.getAtIndex(ValueLayout.JAVA_FLOAT, (long) row * blocks() + block);
    }

    /// Where a block of a row stands among all blocks.
    int index(int row, int block) {
        return row * blocks() + block;
    }

    float scale(int row, int block) {
        return scale(index(row, block));
    }

    float scale(int index) {
        return scales.getAtIndex(ValueLayout.JAVA_FLOAT, index);
    }

    /// Σ t of a block, as the float it is used as.
    float sum(int row, int block) {
        return sum(index(row, block));
    }

    float sum(int index) {
        return sums.getAtIndex(ValueLayout.JAVA_FLOAT, index);
    }

    /// Σ t of `count` values from `k` on.
    float sum(int row, int k, int count) {
        float sum = 0; // of integers: exact
        for (int at = row * columns + k; at < row * columns + k + count; at++) sum += floats[at];
        return sum;
    }

    /// The scale of a block; 0 if all of it counts as zero.
    static float scale(float lo, float hi) {
        float amax = Math.max(Math.abs(lo), Math.abs(hi));
        return amax < AMAX_MIN ? 0 : Math.max((hi - lo) / STEPS, amax / LEVEL_MAX);
    }

    /// To the nearest integer, ties to even, for |x| < 2^22.
    static int round(float x) {
        return Float.floatToRawIntBits(x + Numbers.ROUND) - Float.floatToRawIntBits(Numbers.ROUND);
    }

    /// Completes a block of which nothing but `floats` is needed.
    void finish(int row, int block, float scale, float sum) {
        scales.setAtIndex(ValueLayout.JAVA_FLOAT, index(row, block), scale);
        sums.setAtIndex(ValueLayout.JAVA_FLOAT, index(row, block), sum);
    }

    /// Completes a block whose `q` is written.
    void finish(int row, int block, float scale, int zero) {
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
        sums.setAtIndex(ValueLayout.JAVA_FLOAT, index, low + high + R16.BLOCK * zero);
        zeros.setAtIndex(ValueLayout.JAVA_FLOAT, index, zero);
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
