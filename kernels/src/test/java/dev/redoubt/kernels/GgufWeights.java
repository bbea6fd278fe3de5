package dev.redoubt.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Reads one weight of a block of a GGUF file, element by element, written without a look at the product's reader.
final class GgufWeights {
    private static final int[] TABLE = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

    private final MemorySegment file;
    private final long block;

    /// @param block where the block begins
    GgufWeights(MemorySegment file, long block) {
        this.file = file;
        this.block = block;
    }

    /// Weight `i` of the block, in double.
    double weight(WeightFormat format, int i) {
        return switch (format) {
            case F32, F16, BF16, F8_E4M3 -> throw new IllegalArgumentException(format.name());
            case Q8_0 -> half(0) * (byte) at(2 + i);
            case Q4_0 -> half(0) * (nibble(2, i) - 8);
            case Q4_1 -> half(0) * nibble(4, i) + half(2);
            case Q5_0 -> half(0) * (nibble(6, i) + 16 * bit(2, i) - 16);
            case Q5_1 -> half(0) * (nibble(8, i) + 16 * bit(4, i)) + half(2);
            case IQ4_NL -> half(0) * TABLE[nibble(2, i)];
            case Q2_K -> half(80) * (at(i / 16) & 15) * pair(16, i) - half(82) * (at(i / 16) >> 4);
            case Q3_K -> {
                int scale = i / 16;
                int low = at(96 + scale % 8) >> (scale < 8 ? 0 : 4) & 15;
                int high = at(104 + scale % 4) >> 2 * (scale / 4) & 3;
                int sign = at(i % 32) >> i / 32 & 1;
                yield half(108) * (16 * high + low - 32) * (pair(32, i) + 4 * sign - 4);
            }
            case Q4_K -> half(0) * factor(i / 32) * chunkNibble(16, i) - half(2) * minimum(i / 32);
            case Q5_K -> {
                int fifth = at(16 + i % 32) >> i / 32 & 1;
                yield half(0) * factor(i / 32) * (chunkNibble(48, i) + 16 * fifth) - half(2) * minimum(i / 32);
            }
            case Q6_K -> {
                int side = i / 128;
                int within = i % 128;
                int low = at(64 * side + within % 64) >> (within < 64 ? 0 : 4) & 15;
                int high = at(128 + 32 * side + within % 32) >> 2 * (within / 32) & 3;
                yield half(208) * (byte) at(192 + i / 16) * (low + 16 * high - 32);
            }
            case IQ4_XS -> {
                int part = i / 32;
                int low = at(4 + part / 2) >> (part % 2 == 0 ? 0 : 4) & 15;
                int high = (at(2) | at(3) << 8) >> 2 * part & 3;
                yield half(0) * (low + 16 * high - 32) * TABLE[nibble(8 + 16 * part, i % 32)];
            }
        };
    }

    private int at(int offset) {
        return file.get(ValueLayout.JAVA_BYTE, block + offset) & 255;
    }

    private double half(int offset) {
        return Float.float16ToFloat(file.get(ValueLayout.JAVA_SHORT_UNALIGNED, block + offset));
    }

    /// Sixteen low nibbles, then sixteen high ones.
    private int nibble(int offset, int i) {
        return i < 16 ? at(offset + i) & 15 : at(offset + i - 16) >> 4;
    }

    private int bit(int offset, int i) {
        return at(offset + i / 8) >> i % 8 & 1;
    }

    /// Of 128 weights, four are in a byte.
    private int pair(int offset, int i) {
        return at(offset + 32 * (i / 128) + i % 32) >> 2 * (i % 128 / 32) & 3;
    }

    /// Of 64 weights, two are in a byte.
    private int chunkNibble(int offset, int i) {
        return at(offset + 32 * (i / 64) + i % 32) >> (i % 64 < 32 ? 0 : 4) & 15;
    }

    private int factor(int part) {
        return part < 4 ? at(4 + part) & 63 : (at(8 + part) & 15) + 16 * (at(part) >> 6);
    }

    private int minimum(int part) {
        return part < 4 ? at(8 + part) & 63 : (at(8 + part) >> 4) + 16 * (at(4 + part) >> 6);
    }
}
