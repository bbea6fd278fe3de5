package dev.redoubt.kernels;

import static dev.redoubt.kernels.Lanes.COUNT;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// Vector kernels of quantized weights for many rows of input: the integers of 64 weight rows are unpacked once
/// into a panel of floats, and tiles of 4 input rows × 64 weight rows go over it.
final class VectorPanels {
    /* Why floats: a block sum of integers stays below 2^24, so f32 multiply-adds of the integers are exact whatever their order, and
     * f32 fma is the widest multiply Java can express. Scales are applied to the exact block sum only, in the order of blocks, so the bits
     * are those of VectorBlocks.
     *
     * Scratch, in floats: panel [8 blocks][32 k][64 rows], scales and minima [8 blocks][64 rows] each, isums [4][64], acc [rows][64].
     * The panel of 8 blocks (64 KB) stays in the second-level cache; `acc` goes on with the next 8 blocks where it stopped, which loses
     * nothing. A last panel with fewer than 4 groups computes on what is left in scratch there and does not store it. */
    private static final int GROUPS = 4;
    private static final int PANEL_ROWS = GROUPS * R16.ROWS;
    private static final int PANEL_BLOCKS = 8;
    private static final int TILE = 4;
    /// From one k to the next in the panel; also from one input row to the next in `isums` and `acc`.
    private static final int K_BYTES = 4 * PANEL_ROWS;

    private static final long SCALES = (long) PANEL_BLOCKS * R16.BLOCK * K_BYTES;
    private static final long MINIMA = SCALES + 2L * PANEL_BLOCKS * K_BYTES;
    private static final long ISUMS = MINIMA + 2L * PANEL_BLOCKS * K_BYTES;
    private static final long CODES = ISUMS + (long) TILE * K_BYTES;
    private static final long ACC = CODES + VectorCodes.BLOCK_BYTES;

    private VectorPanels() {}

    static void matmul(
            WeightMatrix weights,
            int groupFrom,
            int groupTo,
            Activations x,
            int rows,
            FloatMatrix out,
            boolean add,
            Scratch scratch) {
        MemorySegment working = scratch.floats(ACC / 4 + (long) rows * PANEL_ROWS);
        long own = SystemMemory.address(working);
        long outAt = SystemMemory.address(out.segment());
        for (int group = groupFrom; group < groupTo; group += GROUPS) {
            int groups = Math.min(GROUPS, groupTo - group);
            working.asSlice(ACC, (long) rows * K_BYTES).fill((byte) 0);
            for (int block = 0; block < x.blocks(); block += PANEL_BLOCKS) {
                int blocks = Math.min(PANEL_BLOCKS, x.blocks() - block);
                for (int g = 0; g < groups; g++) unpack(weights, group + g, block, blocks, own, g);
                multiply(weights.format(), x, block, blocks, rows, own);
            }
            for (int row = 0; row < rows; row++)
                write(
                        own + ACC + (long) row * K_BYTES,
                        groups,
                        outAt + 4L * ((long) row * out.stride() + (long) group * R16.ROWS),
                        add);
        }
    }

    private static void write(long from, int groups, long to, boolean add) {
        for (int i = 0; i < groups * R16.ROWS; i += COUNT) {
            FloatVector product = Lanes.load(from + 4L * i);
            if (add) product = Lanes.load(to + 4L * i).add(product);
            Lanes.store(product, to + 4L * i);
        }
    }

    private static void unpack(WeightMatrix weights, int group, int first, int blocks, long panel, int g) {
        WeightFormat format = weights.format();
        long from =
                SystemMemory.address(weights.data()) + R16.spanOffset(format, weights.columns(), group * R16.ROWS, 0);
        long to = panel + 4L * g * R16.ROWS;
        VectorCodes.scales(format, from, first, blocks, to + SCALES, K_BYTES);
        if (format.hasMinimum()) VectorCodes.minima(format, from, first, blocks, to + MINIMA, K_BYTES);
        for (int block = 0; block < blocks; block++) {
            long codes = from + VectorCodes.blockOffset(format, first + block) + R16.codesOffset(format);
            unpackCodes(format, codes, panel + CODES, to + (long) block * R16.BLOCK * K_BYTES);
        }
    }

    private static void unpackCodes(WeightFormat format, long codes, long bytes, long to) {
        if (format == WeightFormat.Q4_0 || format == WeightFormat.Q4_1) {
            for (int part = 0; part < R16.ROWS; part += COUNT) unpackQ4(codes + 4L * part, to + 4L * part);
            return;
        }
        if (format != WeightFormat.Q8_0) VectorCodes.unpack(format, codes, bytes);
        long from = format == WeightFormat.Q8_0 ? codes : bytes;
        for (int part = 0; part < R16.ROWS; part += COUNT) unpackQ8(from + 4L * part, to + 4L * part);
    }

    private static void unpackQ8(long from, long to) {
        for (int v = 0; v < 8; v++) {
            IntVector four = Lanes.loadInts(from + (long) R16.VECTOR_BYTES * v);
            long at = to + 4L * v * K_BYTES;
            storeInts(four.lanewise(VectorOperators.LSHL, 24).lanewise(VectorOperators.ASHR, 24), at);
            storeInts(four.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 24), at + K_BYTES);
            storeInts(four.lanewise(VectorOperators.LSHL, 8).lanewise(VectorOperators.ASHR, 24), at + 2 * K_BYTES);
            storeInts(four.lanewise(VectorOperators.ASHR, 24), at + 3 * K_BYTES);
        }
    }

    /// The nibbles as they are, 0 to 15: Q4_0's offset is taken from the sum.
    private static void unpackQ4(long from, long to) {
        IntVector nibble = IntVector.broadcast(Lanes.INTS, 15);
        for (int v = 0; v < 4; v++) {
            IntVector rest = Lanes.loadInts(from + (long) R16.VECTOR_BYTES * v);
            for (int i = 0; i < 4; i += 2) { // two rounds: the compiler unrolls these
                long at = to + (4L * v + i) * K_BYTES;
                storeInts(rest.and(nibble), at);
                storeInts(rest.lanewise(VectorOperators.LSHR, 4).and(nibble), at + 16L * K_BYTES);
                storeInts(rest.lanewise(VectorOperators.LSHR, 8).and(nibble), at + K_BYTES);
                storeInts(rest.lanewise(VectorOperators.LSHR, 12).and(nibble), at + 17L * K_BYTES);
                rest = rest.lanewise(VectorOperators.LSHR, 16);
            }
        }
    }

    private static void storeInts(IntVector values, long at) {
        Lanes.store((FloatVector) values.convert(VectorOperators.I2F, 0), at);
    }

    /// Adds `blocks` blocks, which are in the panel, to the sums of all rows.
    private static void multiply(WeightFormat format, Activations x, int first, int blocks, int rows, long own) {
        int row = 0;
        int together = format.scaledWeights();
        while (row < rows) {
            int tile = rows - row >= TILE ? TILE : 1;
            for (int k = 0; k < blocks * R16.BLOCK; k += together) {
                int in = first * R16.BLOCK + k;
                for (int part = 0; part < R16.ROWS; part += COUNT)
                    tile(
                            tile,
                            together,
                            own + (long) k * K_BYTES + 4L * part,
                            x.floats,
                            row * x.columns() + in,
                            x.columns(),
                            own + ISUMS + 4L * part);
                for (int t = 0; t < tile; t++) scale(format, x, row + t, in, k / together, own, t);
            }
            row += tile;
        }
    }

    private static void tile(int rows, int together, long w, float[] x, int at, int step, long isums) {
        switch (rows) {
            case TILE -> tile4(together, w, x, at, step, isums);
            default -> tile1(together, w, x, at, isums);
        }
    }

    /// Applies the scales of weights `k` and on, which share them, to the exact sums of one row.
    ///
    /// @param i which scales of the panel
    private static void scale(WeightFormat format, Activations x, int row, int k, int i, long own, int t) {
        long acc = own + ACC + (long) row * K_BYTES;
        long isums = own + ISUMS + (long) t * K_BYTES;
        long scales = own + SCALES + (long) i * K_BYTES;
        int block = k / R16.BLOCK;
        if (format.hasMinimum()) {
            long minima = own + MINIMA + (long) i * K_BYTES;
            float xScale = x.scale(row, block);
            float xSum = R16.scales(format) == 1 ? x.sum(row, block) : x.sum(row, k, format.scaledWeights());
            scaleWithMinima(isums, scales, minima, xScale, xScale * xSum, acc);
        } else {
            float offset = format == WeightFormat.Q4_0 ? -8 * x.sum(row, block) : 0;
            scale(isums, scales, x.scale(row, block), offset, acc);
        }
    }

    private static void scale(long isums, long scales, float xScale, float offset, long acc) {
        for (int i = 0; i < PANEL_ROWS; i += COUNT) {
            FloatVector scale = Lanes.load(scales + 4L * i).mul(xScale);
            FloatVector isum = Lanes.load(isums + 4L * i).add(offset);
            Lanes.store(isum.fma(scale, Lanes.load(acc + 4L * i)), acc + 4L * i);
        }
    }

    private static void scaleWithMinima(long isums, long scales, long minima, float xScale, float scaledSum, long acc) {
        for (int i = 0; i < PANEL_ROWS; i += COUNT) {
            FloatVector scale = Lanes.load(scales + 4L * i).mul(xScale);
            FloatVector sum = Lanes.load(isums + 4L * i).fma(scale, Lanes.load(acc + 4L * i));
            Lanes.store(Lanes.load(minima + 4L * i).fma(Lanes.broadcast(scaledSum), sum), acc + 4L * i);
        }
    }

    private static void storeSums(FloatVector a, FloatVector b, FloatVector c, FloatVector d, long isums) {
        Lanes.store(a, isums);
        Lanes.store(b, isums + R16.VECTOR_BYTES);
        Lanes.store(c, isums + 2L * R16.VECTOR_BYTES);
        Lanes.store(d, isums + 3L * R16.VECTOR_BYTES);
    }

    private static void tile4(int together, long w, float[] x, int at, int step, long isums) {
        FloatVector a0 = Lanes.broadcast(0), a1 = a0, a2 = a0, a3 = a0;
        FloatVector b0 = a0, b1 = a0, b2 = a0, b3 = a0;
        FloatVector c0 = a0, c1 = a0, c2 = a0, c3 = a0;
        FloatVector d0 = a0, d1 = a0, d2 = a0, d3 = a0;
        for (int k = 0; k < together; k++) {
            long from = w + (long) K_BYTES * k;
            FloatVector w0 = Lanes.load(from);
            FloatVector w1 = Lanes.load(from + 1L * R16.VECTOR_BYTES);
            FloatVector w2 = Lanes.load(from + 2L * R16.VECTOR_BYTES);
            FloatVector w3 = Lanes.load(from + 3L * R16.VECTOR_BYTES);
            FloatVector v = Lanes.broadcast(x[at + k]);
            a0 = w0.fma(v, a0);
            a1 = w1.fma(v, a1);
            a2 = w2.fma(v, a2);
            a3 = w3.fma(v, a3);
            v = Lanes.broadcast(x[at + step + k]);
            b0 = w0.fma(v, b0);
            b1 = w1.fma(v, b1);
            b2 = w2.fma(v, b2);
            b3 = w3.fma(v, b3);
            v = Lanes.broadcast(x[at + 2 * step + k]);
            c0 = w0.fma(v, c0);
            c1 = w1.fma(v, c1);
            c2 = w2.fma(v, c2);
            c3 = w3.fma(v, c3);
            v = Lanes.broadcast(x[at + 3 * step + k]);
            d0 = w0.fma(v, d0);
            d1 = w1.fma(v, d1);
            d2 = w2.fma(v, d2);
            d3 = w3.fma(v, d3);
        }
        storeSums(a0, a1, a2, a3, isums);
        storeSums(b0, b1, b2, b3, isums + K_BYTES);
        storeSums(c0, c1, c2, c3, isums + 2L * K_BYTES);
        storeSums(d0, d1, d2, d3, isums + 3L * K_BYTES);
    }

    private static void tile1(int together, long w, float[] x, int at, long isums) {
        FloatVector a0 = Lanes.broadcast(0), a1 = a0, a2 = a0, a3 = a0;
        for (int k = 0; k < together; k++) {
            long from = w + (long) K_BYTES * k;
            FloatVector w0 = Lanes.load(from);
            FloatVector w1 = Lanes.load(from + 1L * R16.VECTOR_BYTES);
            FloatVector w2 = Lanes.load(from + 2L * R16.VECTOR_BYTES);
            FloatVector w3 = Lanes.load(from + 3L * R16.VECTOR_BYTES);
            FloatVector v = Lanes.broadcast(x[at + k]);
            a0 = w0.fma(v, a0);
            a1 = w1.fma(v, a1);
            a2 = w2.fma(v, a2);
            a3 = w3.fma(v, a3);
        }
        storeSums(a0, a1, a2, a3, isums);
    }
}
