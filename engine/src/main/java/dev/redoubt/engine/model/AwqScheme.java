package dev.redoubt.engine.model;

import dev.redoubt.kernels.Compute;
import dev.redoubt.kernels.WeightFormat;
import dev.redoubt.kernels.WeightMatrix;
import dev.redoubt.trust.Quantization;
import dev.redoubt.trust.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// AWQ in the order of its `gemm` version: 4-bit codes and zeros, eight outputs to a word.
///
/// `w[o][i] = (q[i][o] - zero[g][o]) · scale[g][o]`, g = i / group; becomes Q4_1 with the minimum -scale·zero.
///
/// Reference: Lin et al., arXiv 2306.00978.
///
/// @param groupSize input features that share a scale; 0: all
record AwqScheme(int groupSize) implements QuantizedScheme {
    /* Nibble n of a word holds output 8·word + [0, 2, 4, 6, 1, 3, 5, 7][n]; this is the other way round, in bits. */
    private static final int[] SHIFT_OF_OUTPUT = {0, 16, 4, 20, 8, 24, 12, 28};

    @Override
    public Quantization method() {
        return Quantization.AWQ_4;
    }

    @Override
    public List<Part> parts(String module, long rows, long columns) {
        long groups = columns / QuantizedScheme.group(module, groupSize, columns);
        if (rows % 8 != 0)
            throw QuantizedScheme.refusal(
                    "'" + module + "' has " + rows + " output features, AWQ packs multiples of 8");
        return List.of(
                new Part("qweight", TensorType.I32, columns, rows / 8),
                new Part("qzeros", TensorType.I32, groups, rows / 8),
                Part.scales("scales", groups, rows));
    }

    @Override
    public void checkValues(QuantizedMatrix matrix) {
        matrix.checkScales("scales"); // a nibble is no zero out of range
    }

    @Override
    public WeightMatrix load(QuantizedMatrix matrix, ColumnOrders orders, Compute compute, Arena arena) {
        int group = groupSize == 0 ? matrix.columns() : groupSize;
        int rows = matrix.rows();
        MemorySegment words = matrix.data("qweight");
        return CodeBlocks.pack(
                WeightFormat.Q4_1,
                rows,
                matrix.columns(),
                new CodeBlocks.Codes() {
                    @Override
                    public void read(int row, int count, int column, int[] to) {
                        for (int i = 0; i < count; i++) to[i] = nibble(words, rows, column, row + i);
                    }

                    @Override
                    public float scale(int row, int column) {
                        return matrix.half("scales", (long) (column / group) * rows + row);
                    }

                    @Override
                    public float minimum(int row, int column) {
                        return -scale(row, column) * nibble(matrix.data("qzeros"), rows, column / group, row);
                    }
                },
                compute,
                arena);
    }

    private static int nibble(MemorySegment words, int rows, int line, int row) {
        int word = words.get(QuantizedMatrix.INT, 4 * ((long) line * (rows / 8) + row / 8));
        return word >>> SHIFT_OF_OUTPUT[row % 8] & 15;
    }
}
