package dev.redoubt.engine.model;

import dev.redoubt.kernels.Compute;
import dev.redoubt.kernels.WeightMatrix;
import dev.redoubt.trust.ArtifactException;
import dev.redoubt.trust.Quantization;
import dev.redoubt.trust.TensorType;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Set;

/// How a checkpoint stores a matrix of (rows, columns) = (out features, in features) in several tensors, and
/// how that becomes a form of the kernels. To add one: implement this in a file of its own and let
/// [QuantizationConfig] read its declaration.
sealed interface QuantizedScheme permits AwqScheme, ChannelScheme, GptqScheme, PackedScheme {
    /// Types that scales may have; all of them are rounded to f16, which f16 and bf16 above 2^-17 survive exactly.
    Set<TensorType> SCALES = Set.of(TensorType.F16, TensorType.BF16, TensorType.F32);

    /// One tensor of a matrix.
    ///
    /// @param suffix after the module's name and a dot
    record Part(String suffix, Set<TensorType> types, List<Long> shape) {
        Part(String suffix, TensorType type, long... shape) {
            this(suffix, Set.of(type), boxed(shape));
        }

        static Part scales(String suffix, long... shape) {
            return new Part(suffix, SCALES, boxed(shape));
        }

        private static List<Long> boxed(long... shape) {
            return java.util.Arrays.stream(shape).boxed().toList();
        }
    }

    Quantization method();

    /// Exactly the tensors that a matrix of this shape has.
    ///
    /// @throws ArtifactException V6.3, if the shape cannot be stored so
    List<Part> parts(String module, long rows, long columns);

    /// What [#parts] cannot say: scales, zeros and indices in range (RULES V6.3). Takes no memory.
    void checkValues(QuantizedMatrix matrix);

    /// @param orders of the model, which its matrices share
    WeightMatrix load(QuantizedMatrix matrix, ColumnOrders orders, Compute compute, Arena arena);

    /// Columns that the kernels see for that many input features.
    default int packedColumns(int columns) {
        return columns;
    }

    static ArtifactException refusal(String message) {
        return new ArtifactException("V6.3", message);
    }

    /// @param groupSize 0: all columns
    /// @return columns that share a scale
    static long group(String module, long groupSize, long columns) {
        if (columns % 32 != 0)
            throw refusal(
                    "'" + module + "' has " + columns + " input features, quantized weights need a multiple of 32");
        if (groupSize == 0) return columns;
        if (columns % groupSize != 0)
            throw refusal("'" + module + "' has " + columns + " input features, which the group size of " + groupSize
                    + " does not divide");
        return groupSize;
    }
}
