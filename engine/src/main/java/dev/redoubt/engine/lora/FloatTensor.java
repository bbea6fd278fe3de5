package dev.redoubt.engine.lora;

import dev.redoubt.kernels.WeightFormat;
import dev.redoubt.kernels.WeightMatrix;
import dev.redoubt.trust.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.function.IntUnaryOperator;

/// Tensors of F32, F16 and BF16, read as f32.
final class FloatTensor {
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort BITS16 =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private FloatTensor() {}

    static boolean isOne(Tensor tensor) {
        return switch (tensor.type()) {
            case F32, F16, BF16 -> true;
            default -> false;
        };
    }

    /// Index of the first value that is NaN or infinite; -1 if there is none.
    static long firstNotFinite(Tensor tensor) {
        long count = tensor.data().byteSize() / tensor.type().blockBytes();
        for (long i = 0; i < count; i++) if (!Float.isFinite(value(tensor, i))) return i;
        return -1;
    }

    static float value(Tensor tensor, long i) {
        return switch (tensor.type()) {
            case F32 -> tensor.data().get(F32, 4 * i);
            case F16 -> Float.float16ToFloat(tensor.data().get(BITS16, 2 * i));
            case BF16 -> Float.intBitsToFloat(tensor.data().get(BITS16, 2 * i) << 16);
            default -> throw new IllegalStateException("a float of " + tensor.type());
        };
    }

    /// Rows of a matrix, widened exactly, in memory of their own: products then take inputs as they are, and
    /// nothing reads the file any more.
    ///
    /// @param source which row of the tensor a row is
    /// @param arena of [dev.redoubt.kernels.Compute#newArena], where it counts
    static WeightMatrix matrix(Tensor tensor, int rows, IntUnaryOperator source, Arena arena) {
        int columns = Math.toIntExact(tensor.shape().getLast());
        MemorySegment data = arena.allocate(4L * rows * columns, 64);
        for (int row = 0; row < rows; row++) {
            long from = (long) source.applyAsInt(row) * columns;
            for (int column = 0; column < columns; column++)
                data.set(F32, 4 * ((long) row * columns + column), value(tensor, from + column));
        }
        return WeightMatrix.of(WeightFormat.F32, rows, columns, data.asSlice(0, 4L * rows * columns), arena);
    }
}
