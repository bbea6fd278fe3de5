package dev.redoubt.engine.model;

import dev.redoubt.kernels.Compute;
import dev.redoubt.kernels.Compute.Projection;
import dev.redoubt.kernels.ExpertChoice;
import dev.redoubt.kernels.FloatMatrix;
import dev.redoubt.kernels.GateFunction;

/// A router chooses a few of many gated nets for each token; their outputs are added to the residual stream by its
/// weights. Shazeer et al., arXiv 1701.06538; Mixtral, arXiv 2401.04088.
///
/// An expert computes all rows of the step that chose it, as one batch. A row's sum runs over its experts in
/// ascending order, whoever else is in the step.
final class ExpertMixture implements FeedForward {
    /// Of all layers.
    ///
    /// @param scores (rows, experts)
    /// @param gathered (rows, hidden): the rows of one expert
    /// @param gate (rows, size)
    /// @param up (rows, size)
    /// @param out (rows, hidden)
    record Activations(
            FloatMatrix scores,
            FloatMatrix gathered,
            FloatMatrix gate,
            FloatMatrix up,
            FloatMatrix out,
            ExpertChoice choice) {
        static Activations allocate(DecoderParts parts, ExpertPlan plan) {
            return new Activations(
                    parts.activations(plan.experts()),
                    parts.activations(parts.config().hiddenSize()),
                    parts.activations(plan.size()),
                    parts.activations(plan.size()),
                    parts.activations(parts.config().hiddenSize()),
                    new ExpertChoice(plan.experts(), plan.perToken(), plan.normalised(), parts.rowsMax()));
        }
    }

    private final DecoderParts parts;
    private final Activations on;
    private final ResidualNorms norms;
    private final Projection[] router; // (experts, hidden)
    private final Projection[][] gateUp; // by expert: twice (size, hidden)
    private final GateFunction function;
    private final Projection[][] down; // by expert: (hidden, size)

    ExpertMixture(DecoderWeights weights, Activations on, int layer, LayerPlan plan, ExpertPlan experts) {
        this.parts = weights.parts();
        this.on = on;
        norms = weights.feedForwardNorms(layer, plan);
        function = plan.gate();
        ExpertPlan.Names names = experts.names();
        router = new Projection[] {Projection.into(weights.matrix(names.router, layer), on.scores)};
        gateUp = new Projection[experts.experts()][];
        down = new Projection[experts.experts()][];
        for (int expert = 0; expert < experts.experts(); expert++) {
            gateUp[expert] = new Projection[] {
                Projection.into(weights.ofExpert(names.gate, layer, expert), on.gate),
                Projection.into(weights.ofExpert(names.up, layer, expert), on.up)
            };
            down[expert] = new Projection[] {Projection.into(weights.ofExpert(names.down, layer, expert), on.out)};
        }
    }

    @Override
    public void run(int rows) {
        Compute compute = parts.compute();
        FloatMatrix in = norms.input(rows);
        compute.matmul(in, rows, router);
        compute.chooseExperts(on.scores, rows, on.choice);
        for (int expert = 0; expert < gateUp.length; expert++) {
            int count = on.choice.rows(expert);
            if (count == 0) continue;
            compute.gatherRows(in, on.choice, expert, on.gathered);
            compute.matmul(on.gathered, count, gateUp[expert]);
            compute.activate(function, on.gate, on.up, count);
            compute.matmul(on.gate, count, down[expert]);
            compute.addWeighted(on.out, on.choice, expert, parts.x());
        }
    }
}
