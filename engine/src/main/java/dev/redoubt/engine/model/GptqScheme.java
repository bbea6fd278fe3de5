package dev.redoubt.engine.model;

import dev.redoubt.kernels.Compute;
import dev.redoubt.kernels.WeightFormat;
import dev.redoubt.kernels.WeightMatrix;
import dev.redoubt.trust.Quantization;
import dev.redoubt.trust.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// GPTQ: codes packed along the input, zeros along the output, lowest bits first, and the group of every input
/// feature.
///
/// `w[o][i] = (q[i][o] - zero[g[i]][o]) · scale[g[i]][o]`
///
/// Reference: Frantar et al., arXiv 2210.17323.
///
/// @param bits 4 or 8
/// @param groupSize input features that share a scale; 0: all
/// @param activationOrder whether `g_idx` is any order of the features, rather than i / groupSize
/// @param symmetric whether every zero is the middle code
/// @param zeroOffset what is added to stored zeros, modulo 2^bits
record GptqScheme(int bits, int groupSize, boolean activationOrder, boolean symmetric, int zeroOffset)
        implements QuantizedScheme {
    /* Forms. Symmetric codes less the middle are Q4_0 and Q8_0 as they are. 4 bits with zeros are Q4_1 with the minimum -scale·zero. 8 bits
     * with zeros are nibbles: W·x = [high | low]·[x ; x] in Q4_1, the high ones with the scale 16·scale; the minimum is split over
     * the two halves, so that it has the precision of two f16. Nobody has been seen to publish such a model, so it is worth no kernel.
     *
     * Columns are sorted by group, equal ones as they were, so that groups are whole blocks; the input is gathered in the same order. */

    @Override
    public Quantization method() {
        return bits == 4 ? Quantization.GPTQ_4 : Quantization.GPTQ_8;
    }

    @Override
    public List<Part> parts(String module, long rows, long columns) {
        long groups = columns / QuantizedScheme.group(module, groupSize, columns);
        int perWord = 32 / bits;
        if (rows % perWord != 0)
            throw QuantizedScheme.refusal("'" + module + "' has " + rows + " output features, GPTQ of " + bits
                    + " bits packs multiples of " + perWord);
        return List.of(
                new Part("qweight", TensorType.I32, columns / perWord, rows),
                new Part("qzeros", TensorType.I32, groups, rows / perWord),
                Part.scales("scales", groups, rows),
                new Part("g_idx", TensorType.I32, columns));
    }

    @Override
    public void checkValues(QuantizedMatrix matrix) {
        matrix.checkScales("scales");
        checkGroups(matrix);
        if (!symmetric) return;
        int middle = 1 << (bits - 1);
        for (int group = 0; group < matrix.columns() / group(matrix); group++)
            for (int row = 0; row < matrix.rows(); row++)
                if (zero(matrix, group, row) != middle)
                    throw QuantizedScheme.refusal(
                            "tensor '" + matrix.part("qzeros").name() + "' has the zero "
                                    + zero(matrix, group, row) + " in group " + group + " of output " + row
                                    + ", a symmetric model of " + bits + " bits has " + middle + " only");
    }

    private void checkGroups(QuantizedMatrix matrix) {
        String name = "tensor '" + matrix.part("g_idx").name() + "'";
        int groups = matrix.columns() / group(matrix);
        int[] members = new int[groups];
        for (int i = 0; i < matrix.columns(); i++) {
            int group = matrix.word("g_idx", i);
            if (group < 0 || group >= groups)
                throw QuantizedScheme.refusal(
                        name + " has the group " + group + " at element " + i + ", allowed is 0 to " + (groups - 1));
            if (!activationOrder && group != i / group(matrix))
                throw QuantizedScheme.refusal(name + " has the group " + group + " at element " + i
                        + ", without 'desc_act' it must be " + i / group(matrix));
            members[group]++;
        }
        for (int group = 0; group < groups; group++)
            if (members[group] != group(matrix))
                throw QuantizedScheme.refusal(name + " has " + members[group] + " elements of the group " + group
                        + ", the group size is " + group(matrix));
    }

    @Override
    public int packedColumns(int columns) {
        return nibbles() ? 2 * columns : columns;
    }

    @Override
    public WeightMatrix load(QuantizedMatrix matrix, ColumnOrders orders, Compute compute, Arena arena) {
        int[] order = order(matrix);
        WeightFormat form = symmetric ? bits == 4 ? WeightFormat.Q4_0 : WeightFormat.Q8_0 : WeightFormat.Q4_1;
        CodeBlocks.Codes codes = nibbles() ? new Nibbles(matrix, order) : new Plain(matrix, order);
        WeightMatrix packed =
                CodeBlocks.pack(form, matrix.rows(), packedColumns(matrix.columns()), codes, compute, arena);
        if (!activationOrder && !nibbles()) return packed;
        int[] features = new int[packed.columns()];
        for (int k = 0; k < features.length; k++) features[k] = order[k % order.length];
        return packed.ordered(orders.of(matrix.columns(), features));
    }

    private boolean nibbles() {
        return bits == 8 && !symmetric;
    }

    private int group(QuantizedMatrix matrix) {
        return groupSize == 0 ? matrix.columns() : groupSize;
    }

    /// The features, sorted by group.
    private int[] order(QuantizedMatrix matrix) {
        int[] next = new int[matrix.columns() / group(matrix)];
        for (int group = 0; group < next.length; group++) next[group] = group * group(matrix);
        int[] order = new int[matrix.columns()];
        for (int i = 0; i < order.length; i++) order[next[matrix.word("g_idx", i)]++] = i;
        return order;
    }

    private float scale(QuantizedMatrix matrix, int group, int row) {
        return matrix.half("scales", (long) group * matrix.rows() + row);
    }

    private int zero(QuantizedMatrix matrix, int group, int row) {
        int perWord = 32 / bits;
        int word = matrix.word("qzeros", (long) group * (matrix.rows() / perWord) + row / perWord);
        return (word >>> bits * (row % perWord)) + zeroOffset & (1 << bits) - 1;
    }

    /// The codes of `count` rows of a feature, unsigned.
    private void codes(MemorySegment words, QuantizedMatrix matrix, int row, int count, int feature, int[] to) {
        int perWord = 32 / bits;
        long line = (long) (feature / perWord) * matrix.rows();
        int shift = bits * (feature % perWord);
        for (int i = 0; i < count; i++)
            to[i] = words.get(QuantizedMatrix.INT, 4 * (line + row + i)) >>> shift & (1 << bits) - 1;
    }

    /// One packed column a feature.
    private final class Plain implements CodeBlocks.Codes {
        private final QuantizedMatrix matrix;
        private final int[] order;
        private final MemorySegment words;

        Plain(QuantizedMatrix matrix, int[] order) {
            this.matrix = matrix;
            this.order = order;
            this.words = matrix.data("qweight");
        }

        @Override
        public void read(int row, int count, int column, int[] to) {
            codes(words, matrix, row, count, order[column], to);
            if (bits == 8) for (int i = 0; i < count; i++) to[i] -= 128;
        }

        @Override
        public float scale(int row, int column) {
            return GptqScheme.this.scale(matrix, column / group(matrix), row);
        }

        @Override
        public float minimum(int row, int column) {
            return -scale(row, column) * zero(matrix, column / group(matrix), row);
        }
    }

    /// Two packed columns a feature, high nibbles before low ones.
    private final class Nibbles implements CodeBlocks.Codes {
        private final QuantizedMatrix matrix;
        private final int[] order;
        private final MemorySegment words;

        Nibbles(QuantizedMatrix matrix, int[] order) {
            this.matrix = matrix;
            this.order = order;
            this.words = matrix.data("qweight");
        }

        @Override
        public void read(int row, int count, int column, int[] to) {
            codes(words, matrix, row, count, order[column % order.length], to);
            for (int i = 0; i < count; i++) to[i] = high(column) ? to[i] >> 4 : to[i] & 15;
        }

        private boolean high(int column) {
            return column < order.length;
        }

        private int group(int column) {
            return column % order.length / GptqScheme.this.group(matrix);
        }

        @Override
        public float scale(int row, int column) {
            float scale = GptqScheme.this.scale(matrix, group(column), row);
            return high(column) ? 16 * scale : scale;
        }

        @Override
        public float minimum(int row, int column) {
            float all = -GptqScheme.this.scale(matrix, group(column), row) * zero(matrix, group(column), row);
            return high(column) ? all : all - Float.float16ToFloat(Float.floatToFloat16(all));
        }
    }
}
