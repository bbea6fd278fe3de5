package dev.redoubt.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// The packed layout of quantized weights: 16 rows interleaved; the bytes of the file and a sum for each block
/// of a row.
final class R16 {
    /* A matrix is groups of 16 rows (the last one padded with rows of zeros), a group is its blocks of 32 k in order, a block is
     *
     *     16 × f16 scale, one per row
     *     16 × f16 minimum, one per row                  (Q4_1 only)
     *     16 × i16 sum of the row's 32 stored integers   (Q4_0: each less 8)
     *     vectors of 64 bytes: 16 rows × 4 bytes         (Q8_0: 8 vectors, Q4: 4 vectors)
     *
     * Row r of vector v holds 4 consecutive k in one 32-bit lane. Q8_0: byte i is k = 4v + i. Q4: byte i holds k = 4v + i in its
     * low nibble and k = 16 + 4v + i in its high one, which is how GGUF splits a block, so that packing moves whole 32-bit words.
     * One lane per row serves every reader: `vpdpbusd` sums the four bytes of a lane, AMX takes 16 lanes as the rows of a tile, and
     * Java multiplies 16-bit halves. */
    static final int ROWS = 16;
    static final int BLOCK = 32;
    static final int VECTOR_BYTES = 64;

    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private R16() {}

    static int groups(int rows) {
        return (int) (((long) rows + ROWS - 1) / ROWS);
    }

    /// Size of one block of 16 rows × 32 k.
    static int blockBytes(WeightFormat format) {
        return (format.blockBytes() + 2) * ROWS;
    }

    /// Where the sums of a block stand: behind the scales, and the minima of Q4_1.
    static int sumsOffset(WeightFormat format) {
        return format == WeightFormat.Q4_1 ? 4 * ROWS : 2 * ROWS;
    }

    /// Size of what stands before the quants of a block.
    static int headerBytes(WeightFormat format) {
        return sumsOffset(format) + 2 * ROWS;
    }

    /// Size of a packed matrix.
    static long bytes(WeightFormat format, int rows, int columns) {
        return Math.multiplyExact((long) groups(rows) * (columns / BLOCK), (long) blockBytes(format));
    }

    /// Packs groups `groupFrom` to `groupTo - 1` of a matrix.
    ///
    /// @param packed the whole matrix, zero before
    static void pack(
            WeightFormat format,
            int rows,
            int columns,
            MemorySegment file,
            int groupFrom,
            int groupTo,
            MemorySegment packed) {
        int blocks = columns / BLOCK;
        int headers = sumsOffset(format) / (2 * ROWS);
        int words = (format.blockBytes() - 2 * headers) / 4;
        int end = Math.min(groupTo * ROWS, rows);
        long from = (long) groupFrom * ROWS * blocks * format.blockBytes();
        for (int row = groupFrom * ROWS; row < end; row++) {
            long to = (long) (row / ROWS) * blocks * blockBytes(format);
            for (int block = 0; block < blocks; block++) {
                packBlock(file, from, packed, to, row % ROWS, headers, words);
                int sum = 0;
                for (int k = 0; k < BLOCK; k++) sum += quant(format, packed, to, row % ROWS, k);
                if (format == WeightFormat.Q4_0) sum -= 8 * BLOCK;
                packed.set(SHORT, to + sumsOffset(format) + 2L * (row % ROWS), (short) sum);
                from += format.blockBytes();
                to += blockBytes(format);
            }
        }
    }

    private static void packBlock(
            MemorySegment file, long from, MemorySegment packed, long to, int lane, int headers, int words) {
        for (int h = 0; h < headers; h++)
            packed.set(SHORT, to + 2L * ROWS * h + 2L * lane, file.get(SHORT, from + 2L * h));
        long quantsFrom = from + 2L * headers;
        long quantsTo = to + 2L * ROWS * (headers + 1) + 4L * lane;
        for (int v = 0; v < words; v++)
            packed.set(INT, quantsTo + (long) VECTOR_BYTES * v, file.get(INT, quantsFrom + 4L * v));
    }

    /// Where the block of a row's group lies.
    static long blockOffset(WeightFormat format, int columns, int row, int block) {
        return ((long) (row / ROWS) * (columns / BLOCK) + block) * blockBytes(format);
    }

    static float scale(MemorySegment packed, long blockOffset, int lane) {
        return Float.float16ToFloat(packed.get(SHORT, blockOffset + 2L * lane));
    }

    static float minimum(MemorySegment packed, long blockOffset, int lane) {
        return Float.float16ToFloat(packed.get(SHORT, blockOffset + 2L * ROWS + 2L * lane));
    }

    /// The stored integer of weight `k` (0 to 31) in a block: signed for Q8_0, 0 to 15 for Q4.
    static int quant(WeightFormat format, MemorySegment packed, long blockOffset, int lane, int k) {
        long quants = blockOffset + headerBytes(format) + 4L * lane;
        if (format == WeightFormat.Q8_0)
            return packed.get(ValueLayout.JAVA_BYTE, quants + (long) VECTOR_BYTES * (k / 4) + k % 4);
        int half = k % 16;
        int pair = packed.get(ValueLayout.JAVA_BYTE, quants + (long) VECTOR_BYTES * (half / 4) + half % 4);
        return k < 16 ? pair & 15 : (pair >> 4) & 15;
    }
}
