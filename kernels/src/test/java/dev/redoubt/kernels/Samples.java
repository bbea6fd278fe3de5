package dev.redoubt.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;

/// Random matrices as a file would hold them, and plain readers of them.
final class Samples {
    private Samples() {}

    static FloatMatrix matrix(Random random, int rows, int columns, Arena arena) {
        FloatMatrix matrix = FloatMatrix.allocate(rows, columns, arena);
        for (int r = 0; r < rows; r++)
            for (int c = 0; c < columns; c++) matrix.set(r, c, (float) random.nextGaussian());
        return matrix;
    }

    /// As [#matrix], with blocks of 32 that lie far to one side, are constant, or are zero: what zero points
    /// are for.
    static FloatMatrix skewed(Random random, int rows, int columns, Arena arena) {
        FloatMatrix matrix = matrix(random, rows, columns, arena);
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < columns; c++) {
                float x = matrix.get(r, c);
                switch ((r + c / 32) % 6) {
                    case 0 -> matrix.set(r, c, x + 30);
                    case 1 -> matrix.set(r, c, 0.01f * x - 1_000);
                    case 2 -> matrix.set(r, c, -7);
                    case 3 -> matrix.set(r, c, 0);
                    default -> matrix.set(r, c, x);
                }
            }
        }
        return matrix;
    }

    static FloatMatrix copy(FloatMatrix matrix, Arena arena) {
        FloatMatrix copy = FloatMatrix.allocate(matrix.rows(), matrix.columns(), arena);
        copy.segment().copyFrom(matrix.segment());
        return copy;
    }

    /// The bytes of a file, at an address that is not aligned.
    static MemorySegment file(Random random, WeightFormat format, int rows, int columns, Arena arena) {
        long bytes = format.bytes(rows, columns);
        MemorySegment file = arena.allocate(bytes + 2, 64).asSlice(2);
        byte[] noise = new byte[Math.toIntExact(bytes)];
        random.nextBytes(noise);
        MemorySegment.copy(noise, 0, file, ValueLayout.JAVA_BYTE, 0, noise.length);
        if (format == WeightFormat.F8_E4M3) { // every byte is a weight
            for (int row = 0; row < rows; row++)
                file.set(ValueLayout.JAVA_FLOAT_UNALIGNED, row * (columns + 4L), random.nextFloat(0.25f, 1));
            return file;
        }
        if (!format.quantized()) {
            for (long i = 0; i < (long) rows * columns; i++) writeValue(file, format, i, (float) random.nextGaussian());
            return file;
        }
        // Of about the size of those in models, where a block of 256 multiplies them by up to 64.
        float largest = format.blockWeights() == 256 ? 0.003f : 0.1f;
        for (long at = scaleOffset(format); at < bytes; at += format.blockBytes()) {
            file.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, Float.floatToFloat16(random.nextFloat(-largest, largest)));
            if (format.hasMinimum())
                file.set(
                        ValueLayout.JAVA_SHORT_UNALIGNED,
                        at + 2,
                        Float.floatToFloat16(random.nextFloat(-10 * largest, 10 * largest)));
        }
        return file;
    }

    /// Where the f16 scale of a block stands; an f16 minimum is behind it.
    static int scaleOffset(WeightFormat format) {
        return switch (format) {
            case Q2_K -> 80;
            case Q3_K -> 108;
            case Q6_K -> 208;
            default -> 0;
        };
    }

    private static void writeValue(MemorySegment file, WeightFormat format, long index, float value) {
        switch (format) {
            case F32 -> file.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * index, value);
            case F16 -> file.set(ValueLayout.JAVA_SHORT_UNALIGNED, 2 * index, Float.floatToFloat16(value));
            case BF16 ->
                file.set(ValueLayout.JAVA_SHORT_UNALIGNED, 2 * index, (short) (Float.floatToIntBits(value) >> 16));
            default -> throw new IllegalArgumentException(format.name());
        }
    }

    /// Weight (row, k) read from the file's own layout, written without a look at the product's reader.
    static double weight(MemorySegment file, WeightFormat format, int columns, int row, int k) {
        long index = (long) row * columns + k;
        return switch (format) {
            case F32 -> file.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * index);
            case F16 -> Float.float16ToFloat(file.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2 * index));
            case BF16 -> Float.intBitsToFloat(file.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2 * index) << 16);
            case F8_E4M3 -> {
                long from = row * (columns + 4L);
                yield file.get(ValueLayout.JAVA_FLOAT_UNALIGNED, from)
                        * e4m3(file.get(ValueLayout.JAVA_BYTE, from + 4 + k));
            }
            default ->
                new GgufWeights(file, index / format.blockWeights() * format.blockBytes())
                        .weight(format, (int) (index % format.blockWeights()));
        };
    }

    /// Of the first `rows` rows, on the compute's threads.
    static void logSumExp(Compute compute, FloatMatrix logits, int rows, float[] sums, int[] largest) {
        compute.forEach(rows, (row, worker) -> {
            sums[row] = compute.logSumExp(logits, row, worker);
            largest[row] = compute.argMax(logits, row);
        });
    }

    private static double e4m3(byte bits) {
        int exponent = bits >> 3 & 15;
        double magnitude = exponent == 0 ? (bits & 7) * 0x1p-17 : Math.scalb(8.0 + (bits & 7), exponent - 18);
        return bits < 0 ? -magnitude : magnitude;
    }

    /// Where two matrices differ in a bit, padding included; empty if nowhere.
    static String difference(FloatMatrix a, FloatMatrix b) {
        long at = a.segment().mismatch(b.segment());
        if (at < 0) return "";
        int row = (int) (at / 4 / a.stride());
        int column = (int) (at / 4 % a.stride());
        return "row " + row + " column " + column + ": "
                + a.segment().getAtIndex(ValueLayout.JAVA_FLOAT, at / 4) + " and "
                + b.segment().getAtIndex(ValueLayout.JAVA_FLOAT, at / 4);
    }
}
