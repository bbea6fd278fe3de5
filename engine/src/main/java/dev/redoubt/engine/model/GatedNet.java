package dev.redoubt.engine.model;

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
    private final GateFunction function;
    private final Projection[] down; // (hidden, feedForward)

    GatedNet(DecoderWeights weights, Activations on, int layer, LayerPlan plan) {
        this.parts = weights.parts();
        this.on = on;
        norms = weights.feedForwardNorms(layer, plan);
        gateUp = weights.gateUp(layer, plan, on);
        function = plan.gate();
        down = new Projection[] {norms.output(weights.matrix(TensorRole.DOWN, layer))};
    }

    @Override
    public void run(int rows) {
        Compute compute = parts.compute();
        compute.matmul(norms.input(rows), rows, gateUp);
        compute.activate(function, on.gate, on.up, rows);
        compute.matmul(on.gate, rows, down);
        norms.close(rows);
    }
}
