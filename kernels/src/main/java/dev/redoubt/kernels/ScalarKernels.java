package dev.redoubt.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// The reference: the definition of [Kernels] written down plainly, one element at a time.
final class ScalarKernels implements Kernels {
    private final LazyActivations input;
    private final RoundedActivations rounded;

    /// @param rowsMax rows of the largest step
    /// @param columnsMax columns of the widest input
    ScalarKernels(int rowsMax, int columnsMax) {
        input = new LazyActivations(rowsMax, columnsMax);
        rounded = new RoundedActivations(rowsMax, columnsMax);
    }

    @Override
    public String description() {
        return "scalar (reference)";
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
        for (int row = rowFrom; row < rowTo; row++)
            for (int block = 0; block < out.blocks(); block++) quantizeBlock(in, row, block, out);
    }

    private static void quantizeBlock(FloatMatrix in, int row, int block, Activations out) {
        int from = block * R16.BLOCK;
        float lo = in.get(row, from);
        float hi = lo;
        for (int i = 1; i < R16.BLOCK; i++) {
            lo = Math.min(lo, in.get(row, from + i));
            hi = Math.max(hi, in.get(row, from + i));
        }
        float scale = Activations.scale(lo, hi);
        float factor = scale == 0 ? 0 : 1 / scale;
        int zero = Activations.round((hi + lo) * 0.5f * factor);
        for (int i = 0; i < R16.BLOCK; i++) {
            int level = Activations.round(in.get(row, from + i) * factor);
            int at = row * out.columns() + from + i;
            out.q.set(ValueLayout.JAVA_BYTE, at, (byte) (level - zero));
            out.floats[at] = level;
        }
        out.finish(row, block, scale, zero);
    }

    @Override
    public void expectRounded(int rows, int columns) {
        rounded.columns(rows, columns);
    }

    @Override
    public void round(FloatMatrix in, int rowFrom, int rowTo) {
        for (int row = rowFrom; row < rowTo; row++)
            for (int k = 0; k < rounded.stride(); k++)
                rounded.set(row, k, k < in.columns() ? Bf16.round(in.get(row, k)) : 0);
    }

    @Override
    public int groupsAtOnce() {
        return 1;
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
        int outTo = Math.min(groupTo * R16.ROWS, weights.rows());
        for (int row = 0; row < rows; row++) {
            for (int o = groupFrom * R16.ROWS; o < outTo; o++) {
                switch (weights.format()) {
                    case F32, F16, F8_E4M3 -> store(dot(weights, o, in, row), out, row, o, add);
                    case BF16 -> {
                        float product = Bf16.dot(weights, o, rounded, row);
                        out.set(row, o, add ? Bf16.add(out.get(row, o), product) : product);
                    }
                    default -> store(dotBlocks(weights, o, input.get(), row), out, row, o, add);
                }
            }
        }
    }

    private static void store(float product, FloatMatrix out, int row, int o, boolean add) {
        out.set(row, o, add ? out.get(row, o) + product : product);
    }

    private static float dotBlocks(WeightMatrix weights, int weightRow, Activations x, int row) {
        float acc = 0;
        for (int k = 0; k < x.columns(); k += weights.format().scaledWeights())
            acc = dotScaled(weights, weightRow, x, row, k, acc);
        return acc;
    }

    /// The weights from `first` on that share a scale.
    private static float dotScaled(WeightMatrix weights, int weightRow, Activations x, int row, int first, float acc) {
        WeightFormat format = weights.format();
        int block = first / R16.BLOCK;
        int half = first % R16.BLOCK / format.scaledWeights();
        int lane = weightRow % R16.ROWS;
        long span = R16.spanOffset(format, weights.columns(), weightRow, block);
        long at = span + R16.inSpan(format, block);
        int isum = 0;
        int tsum = 0;
        for (int k = first; k < first + format.scaledWeights(); k++) {
            isum += R16.weight(format, weights.data(), at, lane, k % R16.BLOCK) * x.level(row, k);
            tsum += x.level(row, k);
        }
        float xScale = x.scale(row, block);
        acc = Math.fma((float) isum, R16.scale(format, weights.data(), span, block, lane, half) * xScale, acc);
        if (!format.hasMinimum()) return acc;
        return Math.fma(R16.minimum(format, weights.data(), span, block, lane, half), xScale * tsum, acc);
    }

    private static float dot(WeightMatrix weights, int weightRow, FloatMatrix x, int row) {
        float[] partials = new float[Numbers.PARTIALS];
        for (int k = 0; k < weights.columns(); k++)
            partials[k % 16] = Math.fma(weights.weight(weightRow, k), x.get(row, k), partials[k % 16]);
        return weights.rowScale(weightRow) * Numbers.tree(partials);
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
                normPiece(in, row, from, weight, epsilon, out);
    }

    private static void normPiece(
            FloatMatrix in, int row, int from, FloatMatrix weight, float epsilon, FloatMatrix out) {
        float[] partials = new float[Numbers.PARTIALS];
        for (int i = 0; i < weight.columns(); i++)
            partials[i % 16] = Math.fma(in.get(row, from + i), in.get(row, from + i), partials[i % 16]);
        float inverse = Numbers.inverseRms(Numbers.tree(partials), weight.columns(), epsilon);
        for (int i = 0; i < weight.columns(); i++)
            out.set(row, from + i, (in.get(row, from + i) * inverse) * weight.get(0, i));
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
        for (int row = rowFrom; row < rowTo; row++) {
            float[] sums = new float[Numbers.PARTIALS];
            for (int i = 0; i < in.columns(); i++) sums[i % 16] += in.get(row, i);
            float mean = Numbers.tree(sums) / in.columns();
            float[] squares = new float[Numbers.PARTIALS];
            for (int i = 0; i < in.columns(); i++) {
                float d = in.get(row, i) - mean;
                squares[i % 16] = Math.fma(d, d, squares[i % 16]);
            }
            float inverse = Numbers.inverseRms(Numbers.tree(squares), in.columns(), epsilon);
            for (int i = 0; i < in.columns(); i++)
                out.set(row, i, Math.fma((in.get(row, i) - mean) * inverse, weight.get(0, i), bias.get(0, i)));
        }
    }

    @Override
    public void gelu(FloatMatrix x, int rowFrom, int rowTo) {
        for (int row = rowFrom; row < rowTo; row++)
            for (int i = 0; i < x.columns(); i++) x.set(row, i, Numbers.gelu(x.get(row, i)));
    }

    @Override
    public void activate(GateFunction function, FloatMatrix gate, FloatMatrix up, int rowFrom, int rowTo) {
        for (int row = rowFrom; row < rowTo; row++) {
            for (int i = 0; i < gate.columns(); i++) {
                float x = gate.get(row, i);
                gate.set(row, i, (x / (1 + Numbers.exp(-Numbers.slope(function, x)))) * up.get(row, i));
            }
        }
    }

    @Override
    public void addScaled(FloatMatrix in, int row, float factor, FloatMatrix out, int outRow) {
        for (int i = 0; i < in.columns(); i++) out.set(outRow, i, Math.fma(factor, in.get(row, i), out.get(outRow, i)));
    }

    @Override
    public void softCap(FloatMatrix x, int rowFrom, int rowTo, float cap) {
        for (int row = rowFrom; row < rowTo; row++)
            for (int i = 0; i < x.columns(); i++) x.set(row, i, Numbers.softCap(x.get(row, i), cap));
    }

    @Override
    public void attention(AttentionCall call, int rowFrom, int rowTo, int kvHead, Scratch scratch) {
        for (int row = rowFrom; row < rowTo; row++)
            for (int member = 0; member < call.group(); member++) attendHead(call, row, kvHead, member, scratch);
    }

    private static void attendHead(AttentionCall call, int row, int kvHead, int member, Scratch scratch) {
        MemorySegment pool = call.kv().segment();
        KvLayout layout = call.kv().layout();
        KvFormat format = layout.format();
        int sequence = call.batch().sequence[row];
        int tokens = call.batch().position[row] + 1;
        int first = call.rule().first(tokens - 1);
        int dimension = call.headDimension();
        int column = (kvHead * call.group() + member) * dimension;
        MemorySegment p = scratch.floats(tokens);

        float max = Float.NEGATIVE_INFINITY;
        for (int t = first; t < tokens; t++) {
            int slot = t % KvLayout.BLOCK_TOKENS;
            long keys = call.keyOffset(sequence, t / KvLayout.BLOCK_TOKENS, kvHead);
            float score = 0;
            for (int d = 0; d < dimension; d++)
                score = Math.fma(
                        call.query().get(row, column + d),
                        format.element(pool, keys + layout.keyElement(slot, d)),
                        score);
            score = (score * format.scale(pool, keys, slot)) * call.rule().scale();
            if (call.rule().cap() > 0)
                score = Numbers.softCap(score, call.rule().cap());
            p.setAtIndex(ValueLayout.JAVA_FLOAT, t, score);
            max = Math.max(max, score);
        }
        float[] partials = new float[Numbers.PARTIALS];
        for (int t = first; t < tokens; t++) {
            float weight = Numbers.exp(p.getAtIndex(ValueLayout.JAVA_FLOAT, t) - max);
            p.setAtIndex(ValueLayout.JAVA_FLOAT, t, weight);
            partials[t % 16] += weight;
        }
        float inverse = 1 / Numbers.tree(partials);
        for (int d = 0; d < dimension; d++) {
            float sum = 0;
            for (int t = first; t < tokens; t++) {
                int slot = t % KvLayout.BLOCK_TOKENS;
                long values = call.keyOffset(sequence, t / KvLayout.BLOCK_TOKENS, kvHead) + call.valueDistance();
                float weight = p.getAtIndex(ValueLayout.JAVA_FLOAT, t) * format.scale(pool, values, slot);
                sum = Math.fma(weight, format.element(pool, values + layout.valueElement(slot, d)), sum);
            }
            call.out().set(row, column + d, sum * inverse);
        }
    }

    @Override
    public float logSumExp(FloatMatrix logits, int row, Scratch scratch) {
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < logits.columns(); i++) max = Math.max(max, logits.get(row, i));
        float[] partials = new float[Numbers.PARTIALS];
        for (int i = 0; i < logits.columns(); i++) partials[i % 16] += Numbers.exp(logits.get(row, i) - max);
        return max + (float) StrictMath.log(Numbers.tree(partials));
    }

    @Override
    public void exponentials(FloatMatrix in, int row, float largest, float factor, FloatMatrix out, int outRow) {
        for (int i = 0; i < in.columns(); i++) out.set(outRow, i, Numbers.exp((in.get(row, i) - largest) * factor));
    }

    @Override
    public int argMax(FloatMatrix logits, int row) {
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < logits.columns(); i++) max = Math.max(max, logits.get(row, i));
        for (int i = 0; i < logits.columns(); i++) if (logits.get(row, i) == max) return i;
        return 0;
    }

    @Override
    public void close() {
        input.close();
        rounded.close();
    }
}
