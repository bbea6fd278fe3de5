package dev.redoubt.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// Reads the parts of a block of quantized weights as GGUF files store it, 32 weights at a time. `at` is where the
/// block of the file begins, `part` which 32 of its weights are meant.
final class GgufBlocks {
    /* Four codes are read at once, one in each byte of a word: every format spreads the bits of neighbouring weights over neighbouring
     * bytes. pack.c is the twin of this. */
    private static final int ONES = 0x01010101;
    private static final int TWOS = 0x03030303;
    private static final int NIBBLES = 0x0F0F0F0F;

    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private GgufBlocks() {}

    /// The f16 bits of the block's scale.
    static short scale(WeightFormat format, MemorySegment file, long at) {
        return file.get(SHORT, at + scaleOffset(format));
    }

    /// The f16 bits of the block's minimum, or of what scales its minima.
    static short minimum(WeightFormat format, MemorySegment file, long at) {
        return file.get(SHORT, at + scaleOffset(format) + 2);
    }

    private static int scaleOffset(WeightFormat format) {
        return switch (format) {
            case Q2_K -> 80;
            case Q3_K -> 108;
            case Q6_K -> 208;
            default -> 0;
        };
    }

    /// The codes of weights `4·word` to `4·word + 3`, one a byte.
    static int codes(WeightFormat format, MemorySegment file, long at, int part, int word) {
        return switch (format) {
            case Q8_0 -> file.get(INT, at + 2 + 4L * word);
            case Q4_0, IQ4_NL -> nibbles(file, at + 2, word);
            case Q4_1 -> nibbles(file, at + 4, word);
            case Q5_0 -> nibbles(file, at + 6, word) | spread(file.get(INT, at + 2), word) << 4;
            case Q5_1 -> nibbles(file, at + 8, word) | spread(file.get(INT, at + 4), word) << 4;
            case Q2_K -> twoBits(file, at + 16, part, word);
            case Q3_K -> twoBits(file, at + 32, part, word) | oneBit(file, at, part, word) << 2;
            case Q4_K -> halves(file, at + 16, part, word);
            case Q5_K -> halves(file, at + 48, part, word) | oneBit(file, at + 16, part, word) << 4;
            case Q6_K -> sixBits(file, at, part, word);
            case IQ4_XS -> nibbles(file, at + 8 + 16L * part, word);
            case F32, F16, BF16, F8_E4M3 -> throw new IllegalArgumentException("codes of " + format + ", it has none");
        };
    }

    /// 16 bytes: low nibbles are the first 16 weights.
    private static int nibbles(MemorySegment file, long at, int word) {
        return file.get(INT, at + 4L * (word % 4)) >>> 4 * (word / 4) & NIBBLES;
    }

    /// 32 bytes for two parts: low nibbles are the first.
    private static int halves(MemorySegment file, long at, int part, int word) {
        return file.get(INT, at + 32L * (part / 2) + 4L * word) >>> 4 * (part % 2) & NIBBLES;
    }

    /// 32 bytes for four parts.
    private static int twoBits(MemorySegment file, long at, int part, int word) {
        return file.get(INT, at + 32L * (part / 4) + 4L * word) >>> 2 * (part % 4) & TWOS;
    }

    /// 32 bytes for all eight parts.
    private static int oneBit(MemorySegment file, long at, int part, int word) {
        return file.get(INT, at + 4L * word) >>> part & ONES;
    }

    /// 128 bytes of nibbles, 64 for two parts and the two after; then the two bits above them.
    private static int sixBits(MemorySegment file, long at, int part, int word) {
        long low = at + 64L * (part / 4) + 32L * (part % 2) + 4L * word;
        int nibbles = file.get(INT, low) >>> 4 * (part % 4 / 2) & NIBBLES;
        return nibbles | twoBits(file, at + 128, part, word) << 4;
    }

    /// Bits `4·word` to `4·word + 3`, one a byte.
    private static int spread(int bits, int word) {
        return (bits >>> 4 * word & 15) * 0x00204081 & ONES;
    }

    /// What multiplies the scale of a block of 256.
    ///
    /// @param half which 16 of the part's weights, where they have a scale of their own
    static int factor(WeightFormat format, MemorySegment file, long at, int part, int half) {
        int index = 2 * part + half;
        return switch (format) {
            case Q2_K -> file.get(ValueLayout.JAVA_BYTE, at + index) & 15;
            case Q3_K -> factorOfSixBits(file, at + 96, index);
            case Q4_K, Q5_K -> part < 4 ? unsigned(file, at + 4 + part) & 63 : upper(file, at, part, 0);
            case Q6_K -> file.get(ValueLayout.JAVA_BYTE, at + 192 + index);
            case IQ4_XS -> {
                int low = unsigned(file, at + 4 + part / 2) >> 4 * (part % 2) & 15;
                yield (low | (file.get(SHORT, at + 2) >> 2 * part & 3) << 4) - 32;
            }
            default -> throw new IllegalArgumentException("factor of " + format + ", it has none");
        };
    }

    /// What multiplies the minimum of a block of 256.
    static int minimumFactor(WeightFormat format, MemorySegment file, long at, int part, int half) {
        if (format == WeightFormat.Q2_K) return unsigned(file, at + 2L * part + half) >> 4;
        return part < 4 ? unsigned(file, at + 8 + part) & 63 : upper(file, at, part, 4);
    }

    /// The factors of parts 4 to 7: four bits of their own, two bits above those of parts 0 to 3.
    private static int upper(MemorySegment file, long at, int part, int shift) {
        return unsigned(file, at + 8 + part) >> shift & 15 | unsigned(file, at + shift + part) >> 6 << 4;
    }

    /// 8 bytes with two factors' lower four bits each, then 4 with the upper two bits of four.
    private static int factorOfSixBits(MemorySegment file, long at, int index) {
        int low = unsigned(file, at + index % 8) >> 4 * (index / 8) & 15;
        return (low | (unsigned(file, at + 8 + index % 4) >> 2 * (index / 4) & 3) << 4) - 32;
    }

    private static int unsigned(MemorySegment file, long at) {
        return file.get(ValueLayout.JAVA_BYTE, at) & 255;
    }
}
