package dev.redoubt.engine.model;

import dev.redoubt.engine.lora.LowRankUpdates;
import dev.redoubt.kernels.AttentionBatch;
import dev.redoubt.kernels.AttentionRule;
import dev.redoubt.kernels.Compute;
import dev.redoubt.kernels.Compute.Projection;
import dev.redoubt.kernels.FloatMatrix;
import dev.redoubt.kernels.KvMemory;
import dev.redoubt.kernels.RopeTable;
import org.jspecify.annotations.Nullable;

/// The attention block of a layer: queries, keys and values, biased, normed and rotated where the layer has it;
/// grouped-query attention over the KV cache; the output projection.
///
/// References: Vaswani et al., arXiv 1706.03762; grouped queries, arXiv 2305.13245; rotary embedding, arXiv
/// 2104.09864; norms of queries and keys, arXiv 2010.04245.
final class SelfAttention {
    /// Of all layers.
    ///
    /// @param q (rows, queryHeads · headDimension)
    /// @param k (rows, kvHeads · headDimension)
    /// @param v (rows, kvHeads · headDimension)
    /// @param attended (rows, queryHeads · headDimension)
    record Activations(FloatMatrix q, FloatMatrix k, FloatMatrix v, FloatMatrix attended) {
        static Activations allocate(DecoderParts parts) {
            int queries = parts.config().queryWidth();
            int keys = parts.config().kvWidth();
            return new Activations(
                    parts.activations(queries),
                    parts.activations(keys),
                    parts.activations(keys),
                    parts.activations(queries));
        }
    }

    /// @param query (1, queryHeads · headDimension)
    /// @param key (1, kvHeads · headDimension)
    /// @param value (1, kvHeads · headDimension)
    record Biases(FloatMatrix query, FloatMatrix key, FloatMatrix value) {}

    /// Each as wide as what is normed together: a head or all of them.
    record HeadNorms(FloatMatrix query, FloatMatrix key) {}

    private final DecoderParts parts;
    private final Activations on;
    private final int layer;
    private final ResidualNorms norms;
    private final Projection[] queryKeyValue; // (queryHeads · headDimension, hidden), (kvHeads · …, hidden) twice
    private final LowRankUpdates queryKeyValueUpdates;
    private final @Nullable Biases biases;
    private final @Nullable HeadNorms headNorms;
    private final @Nullable RopeTable rope;
    private final AttentionRule rule;
    private final Projection[] output; // (hidden, queryHeads · headDimension)
    private final LowRankUpdates outputUpdates;

    SelfAttention(DecoderWeights weights, Activations on, int layer, LayerPlan plan, @Nullable RopeTable rope) {
        this.parts = weights.parts();
        this.on = on;
        this.layer = layer;
        this.rope = rope;
        rule = plan.rule();
        norms = weights.attentionNorms(layer, plan);
        queryKeyValue = weights.queryKeyValue(layer, plan, on);
        queryKeyValueUpdates =
                weights.adapters().queryKeyValue(layer, plan, parts.config().hiddenSize(), queryKeyValue);
        biases = weights.biases(layer, plan);
        headNorms = weights.headNorms(layer, plan);
        output = new Projection[] {norms.output(weights.matrix(TensorRole.ATTENTION_OUTPUT, layer))};
        outputUpdates = weights.adapters().output(layer, on.attended.columns(), output);
    }

    void run(AttentionBatch batch, KvMemory kv) {
        Compute compute = parts.compute();
        int rows = batch.rows;
        FloatMatrix in = norms.input(rows);
        compute.matmul(in, rows, queryKeyValue);
        queryKeyValueUpdates.add(in);
        if (biases != null) {
            compute.addBias(biases.query, rows, on.q);
            compute.addBias(biases.key, rows, on.k);
            compute.addBias(biases.value, rows, on.v);
        }
        if (headNorms != null) {
            norm(on.q, headNorms.query, rows);
            norm(on.k, headNorms.key, rows);
        }
        if (rope != null) {
            compute.rope(on.q, parts.config().queryHeads(), rope, batch);
            compute.rope(on.k, parts.config().kvHeads(), rope, batch);
        }
        compute.storeKv(on.k, on.v, batch, kv, layer);
        compute.attention(on.q, parts.config().queryHeads(), batch, kv, layer, rule, on.attended);
        compute.matmul(on.attended, rows, output);
        outputUpdates.add(on.attended);
        norms.close(rows);
    }

    private void norm(FloatMatrix x, FloatMatrix weight, int rows) {
        int pieces = x.columns() / weight.columns();
        parts.compute().rmsNormHeads(x, rows, pieces, weight, parts.config().normEpsilon());
    }
}
