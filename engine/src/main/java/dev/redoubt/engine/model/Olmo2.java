package dev.redoubt.engine.model;

import dev.redoubt.engine.model.ConfigSource.Computed;
import dev.redoubt.engine.model.LayerPlan.Norms;
import dev.redoubt.engine.model.LayerPlan.QueryKeyNorm;
import dev.redoubt.kernels.GateFunction;
import dev.redoubt.trust.VerifiedArtifact.Container;
import java.util.OptionalInt;
import java.util.Set;

/// OLMo 2: norms after the blocks and none before; queries and keys are normed as a whole, before they are split into
/// heads. arXiv 2501.00656.
final class Olmo2 implements Architecture {
    @Override
    public Set<String> names(Container container) {
        return switch (container) {
            case GGUF -> Set.of("olmo2");
            case SAFETENSORS -> Set.of("Olmo2ForCausalLM");
        };
    }

    @Override
    public DecoderPlan plan(ConfigSource source, long embeddingRows) {
        ModelConfig config = ModelConfig.read(source, embeddingRows, OptionalInt.empty(), 1e-5);
        source.refuseOtherComputations(
                new Computed(config.headDimension(), config.contextTokensMax(), GateFunction.SILU, Set.of()));
        LayerPlan layer =
                LayerPlan.plain(config, source.rope(10_000)).with(Norms.AFTER).with(QueryKeyNorm.PROJECTION);
        return DecoderPlan.plain(config, i -> layer, source.tiedHead(false), false);
    }
}
