package dev.redoubt.engine.model;

import dev.redoubt.kernels.Compute;
import dev.redoubt.kernels.WeightFormat;
import dev.redoubt.kernels.WeightMatrix;
import dev.redoubt.trust.Quantization;
import dev.redoubt.trust.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;

/// `int-quantized` and `float-quantized` of compressed-tensors: one byte a weight, one scale an output.
///
/// `w[o][i] = q[o][i] · scale[o]`. int8 is Q8_0, whose blocks repeat the scale; E4M3 stays as it is, with the
/// scale before each row.
///
/// @param floats whether the bytes are E4M3
record ChannelScheme(boolean floats) implements QuantizedScheme {
    private static final ValueLayout.OfFloat SCALE =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    @Override
    public Quantization method() {
        return floats ? Quantization.FP8 : Quantization.W8A8;
    }

    @Override
    public List<Part> parts(String module, long rows, long columns) {
        QuantizedScheme.group(module, 0, columns);
        return List.of(
                new Part("weight", floats ? TensorType.F8_E4M3 : TensorType.I8, rows, columns),
                Part.scales("weight_scale", rows, 1));
    }

    @Override
    public void checkValues(QuantizedMatrix matrix) {
        matrix.checkScales("weight_scale"); // bytes are finite: a NaN of E4M3 does not pass the reader
    }

    @Override
    public WeightMatrix load(QuantizedMatrix matrix, ColumnOrders orders, Compute compute, Arena arena) {
        return floats ? rows(matrix, compute, arena) : blocks(matrix, compute, arena);
    }

    private static WeightMatrix blocks(QuantizedMatrix matrix, Compute compute, Arena arena) {
        MemorySegment bytes = matrix.data("weight");
        return CodeBlocks.pack(
                WeightFormat.Q8_0,
                matrix.rows(),
                matrix.columns(),
                new CodeBlocks.Codes() {
                    @Override
                    public void read(int row, int count, int column, int[] to) {
                        for (int i = 0; i < count; i++)
                            to[i] = bytes.get(ValueLayout.JAVA_BYTE, (long) (row + i) * matrix.columns() + column);
                    }

                    @Override
                    public float scale(int row, int column) {
                        return matrix.half("weight_scale", row);
                    }
                },
                compute,
                arena);
    }

    private static WeightMatrix rows(QuantizedMatrix matrix, Compute compute, Arena arena) {
        int columns = matrix.columns();
        long rowBytes = columns + 4L;
        MemorySegment rows = arena.allocate(matrix.rows() * rowBytes, 64);
        compute.forEach(matrix.rows(), (row, worker) -> {
            rows.set(
                    SCALE,
                    row * rowBytes,
                    256 * matrix.scale("weight_scale", row)); // the kernels' weights are 2^-8 of E4M3
            MemorySegment.copy(matrix.data("weight"), (long) row * columns, rows, row * rowBytes + 4, columns);
        });
        return compute.weights(WeightFormat.F8_E4M3, matrix.rows(), columns, rows, arena);
    }
}
