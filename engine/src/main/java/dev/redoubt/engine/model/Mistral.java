package dev.redoubt.engine.model;

import dev.redoubt.engine.model.ConfigSource.Computed;
import dev.redoubt.kernels.GateFunction;
import dev.redoubt.trust.VerifiedArtifact.Container;
import java.util.OptionalInt;
import java.util.Set;

/// Llama where every layer has a sliding window, or none has. Jiang et al., arXiv 2310.06825.
final class Mistral implements Architecture {
    private static final int WINDOW = 4096;

    @Override
    public Set<String> names(Container container) {
        return switch (container) {
            case GGUF -> Set.of();
            case SAFETENSORS -> Set.of("MistralForCausalLM");
        };
    }

    @Override
    public DecoderPlan plan(ConfigSource source, long embeddingRows) {
        ModelConfig config = ModelConfig.read(source, embeddingRows, OptionalInt.empty(), 1e-6);
        source.refuseOtherComputations(new Computed(
                config.headDimension(),
                config.contextTokensMax(),
                GateFunction.SILU,
                Set.of(ConfigKey.SLIDING_WINDOW)));
        SlidingWindows windows = SlidingWindows.read(source, config, true, OptionalInt.of(WINDOW), i -> true);
        LayerPlan layer = LayerPlan.plain(config, source.rope(10_000));
        return DecoderPlan.plain(config, i -> layer.withWindow(windows.of(i)), source.tiedHead(false), false);
    }
}
