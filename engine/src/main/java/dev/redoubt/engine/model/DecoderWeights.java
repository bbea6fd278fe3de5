package dev.redoubt.engine.model;

import static dev.redoubt.kernels.Compute.Projection.into;

import dev.redoubt.engine.model.LayerPlan.QueryKeyNorm;
import dev.redoubt.kernels.Compute.Projection;
import dev.redoubt.kernels.FloatMatrix;
import dev.redoubt.kernels.WeightMatrix;
import org.jspecify.annotations.Nullable;

/// The tensors of a decoder by what its layers do with them: parts of fused ones, norms that are stored less 1;
/// what adapters add to them.
record DecoderWeights(DecoderParts parts, Weights weights, boolean normsLessOne, DecoderAdapters adapters) {
    WeightMatrix matrix(TensorRole role, int layer) {
        return weights.matrix(role, layer);
    }

    WeightMatrix ofExpert(TensorRole role, int layer, int expert) {
        return weights.ofExpert(role, layer, expert);
    }

    /// (1, size)
    FloatMatrix norm(TensorRole role, int layer) {
        FloatMatrix norm = weights.vector(role, layer);
        if (normsLessOne) for (int i = 0; i < norm.columns(); i++) norm.set(0, i, 1 + norm.get(0, i));
        return norm;
    }

    ResidualNorms attentionNorms(int layer, LayerPlan plan) {
        return norms(layer, plan, TensorRole.ATTENTION_NORM, TensorRole.AFTER_ATTENTION_NORM);
    }

    ResidualNorms feedForwardNorms(int layer, LayerPlan plan) {
        return norms(layer, plan, DecoderTensors.feedForwardNorm(plan), TensorRole.AFTER_FEED_FORWARD_NORM);
    }

    private ResidualNorms norms(int layer, LayerPlan plan, TensorRole before, TensorRole after) {
        return new ResidualNorms(
                parts,
                plan.norms().before() ? norm(before, layer) : null,
                plan.norms().after() ? norm(after, layer) : null);
    }

    Projection[] queryKeyValue(int layer, LayerPlan plan, SelfAttention.Activations on) {
        if (!plan.fused())
            return new Projection[] {
                into(matrix(TensorRole.QUERY, layer), on.q()),
                into(matrix(TensorRole.KEY, layer), on.k()),
                into(matrix(TensorRole.VALUE, layer), on.v())
            };
        int queries = on.q().columns();
        int keys = on.k().columns();
        TensorRole role = TensorRole.QUERY_KEY_VALUE;
        return new Projection[] {
            into(weights.rows(role, layer, 0, queries), on.q()),
            into(weights.rows(role, layer, queries, keys), on.k()),
            into(weights.rows(role, layer, queries + keys, keys), on.v())
        };
    }

    Projection[] gateUp(int layer, LayerPlan plan, GatedNet.Activations on) {
        if (!plan.fused())
            return new Projection[] {
                into(matrix(TensorRole.GATE, layer), on.gate()), into(matrix(TensorRole.UP, layer), on.up())
            };
        int size = on.gate().columns();
        return new Projection[] {
            into(weights.rows(TensorRole.GATE_UP, layer, 0, size), on.gate()),
            into(weights.rows(TensorRole.GATE_UP, layer, size, size), on.up())
        };
    }

    SelfAttention.@Nullable Biases biases(int layer, LayerPlan plan) {
        if (!plan.biases()) return null;
        return new SelfAttention.Biases(
                weights.vector(TensorRole.QUERY_BIAS, layer),
                weights.vector(TensorRole.KEY_BIAS, layer),
                weights.vector(TensorRole.VALUE_BIAS, layer));
    }

    SelfAttention.@Nullable HeadNorms headNorms(int layer, LayerPlan plan) {
        if (plan.queryKeyNorm() == QueryKeyNorm.NONE) return null;
        return new SelfAttention.HeadNorms(norm(TensorRole.QUERY_NORM, layer), norm(TensorRole.KEY_NORM, layer));
    }
}
