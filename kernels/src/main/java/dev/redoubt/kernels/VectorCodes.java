package dev.redoubt.kernels;

import static dev.redoubt.kernels.Lanes.COUNT;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// Unpacks quantized weights for the vector kernels: codes to the integers they stand for, in the layout of Q8_0
/// ([R16]), and the scales of 16 rows.
final class VectorCodes {
    /* Plane by plane, each a short loop over the 512 bytes of a block, which stay in the first-level cache. */
    /// Size of the codes of 16 rows × 32 k, a byte each.
    static final int BLOCK_BYTES = R16.ROWS * R16.BLOCK;

    private static final int STEP = 4 * COUNT;
    private static final int HALF = BLOCK_BYTES / 2;
    private static final int ONES = 0x01010101;
    private static final int TWOS = 0x03030303;
    private static final int NIBBLES = 0x0F0F0F0F;

    private VectorCodes() {}

    /// The codes of a block, less their offset or through the table.
    static void unpack(WeightFormat format, long codes, long to) {
        switch (format.bits()) {
            case 2 -> twoBits(codes, to);
            case 3 -> {
                twoBits(codes, to);
                addOneBit(codes + 2 * R16.VECTOR_BYTES, to, 2);
            }
            case 5 -> {
                nibbles(codes, to);
                addOneBit(codes + 4 * R16.VECTOR_BYTES, to, 4);
            }
            case 6 -> {
                nibbles(codes, to);
                addTwoBits(codes + 4 * R16.VECTOR_BYTES, to);
            }
            default -> nibbles(codes, to);
        }
        if (format.indexed()) look(to);
        else if (format.offset() != 0) subtract(to, (byte) format.offset());
    }

    private static void nibbles(long codes, long to) {
        for (int at = 0; at < HALF; at += STEP) {
            IntVector both = Lanes.loadInts(codes + at);
            Lanes.storeInts(both.and(NIBBLES), to + at);
            Lanes.storeInts(both.lanewise(VectorOperators.LSHR, 4).and(NIBBLES), to + HALF + at);
        }
    }

    private static void twoBits(long codes, long to) {
        for (int vector = 0; vector < 2; vector++)
            for (int at = 0; at < R16.VECTOR_BYTES; at += STEP) {
                IntVector rest = Lanes.loadInts(codes + (long) R16.VECTOR_BYTES * vector + at);
                for (int word = 4 * vector; word < 4 * vector + 4; word++) {
                    Lanes.storeInts(rest.and(TWOS), to + (long) R16.VECTOR_BYTES * word + at);
                    rest = rest.lanewise(VectorOperators.LSHR, 2);
                }
            }
    }

    private static void addTwoBits(long plane, long to) {
        for (int vector = 0; vector < 2; vector++)
            for (int at = 0; at < R16.VECTOR_BYTES; at += STEP) {
                IntVector rest = Lanes.loadInts(plane + (long) R16.VECTOR_BYTES * vector + at);
                for (int word = 4 * vector; word < 4 * vector + 4; word++) {
                    add(rest.and(TWOS).lanewise(VectorOperators.LSHL, 4), to + (long) R16.VECTOR_BYTES * word + at);
                    rest = rest.lanewise(VectorOperators.LSHR, 2);
                }
            }
    }

    private static void addOneBit(long plane, long to, int shift) {
        for (int at = 0; at < R16.VECTOR_BYTES; at += STEP) {
            IntVector rest = Lanes.loadInts(plane + at);
            for (int word = 0; word < 8; word++) {
                add(rest.and(ONES).lanewise(VectorOperators.LSHL, shift), to + (long) R16.VECTOR_BYTES * word + at);
                rest = rest.lanewise(VectorOperators.LSHR, 1);
            }
        }
    }

    private static void add(IntVector bits, long to) {
        Lanes.storeInts(Lanes.loadInts(to).or(bits), to);
    }

    private static void subtract(long to, byte offset) {
        for (int at = 0; at < BLOCK_BYTES; at += STEP) {
            ByteVector less = Lanes.loadInts(to + at).reinterpretAsBytes().sub(offset);
            Lanes.storeInts(less.reinterpretAsInts(), to + at);
        }
    }

    /// 16 bytes at a time, whatever the machine's vectors: one instruction has a table of 16 entries.
    private static void look(long to) {
        ByteVector table = ByteVector.fromArray(ByteVector.SPECIES_128, R16.TABLE, 0);
        for (int at = 0; at < BLOCK_BYTES; at += 16) Lanes.look(table, to + at);
    }

    /// The scales of 16 rows as floats, one after the other: those of `blocks` blocks from block `first` on.
    ///
    /// @param group where the group of rows lies
    /// @param step from the scales of a block, or of its half, to the next
    static void scales(WeightFormat format, long group, int first, int blocks, long to, int step) {
        for (int i = 0; i < blocks * R16.scales(format); i++) {
            int block = first + i / R16.scales(format);
            long span = group + spanOffset(format, block);
            long factors = span + R16.inSpan(format, block) + (long) R16.ROWS * (i % R16.scales(format));
            for (int part = 0; part < R16.ROWS; part += COUNT) {
                FloatVector scale = Lanes.loadF16(span + 2L * part);
                if (R16.spanBlocks(format) > 1) scale = scale.mul(factor(format, factors + part));
                Lanes.store(scale, to + (long) step * i + 4L * part);
            }
        }
    }

    private static FloatVector factor(WeightFormat format, long at) {
        if (format != WeightFormat.Q2_K) return Lanes.loadI8(at);
        return (FloatVector) Lanes.loadBytes(at).and(15).convert(VectorOperators.I2F, 0);
    }

    /// As [#scales], what is added to the weights.
    static void minima(WeightFormat format, long group, int first, int blocks, long to, int step) {
        for (int i = 0; i < blocks * R16.scales(format); i++) {
            int block = first + i / R16.scales(format);
            long span = group + spanOffset(format, block);
            long factors = span + R16.inSpan(format, block);
            for (int part = 0; part < R16.ROWS; part += COUNT) {
                FloatVector minimum = Lanes.loadF16(span + 2L * (R16.ROWS + part));
                if (format == WeightFormat.Q2_K)
                    minimum = minimum.mul(upperNibble(factors + (long) R16.ROWS * (i % 2) + part))
                            .neg();
                else if (R16.spanBlocks(format) > 1)
                    minimum =
                            minimum.mul(Lanes.loadI8(factors + R16.ROWS + part)).neg();
                Lanes.store(minimum, to + (long) step * i + 4L * part);
            }
        }
    }

    private static FloatVector upperNibble(long at) {
        IntVector byteOfTwo = Lanes.loadBytes(at).lanewise(VectorOperators.LSHR, 4);
        return (FloatVector) byteOfTwo.and(15).convert(VectorOperators.I2F, 0);
    }

    /// Where the span of a block lies in its group.
    private static long spanOffset(WeightFormat format, int block) {
        return (long) (block / R16.spanBlocks(format)) * R16.spanBytes(format);
    }

    /// Where the block lies in its group.
    static long blockOffset(WeightFormat format, int block) {
        return spanOffset(format, block) + R16.inSpan(format, block);
    }
}
