package dev.redoubt.engine.model;

import static dev.redoubt.kernels.Compute.Projection.addedTo;
import static dev.redoubt.kernels.Compute.Projection.into;

import dev.redoubt.kernels.AttentionRule;
import dev.redoubt.kernels.Compute;
import dev.redoubt.kernels.Compute.Projection;
import dev.redoubt.kernels.FloatMatrix;
import dev.redoubt.kernels.KvMemory;
import java.lang.foreign.Arena;

/// One layer of BERT: attention of each token to all of its text, then a net of two products around GELU; each
/// is added to what it was given, and the sum is normed.
final class EncoderLayer {
    /// What a layer works on; the layers use the same one after the other.
    ///
    /// @param x (tokens, hidden), what goes from layer to layer
    record Activations(
            FloatMatrix x, FloatMatrix q, FloatMatrix k, FloatMatrix v, FloatMatrix attended, FloatMatrix inner) {
        static Activations allocate(EncoderPlan plan, int rowsMax, Arena arena) {
            int hidden = plan.hiddenSize();
            return new Activations(
                    FloatMatrix.allocate(rowsMax, hidden, arena),
                    FloatMatrix.allocate(rowsMax, hidden, arena),
                    FloatMatrix.allocate(rowsMax, hidden, arena),
                    FloatMatrix.allocate(rowsMax, hidden, arena),
                    FloatMatrix.allocate(rowsMax, hidden, arena),
                    FloatMatrix.allocate(rowsMax, plan.feedForwardSize(), arena));
        }
    }

    private record Norm(FloatMatrix weight, FloatMatrix bias) {}

    private final Compute compute;
    private final EncoderPlan plan;
    private final Activations on;
    private final AttentionRule rule;
    private final Projection[] queryKeyValue;
    private final FloatMatrix queryBias;
    private final FloatMatrix keyBias;
    private final FloatMatrix valueBias;
    private final Projection attentionOutput;
    private final FloatMatrix attentionOutputBias;
    private final Norm attentionNorm;
    private final Projection up;
    private final FloatMatrix upBias;
    private final Projection down;
    private final FloatMatrix downBias;
    private final Norm outputNorm;

    EncoderLayer(EncoderPlan plan, Weights weights, int layer, Activations on, Compute compute) {
        this.compute = compute;
        this.plan = plan;
        this.on = on;
        this.rule = AttentionRule.full((float) (1 / Math.sqrt(plan.headDimension())));
        this.queryKeyValue = new Projection[] {
            into(weights.matrix(TensorRole.ENCODER_QUERY, layer), on.q()),
            into(weights.matrix(TensorRole.ENCODER_KEY, layer), on.k()),
            into(weights.matrix(TensorRole.ENCODER_VALUE, layer), on.v())
        };
        this.queryBias = weights.vector(TensorRole.ENCODER_QUERY_BIAS, layer);
        this.keyBias = weights.vector(TensorRole.ENCODER_KEY_BIAS, layer);
        this.valueBias = weights.vector(TensorRole.ENCODER_VALUE_BIAS, layer);
        this.attentionOutput = addedTo(weights.matrix(TensorRole.ENCODER_ATTENTION_OUTPUT, layer), on.x());
        this.attentionOutputBias = weights.vector(TensorRole.ENCODER_ATTENTION_OUTPUT_BIAS, layer);
        this.attentionNorm = new Norm(
                weights.vector(TensorRole.ENCODER_ATTENTION_NORM, layer),
                weights.vector(TensorRole.ENCODER_ATTENTION_NORM_BIAS, layer));
        this.up = into(weights.matrix(TensorRole.ENCODER_UP, layer), on.inner());
        this.upBias = weights.vector(TensorRole.ENCODER_UP_BIAS, layer);
        this.down = addedTo(weights.matrix(TensorRole.ENCODER_DOWN, layer), on.x());
        this.downBias = weights.vector(TensorRole.ENCODER_DOWN_BIAS, layer);
        this.outputNorm = new Norm(
                weights.vector(TensorRole.ENCODER_OUTPUT_NORM, layer),
                weights.vector(TensorRole.ENCODER_OUTPUT_NORM_BIAS, layer));
    }

    void run(PackedTexts texts, KvMemory kv) {
        int rows = texts.rows();
        compute.matmul(on.x(), rows, queryKeyValue);
        compute.addBias(queryBias, rows, on.q());
        compute.addBias(keyBias, rows, on.k());
        compute.addBias(valueBias, rows, on.v());
        compute.storeKv(on.k(), on.v(), texts.stored(), kv, 0);
        compute.attention(on.q(), plan.heads(), texts.seen(), kv, 0, rule, on.attended());
        compute.matmul(on.attended(), rows, attentionOutput);
        compute.addBias(attentionOutputBias, rows, on.x());
        norm(attentionNorm, rows);
        compute.matmul(on.x(), rows, up);
        compute.addBias(upBias, rows, on.inner());
        compute.gelu(on.inner(), rows);
        compute.matmul(on.inner(), rows, down);
        compute.addBias(downBias, rows, on.x());
        norm(outputNorm, rows);
    }

    private void norm(Norm norm, int rows) {
        compute.layerNorm(on.x(), rows, norm.weight(), norm.bias(), plan.normEpsilon(), on.x());
    }
}
