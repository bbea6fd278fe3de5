package dev.redoubt.engine.model;

import dev.redoubt.engine.lora.LowRankUpdates;
import dev.redoubt.kernels.Compute;
import dev.redoubt.kernels.Compute.Projection;
import dev.redoubt.kernels.FloatMatrix;
import dev.redoubt.kernels.GateFunction;

/// `down(f(gate(x)) · up(x))`: SwiGLU and its relatives, arXiv 2002.05202.
final class GatedNet implements FeedForward {
    /// Of all layers.
    ///
    /// @param gate (rows, feedForward)
    /// @param up (rows, feedForward)
    record Activations(FloatMatrix gate, FloatMatrix up) {
        static Activations allocate(DecoderParts parts, int size) {
            return new Activations(parts.activations(size), parts.activations(size));
        }
    }

    private final DecoderParts parts;
    private final Activations on;
    private final ResidualNorms norms;
    private final Projection[] gateUp; // twice (feedForward, hidden)
    private final LowRankUpdates gateUpUpdates;
    private final GateFunction function;
    private final Projection[] down; // (hidden, feedForward)
    private final LowRankUpdates downUpdates;

    GatedNet(DecoderWeights weights, Activations on, int layer, LayerPlan plan) {
        this.parts = weights.parts();
        this.on = on;
        norms = weights.feedForwardNorms(layer, plan);
        gateUp = weights.gateUp(layer, plan, on);
        gateUpUpdates = weights.adapters().gateUp(layer, plan, parts.config().hiddenSize(), gateUp);
        function = plan.gate();
        down = new Projection[] {norms.output(weights.matrix(TensorRole.DOWN, layer))};
        downUpdates = weights.adapters().down(layer, on.gate.columns(), down);
    }

    @Override
    public void run(int rows) {
        Compute compute = parts.compute();
        FloatMatrix in = norms.input(rows);
        compute.matmul(in, rows, gateUp);
        gateUpUpdates.add(in);
        compute.activate(function, on.gate, on.up, rows);
        compute.matmul(on.gate, rows, down);
        downUpdates.add(on.gate);
        norms.close(rows);
    }
}
