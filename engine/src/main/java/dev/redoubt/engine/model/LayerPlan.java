package dev.redoubt.engine.model;

import dev.redoubt.kernels.AttentionRule;
import dev.redoubt.kernels.GateFunction;
import java.util.Optional;

/// What one layer of a decoder computes, as data: what a family says of it. Two blocks, attention and feed-forward,
/// each `x += after(block(before(x)))`.
///
/// @param norms where the root-mean-square norms of both blocks stand
/// @param queryKeyNorm what is normed of queries and keys, before their rotation
/// @param biases whether the projections to queries, keys and values have biases
/// @param fused whether queries, keys and values come from one tensor, and gate and up from another
/// @param rope empty: queries and keys are not rotated
/// @param experts empty: one gated net
record LayerPlan(
        Norms norms,
        QueryKeyNorm queryKeyNorm,
        boolean biases,
        boolean fused,
        Optional<Rope> rope,
        AttentionRule rule,
        GateFunction gate,
        Optional<ExpertPlan> experts) {
    LayerPlan {
        if (experts.isPresent() && norms.after())
            throw new IllegalArgumentException("experts add to the residual stream, no norm comes between");
    }

    enum Norms {
        BEFORE,
        AFTER,
        AROUND;

        boolean before() {
            return this != AFTER;
        }

        boolean after() {
            return this != BEFORE;
        }
    }

    enum QueryKeyNorm {
        NONE,
        /// Each head alone, all with the same weights.
        HEADS,
        /// All heads of a token together.
        PROJECTION
    }

    /// Llama's layer, which the others differ from: norms before the blocks, a gated net with SiLU, all tokens seen.
    static LayerPlan plain(ModelConfig config, Rope rope) {
        return new LayerPlan(
                Norms.BEFORE,
                QueryKeyNorm.NONE,
                false,
                false,
                Optional.of(rope),
                AttentionRule.full((float) (1 / Math.sqrt(config.headDimension()))),
                GateFunction.SILU,
                Optional.empty());
    }

    LayerPlan with(Norms other) {
        return new LayerPlan(other, queryKeyNorm, biases, fused, rope, rule, gate, experts);
    }

    LayerPlan with(QueryKeyNorm other) {
        return new LayerPlan(norms, other, biases, fused, rope, rule, gate, experts);
    }

    LayerPlan withBiases() {
        return new LayerPlan(norms, queryKeyNorm, true, fused, rope, rule, gate, experts);
    }

    LayerPlan withFusedTensors() {
        return new LayerPlan(norms, queryKeyNorm, biases, true, rope, rule, gate, experts);
    }

    LayerPlan withoutRope() {
        return new LayerPlan(norms, queryKeyNorm, biases, fused, Optional.empty(), rule, gate, experts);
    }

    LayerPlan with(AttentionRule other) {
        return new LayerPlan(norms, queryKeyNorm, biases, fused, rope, other, gate, experts);
    }

    /// @param window how many tokens a row sees
    LayerPlan withWindow(int window) {
        return with(new AttentionRule(rule.scale(), rule.cap(), window));
    }

    LayerPlan with(GateFunction other) {
        return new LayerPlan(norms, queryKeyNorm, biases, fused, rope, rule, other, experts);
    }

    LayerPlan with(ExpertPlan other) {
        return new LayerPlan(norms, queryKeyNorm, biases, fused, rope, rule, gate, Optional.of(other));
    }
}
