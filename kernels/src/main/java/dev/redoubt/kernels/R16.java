package dev.redoubt.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// The packed layout of quantized weights: 16 rows interleaved; the codes and scales of the file and, but for codes of
/// 8 bits, a sum for all weights of a row that share a scale.
final class R16 {
    /* A matrix is groups of 16 rows (the last one padded with rows of zeros), a group is its spans in order: as many k as a block of the
     * file has, 32 or 256. A span is
     *
     *     16 × f16 scale, one per row
     *     16 × f16 minimum, one per row                (formats that have minima)
     *
     * and its blocks of 32 k in order, a block is
     *
     *     factors, in spans of 256 only: by row a byte for each scale (Q2_K: its minimum in the upper nibble), then, for Q4_K and Q5_K,
     *                                    a byte for the minimum
     *     16 × sum of the weights that share a scale   (once or twice; i16, with codes of 2 and 3 bits i8; none with codes of 8 bits)
     *     vectors of 64 bytes: 16 rows × 4 bytes       (as many as a code has bits)
     *
     * A scale is that of the span times its factor, a weight is what its code stands for: the code less the format's offset, or the
     * table's entry.
     *
     * Lane r, of 32 bits, of a vector belongs to row r. Four consecutive k, the word k / 4, are the four bytes of a lane. Codes are cut
     * into planes of 8, 4, 2 or 1 bits, the lower bits first: 8 is 8, 6 is 4 + 2, 5 is 4 + 1, 3 is 2 + 1:
     *
     *     8 bits    word w is vector w
     *     4 bits    word w is in vector w mod 4, its low nibbles for w < 4: packing moves whole words where GGUF splits a block alike
     *     2 bits    word w is in vector w / 4, at bit 2 (w mod 4) of each byte
     *     1 bit     word w is bit w of each byte
     *
     * One lane per row serves every reader: `vpdpbusd` sums the four bytes of a lane, AMX takes 16 lanes as the rows of a tile, and
     * Java multiplies 16-bit halves. */
    static final int ROWS = 16;
    static final int BLOCK = 32;
    static final int VECTOR_BYTES = 64;
    /// What a code of IQ4_NL and IQ4_XS stands for.
    static final byte[] TABLE = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

    private static final int WORDS = 8;
    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private R16() {}

    static int groups(int rows) {
        return (int) (((long) rows + ROWS - 1) / ROWS);
    }

    /// Blocks of 32 k in a span.
    static int spanBlocks(WeightFormat format) {
        return format.blockWeights() / BLOCK;
    }

    /// Size of what stands before the blocks of a span.
    static int headerBytes(WeightFormat format) {
        return format.hasMinimum() ? 4 * ROWS : 2 * ROWS;
    }

    /// Scales in a block of a row: 1 or 2.
    static int scales(WeightFormat format) {
        return BLOCK / format.scaledWeights();
    }

    /// Where the sums stand in a block: behind the factors.
    static int sumsOffset(WeightFormat format) {
        if (spanBlocks(format) == 1) return 0;
        return format == WeightFormat.IQ4_XS ? ROWS : 2 * ROWS;
    }

    /// Size of one sum; 0: none is stored, since with codes of 8 bits adding them costs less than the more to read.
    static int sumBytes(WeightFormat format) {
        return format.bits() == 8 ? 0 : format.bits() <= 3 ? 1 : 2;
    }

    /// Where the codes stand in a block.
    static int codesOffset(WeightFormat format) {
        return sumsOffset(format) + ROWS * scales(format) * sumBytes(format);
    }

    /// Size of one block of 16 rows × 32 k.
    static int blockBytes(WeightFormat format) {
        return codesOffset(format) + VECTOR_BYTES * format.bits();
    }

    static int spanBytes(WeightFormat format) {
        return headerBytes(format) + spanBlocks(format) * blockBytes(format);
    }

    /// Size of a group of 16 rows.
    static long groupBytes(WeightFormat format, int columns) {
        return (long) (columns / format.blockWeights()) * spanBytes(format);
    }

    /// Size of a packed matrix.
    static long bytes(WeightFormat format, int rows, int columns) {
        return Math.multiplyExact((long) groups(rows), groupBytes(format, columns));
    }

    /// Where the span of a block of a row's group lies.
    static long spanOffset(WeightFormat format, int columns, int row, int block) {
        return row / ROWS * groupBytes(format, columns) + (long) (block / spanBlocks(format)) * spanBytes(format);
    }

    /// Where a block lies in its span.
    static long inSpan(WeightFormat format, int block) {
        return headerBytes(format) + (long) (block % spanBlocks(format)) * blockBytes(format);
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
        int spans = columns / format.blockWeights();
        int end = Math.min(groupTo * ROWS, rows);
        long from = (long) groupFrom * ROWS * spans * format.blockBytes();
        for (int row = groupFrom * ROWS; row < end; row++) {
            long to = row / ROWS * groupBytes(format, columns);
            for (int span = 0; span < spans; span++) {
                packSpan(format, file, from, packed, to, row % ROWS);
                from += format.blockBytes();
                to += spanBytes(format);
            }
        }
    }

    private static void packSpan(
            WeightFormat format, MemorySegment file, long from, MemorySegment packed, long to, int lane) {
        packed.set(SHORT, to + 2L * lane, GgufBlocks.scale(format, file, from));
        if (format.hasMinimum()) packed.set(SHORT, to + 2L * (ROWS + lane), GgufBlocks.minimum(format, file, from));
        int[] words = new int[WORDS];
        for (int part = 0; part < spanBlocks(format); part++) {
            long block = to + inSpan(format, part);
            for (int word = 0; word < WORDS; word++) words[word] = GgufBlocks.codes(format, file, from, part, word);
            packCodes(format, words, packed, block + codesOffset(format) + 4L * lane);
            if (spanBlocks(format) > 1) packFactors(format, file, from, part, packed, block + lane);
            packSums(format, words, packed, block + sumsOffset(format) + (long) sumBytes(format) * lane);
        }
    }

    /// Each plane of the codes of one row.
    private static void packCodes(WeightFormat format, int[] words, MemorySegment packed, long to) {
        switch (format.bits()) {
            case 8 -> {
                for (int word = 0; word < WORDS; word++) packed.set(INT, to + (long) VECTOR_BYTES * word, words[word]);
            }
            case 2, 3 -> packPlane(2, 0, words, packed, to);
            default -> packPlane(4, 0, words, packed, to);
        }
        switch (format.bits()) {
            case 3 -> packPlane(1, 2, words, packed, to + 2 * VECTOR_BYTES);
            case 5 -> packPlane(1, 4, words, packed, to + 4 * VECTOR_BYTES);
            case 6 -> packPlane(2, 4, words, packed, to + 4 * VECTOR_BYTES);
            default -> {}
        }
    }

    /// `bits` bits of every code, from bit `shift` on.
    private static void packPlane(int bits, int shift, int[] words, MemorySegment packed, long to) {
        int mask = ((1 << bits) - 1) * 0x01010101;
        for (int word = 0; word < WORDS; word++) {
            long at = to + (long) VECTOR_BYTES * planeVector(bits, word);
            packed.set(INT, at, packed.get(INT, at) | (words[word] >>> shift & mask) << planeShift(bits, word));
        }
    }

    /// Which vector of a plane of 4, 2 or 1 bits holds a word.
    static int planeVector(int bits, int word) {
        return bits == 4 ? word % 4 : bits == 2 ? word / 4 : 0;
    }

    /// From which bit of each byte on.
    static int planeShift(int bits, int word) {
        return bits == 4 ? 4 * (word / 4) : bits == 2 ? 2 * (word % 4) : word;
    }

    private static void packFactors(
            WeightFormat format, MemorySegment file, long from, int part, MemorySegment packed, long to) {
        for (int half = 0; half < scales(format); half++) {
            int factor = GgufBlocks.factor(format, file, from, part, half);
            if (format == WeightFormat.Q2_K) factor |= GgufBlocks.minimumFactor(format, file, from, part, half) << 4;
            packed.set(BYTE, to + (long) ROWS * half, (byte) factor);
        }
        if (format.hasMinimum() && scales(format) == 1)
            packed.set(BYTE, to + ROWS, (byte) GgufBlocks.minimumFactor(format, file, from, part, 0));
    }

    private static void packSums(WeightFormat format, int[] words, MemorySegment packed, long to) {
        if (sumBytes(format) == 0) return;
        int each = WORDS / scales(format);
        for (int half = 0; half < scales(format); half++) {
            int sum = 0;
            for (int word = half * each; word < (half + 1) * each; word++)
                for (int i = 0; i < 4; i++) sum += weight(format, words[word] >> 8 * i);
            long at = to + (long) ROWS * sumBytes(format) * half;
            if (sumBytes(format) == 1) packed.set(BYTE, at, (byte) sum);
            else packed.set(SHORT, at, (short) sum);
        }
    }

    /// The integer that a code stands for.
    private static int weight(WeightFormat format, int code) {
        if (format.bits() == 8) return (byte) code;
        int bits = code & (1 << format.bits()) - 1;
        return format.indexed() ? TABLE[bits] : bits - format.offset();
    }

    /// The scale of weights that share one, exact.
    ///
    /// @param span where its span lies
    /// @param half which of the block's scales
    static float scale(WeightFormat format, MemorySegment packed, long span, int block, int lane, int half) {
        float scale = Float.float16ToFloat(packed.get(SHORT, span + 2L * lane));
        if (spanBlocks(format) == 1) return scale;
        int factor = packed.get(BYTE, span + inSpan(format, block) + (long) ROWS * half + lane);
        return scale * (format == WeightFormat.Q2_K ? factor & 15 : factor);
    }

    /// What is added to weights that share it, exact.
    static float minimum(WeightFormat format, MemorySegment packed, long span, int block, int lane, int half) {
        float minimum = Float.float16ToFloat(packed.get(SHORT, span + 2L * (ROWS + lane)));
        if (spanBlocks(format) == 1) return minimum;
        long factors = span + inSpan(format, block) + lane;
        return format == WeightFormat.Q2_K
                ? -(minimum * (packed.get(BYTE, factors + (long) ROWS * half) >> 4 & 15))
                : -(minimum * packed.get(BYTE, factors + ROWS));
    }

    /// The integer of weight `k` (0 to 31) of a block.
    ///
    /// @param at where the block lies
    static int weight(WeightFormat format, MemorySegment packed, long at, int lane, int k) {
        long codes = at + codesOffset(format) + 4L * lane + k % 4;
        int word = k / 4;
        return weight(
                format,
                switch (format.bits()) {
                    case 8 -> packed.get(BYTE, codes + (long) VECTOR_BYTES * word);
                    case 2 -> bits(2, packed, codes, word);
                    case 3 -> bits(2, packed, codes, word) | bits(1, packed, codes + 2 * VECTOR_BYTES, word) << 2;
                    case 4 -> bits(4, packed, codes, word);
                    case 5 -> bits(4, packed, codes, word) | bits(1, packed, codes + 4 * VECTOR_BYTES, word) << 4;
                    default -> bits(4, packed, codes, word) | bits(2, packed, codes + 4 * VECTOR_BYTES, word) << 4;
                });
    }

    private static int bits(int bits, MemorySegment packed, long plane, int word) {
        int all = packed.get(BYTE, plane + (long) VECTOR_BYTES * planeVector(bits, word));
        return all >> planeShift(bits, word) & (1 << bits) - 1;
    }
}
