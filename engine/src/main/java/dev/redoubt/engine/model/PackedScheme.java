package dev.redoubt.engine.model;

import dev.redoubt.kernels.Compute;
import dev.redoubt.kernels.WeightFormat;
import dev.redoubt.kernels.WeightMatrix;
import dev.redoubt.trust.Quantization;
import dev.redoubt.trust.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// `pack-quantized` of compressed-tensors: symmetric 4-bit codes, eight inputs to a word, lowest first.
///
/// `w[o][i] = (q[o][i] - 8) · scale[o][i / group]`, which is Q4_0.
///
/// @param groupSize input features that share a scale; 0: all
record PackedScheme(int groupSize) implements QuantizedScheme {
    @Override
    public Quantization method() {
        return Quantization.W4A16;
    }

    @Override
    public List<Part> parts(String module, long rows, long columns) {
        long groups = columns / QuantizedScheme.group(module, groupSize, columns);
        return List.of(
                new Part("weight_packed", TensorType.I32, rows, columns / 8),
                Part.scales("weight_scale", rows, groups),
                new Part("weight_shape", TensorType.I64, 2));
    }

    @Override
    public void checkValues(QuantizedMatrix matrix) {
        matrix.checkScales("weight_scale");
        MemorySegment shape = matrix.data("weight_shape");
        long rows = shape.get(QuantizedMatrix.LONG, 0);
        long columns = shape.get(QuantizedMatrix.LONG, 8);
        if (rows != matrix.rows() || columns != matrix.columns())
            throw QuantizedScheme.refusal(
                    "tensor '" + matrix.part("weight_shape").name() + "' says [" + rows + ", " + columns
                            + "], the configuration asks for [" + matrix.rows() + ", " + matrix.columns() + "]");
    }

    @Override
    public WeightMatrix load(QuantizedMatrix matrix, ColumnOrders orders, Compute compute, Arena arena) {
        int columns = matrix.columns();
        int group = groupSize == 0 ? columns : groupSize;
        MemorySegment words = matrix.data("weight_packed");
        return CodeBlocks.pack(
                WeightFormat.Q4_0,
                matrix.rows(),
                columns,
                new CodeBlocks.Codes() {
                    @Override
                    public void read(int row, int count, int column, int[] to) {
                        for (int i = 0; i < count; i++) {
                            long word = (long) (row + i) * (columns / 8) + column / 8;
                            to[i] = words.get(QuantizedMatrix.INT, 4 * word) >>> 4 * (column % 8) & 15;
                        }
                    }

                    @Override
                    public float scale(int row, int column) {
                        return matrix.half("weight_scale", (long) row * (columns / group) + column / group);
                    }
                },
                compute,
                arena);
    }
}
