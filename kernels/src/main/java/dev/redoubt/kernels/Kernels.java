package dev.redoubt.kernels;

import java.lang.foreign.MemorySegment;

/// The seam that a provider fills: functions over ranges of rows, called from several threads at once on
/// disjoint ranges. Every provider returns the same bits; [ScalarKernels] is the definition that can be read.
///
/// All memory is off-heap with fixed addresses (matrices, [Activations], [KvMemory], [Scratch]), so that a
/// provider in C needs no copy.
interface Kernels extends AutoCloseable {
    /* One arithmetic per weight format. All of it is f32 with one rounding per operation; fma is one operation and is used only
     * where it is written.
     *
     * Quantized weights, activations as in Activations, for one output, over the weights that share a scale (32 k; 16 of Q2_K, Q3_K and
     * Q6_K) in order, acc = 0:
     *     isum = Σ w·t, exact, w the integer that a code stands for (R16)   (|isum| ≤ 32·128·4095 < 2^24)
     *     acc  = fma((float) isum, wScale · xScale, acc)                    (wScale = d, or d · factor, which is exact)
     *     acc  = fma(wMinimum, xScale · (float) Σ t, acc)                   (formats with minima; -(e · factor) is exact too)
     * F32, F16 weights (widened exactly), f32 activations:
     *     partial[k mod 16] = fma(w[k], x[k], partial[k mod 16]), k in order, from 0; then Numbers.tree
     * F8_E4M3 weights: as F16 weights of the same sign, exponent and fraction; the tree times the scale of the row
     * BF16 weights, activations rounded to bf16, both padded with zeros to a multiple of 32 columns, over the steps of 32 k in order:
     *     partial[j] = fma(w[k+2j+1], x[k+2j+1], partial[j]), then fma(w[k+2j], x[k+2j], partial[j]), j = 0 to 15; then the tree
     *     in which, as in the addition to out, a subnormal operand counts as zero and a subnormal result becomes zero (Bf16)
     * An added product (residual) is out + product, one more addition. */

    /// Name of the provider and what it stands on.
    String description();

    /// Packs groups `groupFrom` to `groupTo - 1` of a matrix of quantized weights ([R16]).
    ///
    /// @param file the whole matrix, `format.bytes(rows, columns)` bytes
    /// @param packed the whole matrix, zero before
    default void pack(
            WeightFormat format,
            int rows,
            int columns,
            MemorySegment file,
            int groupFrom,
            int groupTo,
            MemorySegment packed) {
        R16.pack(format, rows, columns, file, groupFrom, groupTo, packed);
    }

    /// What its own activations take at most, in bytes.
    long inputBytes();

    /// Says that `rows` rows of `columns` columns are to be quantized next. On the caller's thread, before any
    /// [#quantize].
    ///
    /// @throws IllegalArgumentException if that is more than the provider was made for
    void expect(int rows, int columns);

    /// Quantizes rows `rowFrom` to `rowTo - 1` into the provider's own activations, which [#matmul] reads.
    void quantize(FloatMatrix in, int rowFrom, int rowTo);

    /// As [#expect], for rows that are to be rounded next.
    void expectRounded(int rows, int columns);

    /// Rounds rows `rowFrom` to `rowTo - 1` to the provider's own bf16 activations, which [#matmul] reads.
    void round(FloatMatrix in, int rowFrom, int rowTo);

    /// How many groups of weight rows the fastest product takes at once: parts are cut in multiples of it.
    int groupsAtOnce();

    /// Outputs of weight rows `16·groupFrom` to `16·groupTo - 1` for all `rows` rows of the input.
    ///
    /// @param in f32 input, read where the weights are F32, F16 or F8_E4M3
    ///     (otherwise what [#quantize] or [#round] made of it)
    /// @param add whether `out` is added to or overwritten
    void matmul(
            WeightMatrix weights,
            int groupFrom,
            int groupTo,
            FloatMatrix in,
            int rows,
            FloatMatrix out,
            boolean add,
            Scratch scratch);

    /// partial[i mod 16] = fma(x, x, partial[i mod 16]), tree, [Numbers#inverseRms]; out = (x · inverse) ·
    /// weight. Of each piece of a row alone: as many columns as the weight has.
    void rmsNorm(
            FloatMatrix in,
            int rowFrom,
            int rowTo,
            FloatMatrix weight,
            float epsilon,
            FloatMatrix out,
            Scratch scratch);

    /// partial[i mod 16] += x; tree; mean = sum / columns; partial[i mod 16] = fma(x - mean, x - mean,
    /// partial[i mod 16]), tree, [Numbers#inverseRms]; out = fma((x - mean) · inverse, weight, bias).
    void layerNorm(
            FloatMatrix in,
            int rowFrom,
            int rowTo,
            FloatMatrix weight,
            FloatMatrix bias,
            float epsilon,
            FloatMatrix out,
            Scratch scratch);

    /// x = [Numbers#gelu] of x.
    void gelu(FloatMatrix x, int rowFrom, int rowTo);

    /// Rotates every head of rows `rowFrom` to `rowTo - 1` in place by the row's position.
    default void rope(FloatMatrix x, int rowFrom, int rowTo, int heads, RopeTable table, AttentionBatch batch) {
        for (int row = rowFrom; row < rowTo; row++) RowOperations.rotate(x, row, heads, table, batch.position[row]);
    }

    /// gate = (gate / (1 + exp(-z))) · up, with z = gate (SiLU) or z = (gate · 2√(2/π)) · fma(gate · gate,
    /// 0.044715, 1) (GELU by a tanh).
    void activate(GateFunction function, FloatMatrix gate, FloatMatrix up, int rowFrom, int rowTo);

    /// out[outRow] = fma(factor, in[row], out[outRow]).
    void addScaled(FloatMatrix in, int row, float factor, FloatMatrix out, int outRow);

    /// x = [Numbers#softCap] of x.
    void softCap(FloatMatrix x, int rowFrom, int rowTo, float cap);

    /// All query heads of one KV head for rows `rowFrom` to `rowTo - 1`, which belong to one sequence.
    ///
    /// Per row and head, tokens t from the first of its window to the row's position, K and V the stored values
    /// widened exactly, kScale and vScale those of a token where the format has them and 1 elsewhere:
    ///
    /// - s[t] = ((fma over d in order of q[d]·K[t][d], from 0) · kScale[t]) · scale, then [Numbers#softCap] where
    ///   the rule has a cap; m = max s
    /// - p[t] = exp(s[t] - m); partial[t mod 16] += p[t]; tree
    /// - o[d] = fma over t in order of (p[t]·vScale[t])·V[t][d], from 0; out[d] = o[d] · (1 / sum)
    ///
    /// What is stored (`KvRows`, the same for every provider), per token and KV head, of K and of V:
    ///
    /// - F32: x; F16: x clamped to ±65504, then rounded to the nearest f16, ties to even
    /// - Q8: scale = max |x| / 127, or 0 if that is below the smallest normal f32; q = x · (1 / scale) rounded
    ///   to the nearest integer, ties to even, clamped to ±127; all 0 if the scale is 0
    ///
    /// Stored values count as finite: [Compute#attention] overwrites every row that sees a token of which this
    /// is not true, whatever the kernel made of it.
    void attention(AttentionCall call, int rowFrom, int rowTo, int kvHead, Scratch scratch);

    /// m = max x; partial[i mod 16] += exp(x[i] - m); tree; m + (float) ln(sum).
    float logSumExp(FloatMatrix logits, int row, Scratch scratch);

    /// out[i] = exp((in[i] - largest) · factor).
    void exponentials(FloatMatrix in, int row, float largest, float factor, FloatMatrix out, int outRow);

    /// Lowest index of the largest logit; 0 if there is a NaN.
    int argMax(FloatMatrix logits, int row);

    /// Frees what the provider holds.
    @Override
    void close();
}
