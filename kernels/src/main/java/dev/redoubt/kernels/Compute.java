package dev.redoubt.kernels;

/// What a model's forward pass is written in: whole operations over the rows of a step, spread over a fixed set of threads. The
/// result of each row depends on that row (and, in attention, its own sequence) alone: not on the other rows, their number, the
/// provider, or the number of threads.
///
/// Threads: one caller at a time (the engine loop). `rows` is how many rows of a matrix count in this step.
public final class Compute implements AutoCloseable {
    /// One output of [#matmul]: `out[r] = weights · in[r]`, or added to what is there.
    public record Projection(WeightMatrix weights, FloatMatrix out, boolean add) {
        public static Projection into(WeightMatrix weights, FloatMatrix out) {
            return new Projection(weights, out, false);
        }

        /// `out[r] += weights · in[r]`: the residual connection.
        public static Projection addedTo(WeightMatrix weights, FloatMatrix out) {
            return new Projection(weights, out, true);
        }
    }

    private Compute() {}

    /// @param provider `auto`, `scalar` or `vector`
    /// @param threads workers, the caller's included; 1 or more
    /// @param rowsMax rows of the largest step
    /// @param columnsMax columns of the widest input of a [#matmul]
    public static Compute open(String provider, int threads, int rowsMax, int columnsMax) {
        throw new UnsupportedOperationException("kernels: Compute.open");
    }

    /// `scalar` or `vector`, with what it stands on, for the start line: such as `vector (AVX-512, 16 lanes)`.
    public String description() {
        throw new UnsupportedOperationException("kernels: Compute.description");
    }

    /// `out[r] = table[ids[r]]`, dequantized.
    public void embed(WeightMatrix table, int[] ids, int rows, FloatMatrix out) {
        throw new UnsupportedOperationException("kernels: embed");
    }

    /// Several products of one input in one parallel region; quantizes `in` once where the weights are quantized. All projections
    /// take the same columns; their formats may differ.
    public void matmul(FloatMatrix in, int rows, Projection... projections) {
        throw new UnsupportedOperationException("kernels: matmul");
    }

    /// `out[r] = in[r] / sqrt(mean(in[r]²) + epsilon) · weight`; `in` and `out` may be the same.
    ///
    /// @param weight (1, columns)
    public void rmsNorm(FloatMatrix in, int rows, FloatMatrix weight, float epsilon, FloatMatrix out) {
        throw new UnsupportedOperationException("kernels: rmsNorm");
    }

    /// Rotates every head of every row in place by its position.
    ///
    /// @param x (tokens, heads · headDimension)
    public void rope(FloatMatrix x, int heads, RopeTable table, AttentionBatch batch) {
        throw new UnsupportedOperationException("kernels: rope");
    }

    /// Writes the step's keys and values to their slots.
    ///
    /// @param keys (tokens, kvHeads · headDimension), rotated
    public void storeKv(FloatMatrix keys, FloatMatrix values, AttentionBatch batch, KvMemory kv, int layer) {
        throw new UnsupportedOperationException("kernels: storeKv");
    }

    /// Causal grouped-query attention of every row over positions 0 to its own.
    ///
    /// @param query (tokens, queryHeads · headDimension), rotated; `queryHeads` is a multiple of the KV heads
    /// @param scale of the scores, usually 1/sqrt(headDimension)
    /// @param out same shape as `query`
    public void attention(
            FloatMatrix query, int queryHeads, AttentionBatch batch, KvMemory kv, int layer, float scale, FloatMatrix out) {
        throw new UnsupportedOperationException("kernels: attention");
    }

    /// `gate[r][i] = silu(gate[r][i]) · up[r][i]`.
    public void siluMul(FloatMatrix gate, FloatMatrix up, int rows) {
        throw new UnsupportedOperationException("kernels: siluMul");
    }

    /// `out[i] = in[index[i]]` for the first `count` indices.
    public void gatherRows(FloatMatrix in, int[] index, int count, FloatMatrix out) {
        throw new UnsupportedOperationException("kernels: gatherRows");
    }

    /// `logSumExp[r] = ln Σ exp(logits[r][i])`, `argMax[r]` = index of the largest, lowest of equals.
    public void logSumExp(FloatMatrix logits, int rows, float[] logSumExp, int[] argMax) {
        throw new UnsupportedOperationException("kernels: logSumExp");
    }

    /// Runs `task` for parts 0 to `parts - 1` on the same threads; returns when all are done. For per-row work such as sampling.
    public void forEach(int parts, java.util.function.IntConsumer task) {
        throw new UnsupportedOperationException("kernels: forEach");
    }

    @Override
    public void close() {
        throw new UnsupportedOperationException("kernels: close");
    }
}
