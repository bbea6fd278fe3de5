package dev.redoubt.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/// One block of quantized weights to be written as GGUF files store it: the reverse of [GgufBlocks].
final class GgufBlock {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int PART = 32;

    private final WeightFormat format;
    private final byte[] bytes;
    short scale; // f16
    short minimum; // f16
    final int[] codes;
    final int[] factors; // in blocks of 256: what multiplies the scale, for each group
    final int[] minimumFactors;

    GgufBlock(WeightFormat format) {
        this.format = format;
        this.bytes = new byte[format.blockBytes()];
        this.codes = new int[format.blockWeights()];
        int groups = format.blockWeights() / format.scaledWeights();
        this.factors = new int[groups];
        this.minimumFactors = new int[groups];
    }

    /// The largest factor; factors without minima are signed and go one further below.
    static int factorMax(WeightFormat format) {
        return switch (format) {
            case Q2_K -> 15;
            case Q3_K -> 31;
            case Q4_K, Q5_K -> 63;
            case Q6_K -> 127;
            default -> throw new IllegalArgumentException("factors of " + format + ", it has none");
        };
    }

    void clear() {
        Arrays.fill(bytes, (byte) 0);
        scale = 0;
        minimum = 0;
    }

    void write(MemorySegment to, long at) {
        switch (format) {
            case Q8_0 -> {
                for (int i = 0; i < PART; i++) bytes[2 + i] = (byte) codes[i];
            }
            case Q4_0 -> nibbles(2);
            case Q4_1 -> nibbles(4);
            case Q5_0 -> fifths(2);
            case Q5_1 -> fifths(4);
            case Q2_K -> {
                for (int g = 0; g < 16; g++) bytes[g] = (byte) (factors[g] | minimumFactors[g] << 4);
                twoBits(16, 0);
            }
            case Q3_K -> {
                oneBit(0, 2);
                twoBits(32, 0);
                factorsOfSixBits(96);
            }
            case Q4_K -> {
                factorsAndMinima(4);
                halves(16);
            }
            case Q5_K -> {
                factorsAndMinima(4);
                oneBit(16, 4);
                halves(48);
            }
            case Q6_K -> {
                sixBits();
                for (int g = 0; g < 16; g++) bytes[192 + g] = (byte) factors[g];
            }
            case F32, F16, BF16, F8_E4M3, IQ4_NL, IQ4_XS -> throw new IllegalStateException("a block of " + format);
        }
        MemorySegment.copy(bytes, 0, to, ValueLayout.JAVA_BYTE, at, bytes.length);
        int scaleAt = switch (format) {
            case Q2_K -> 80;
            case Q3_K -> 108;
            case Q6_K -> 208;
            default -> 0;
        };
        to.set(SHORT, at + scaleAt, scale);
        if (format.hasMinimum()) to.set(SHORT, at + scaleAt + 2, minimum);
    }

    private void or(int at, int bits) {
        bytes[at] |= (byte) bits;
    }

    private void nibbles(int at) {
        for (int i = 0; i < PART; i++) or(at + i % 16, (codes[i] & 15) << 4 * (i / 16));
    }

    private void fifths(int at) {
        for (int i = 0; i < PART; i++) or(at + i / 8, codes[i] >> 4 << i % 8);
        nibbles(at + 4);
    }

    private void halves(int at) {
        for (int i = 0; i < codes.length; i++)
            or(at + PART * (i / 64) + i % PART, (codes[i] & 15) << 4 * (i / PART % 2));
    }

    /// The two lowest bits above `shift`.
    private void twoBits(int at, int shift) {
        for (int i = 0; i < codes.length; i++)
            or(at + PART * (i / 128) + i % PART, (codes[i] >> shift & 3) << 2 * (i / PART % 4));
    }

    /// One bit of each code.
    private void oneBit(int at, int bit) {
        for (int i = 0; i < codes.length; i++) or(at + i % PART, (codes[i] >> bit & 1) << i / PART);
    }

    private void sixBits() {
        for (int i = 0; i < codes.length; i++)
            or(64 * (i / 128) + PART * (i / PART % 2) + i % PART, (codes[i] & 15) << 4 * (i / 64 % 2));
        twoBits(128, 4);
    }

    private void factorsAndMinima(int at) {
        for (int g = 0; g < 4; g++) {
            or(at + g, factors[g] | factors[g + 4] >> 4 << 6);
            or(at + 4 + g, minimumFactors[g] | minimumFactors[g + 4] >> 4 << 6);
            or(at + 8 + g, factors[g + 4] & 15 | (minimumFactors[g + 4] & 15) << 4);
        }
    }

    private void factorsOfSixBits(int at) {
        for (int g = 0; g < 16; g++) {
            int unsigned = factors[g] + 32;
            or(at + g % 8, (unsigned & 15) << 4 * (g / 8));
            or(at + 8 + g % 4, unsigned >> 4 << 2 * (g / 4));
        }
    }
}
