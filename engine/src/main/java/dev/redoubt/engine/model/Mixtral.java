package dev.redoubt.engine.model;

import dev.redoubt.engine.model.ConfigSource.Computed;
import dev.redoubt.kernels.GateFunction;
import dev.redoubt.trust.VerifiedArtifact.Container;
import java.util.OptionalInt;
import java.util.Set;

/// Mistral with experts in every layer, whose weights add up to 1. Jiang et al., arXiv 2401.04088.
final class Mixtral implements Architecture {
    @Override
    public Set<String> names(Container container) {
        return switch (container) {
            case GGUF -> Set.of(); // "llama" with experts
            case SAFETENSORS -> Set.of("MixtralForCausalLM");
        };
    }

    @Override
    public DecoderPlan plan(ConfigSource source, long embeddingRows) {
        boolean gguf = source instanceof GgufConfig; // its converter reorders the rows of q and k
        ModelConfig config = ModelConfig.read(source, embeddingRows, OptionalInt.empty(), 1e-5);
        source.refuseOtherComputations(new Computed(
                config.headDimension(),
                config.contextTokensMax(),
                GateFunction.SILU,
                Set.of(ConfigKey.SLIDING_WINDOW, ConfigKey.EXPERTS)));
        SlidingWindows windows = SlidingWindows.read(source, config, true, OptionalInt.empty(), i -> true);
        ExpertPlan experts = ExpertPlan.read(source, config.feedForwardSize(), true, ExpertPlan.Names.MIXTRAL);
        LayerPlan layer = LayerPlan.plain(config, source.rope(1e6)).with(experts);
        return DecoderPlan.plain(config, i -> layer.withWindow(windows.of(i)), source.tiedHead(false), gguf);
    }
}
