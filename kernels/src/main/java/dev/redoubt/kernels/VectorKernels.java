package dev.redoubt.kernels;

/// The Java Vector API, 4, 8 or 16 float lanes as the machine has them.
final class VectorKernels implements Kernels {
    private final LazyActivations input;
    private final String why;
    private final RoundedActivations rounded;

    /// @param rowsMax rows of the largest step
    /// @param columnsMax columns of the widest input
    /// @param why they and no faster ones, for the end of the description; empty: somebody asked for them
    VectorKernels(int rowsMax, int columnsMax, String why) {
        this.why = why;
        input = new LazyActivations(rowsMax, columnsMax);
        rounded = new RoundedActivations(rowsMax, columnsMax);
    }

    @Override
    public String description() {
        return "vector (" + Lanes.FLOATS.vectorBitSize() + " bits, " + Lanes.COUNT + " lanes)" + why;
    }

    @Override
    public long inputBytes() {
        return input.bytes() + rounded.bytes();
    }

    @Override
    public void expect(int rows, int columns) {
        input.get().columns(rows, columns);
    }

    @Override
    public void quantize(FloatMatrix in, int rowFrom, int rowTo) {
        Activations out = input.get();
        for (int row = rowFrom; row < rowTo; row++) VectorRows.quantizeRow(rowAddress(in, row), row, out);
    }

    @Override
    public void expectRounded(int rows, int columns) {
        rounded.columns(rows, columns);
    }

    @Override
    public void round(FloatMatrix in, int rowFrom, int rowTo) {
        for (int row = rowFrom; row < rowTo; row++) VectorPairs.round(rowAddress(in, row), row, rounded);
    }

    @Override
    public int groupsAtOnce() {
        return 4;
    }

    @Override
    public void matmul(
            WeightMatrix weights,
            int groupFrom,
            int groupTo,
            FloatMatrix in,
            int rows,
            FloatMatrix out,
            boolean add,
            Scratch scratch) {
        int rowTo = Math.min(groupTo * R16.ROWS, weights.rows());
        if (weights.format().rounded()) {
            VectorPairs.matmul(weights, groupFrom * R16.ROWS, rowTo, rounded, rows, out, add, scratch);
        } else if (!weights.format().quantized()) {
            VectorFloats.matmul(weights, groupFrom * R16.ROWS, rowTo, in, rows, out, add, scratch);
        } else if (rows <= Activations.PAIRED_ROWS) {
            VectorBlocks.matmul(weights, groupFrom, groupTo, input.get(), rows, out, add, scratch);
        } else {
            VectorPanels.matmul(weights, groupFrom, groupTo, input.get(), rows, out, add, scratch);
        }
    }

    @Override
    public void rmsNorm(
            FloatMatrix in,
            int rowFrom,
            int rowTo,
            FloatMatrix weight,
            float epsilon,
            FloatMatrix out,
            Scratch scratch) {
        for (int row = rowFrom; row < rowTo; row++)
            for (int from = 0; from < in.columns(); from += weight.columns())
                VectorRows.rmsNorm(
                        rowAddress(in, row) + 4L * from,
                        weight.columns(),
                        rowAddress(weight, 0),
                        epsilon,
                        rowAddress(out, row) + 4L * from,
                        SystemMemory.address(scratch.floats(Numbers.PARTIALS)));
    }

    @Override
    public void layerNorm(
            FloatMatrix in,
            int rowFrom,
            int rowTo,
            FloatMatrix weight,
            FloatMatrix bias,
            float epsilon,
            FloatMatrix out,
            Scratch scratch) {
        long partials = SystemMemory.address(scratch.floats(Numbers.PARTIALS));
        for (int row = rowFrom; row < rowTo; row++)
            VectorLayerNorm.norm(
                    rowAddress(in, row),
                    in.columns(),
                    rowAddress(weight, 0),
                    rowAddress(bias, 0),
                    epsilon,
                    rowAddress(out, row),
                    partials);
    }

    @Override
    public void gelu(FloatMatrix x, int rowFrom, int rowTo) {
        for (int row = rowFrom; row < rowTo; row++) VectorRows.gelu(rowAddress(x, row), x.columns());
    }

    @Override
    public void activate(GateFunction function, FloatMatrix gate, FloatMatrix up, int rowFrom, int rowTo) {
        for (int row = rowFrom; row < rowTo; row++)
            VectorRows.activate(function, rowAddress(gate, row), rowAddress(up, row), gate.columns());
    }

    @Override
    public void addScaled(FloatMatrix in, int row, float factor, FloatMatrix out, int outRow) {
        VectorRows.addScaled(rowAddress(in, row), in.columns(), factor, rowAddress(out, outRow));
    }

    @Override
    public void softCap(FloatMatrix x, int rowFrom, int rowTo, float cap) {
        for (int row = rowFrom; row < rowTo; row++) VectorRows.softCap(rowAddress(x, row), x.columns(), cap);
    }

    @Override
    public void attention(AttentionCall call, int rowFrom, int rowTo, int kvHead, Scratch scratch) {
        VectorAttention.attend(call, rowFrom, rowTo, kvHead, scratch);
    }

    @Override
    public float logSumExp(FloatMatrix logits, int row, Scratch scratch) {
        return VectorRows.logSumExp(
                rowAddress(logits, row), logits.columns(), SystemMemory.address(scratch.floats(Numbers.PARTIALS)));
    }

    @Override
    public void exponentials(FloatMatrix in, int row, float largest, float factor, FloatMatrix out, int outRow) {
        VectorRows.exponentials(rowAddress(in, row), in.columns(), largest, factor, rowAddress(out, outRow));
    }

    @Override
    public int argMax(FloatMatrix logits, int row) {
        return VectorRows.argMax(rowAddress(logits, row), logits.columns());
    }

    private static long rowAddress(FloatMatrix matrix, int row) {
        return SystemMemory.address(matrix.segment()) + 4L * row * matrix.stride();
    }

    @Override
    public void close() {
        input.close();
        rounded.close();
    }
}
