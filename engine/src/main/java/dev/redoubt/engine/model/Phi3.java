package dev.redoubt.engine.model;

import dev.redoubt.engine.model.ConfigSource.Computed;
import dev.redoubt.kernels.GateFunction;
import dev.redoubt.trust.VerifiedArtifact.Container;
import java.util.OptionalInt;
import java.util.Set;

/// Phi 3: Llama with a window, from one tensor for queries, keys and values and one for gate and up, and LongRoPE in
/// the models for longer texts. arXiv 2404.14219; LongRoPE, arXiv 2402.13753.
final class Phi3 implements Architecture {
    @Override
    public Set<String> names(Container container) {
        return switch (container) {
            case GGUF -> Set.of("phi3");
            case SAFETENSORS -> Set.of("Phi3ForCausalLM");
        };
    }

    @Override
    public DecoderPlan plan(ConfigSource source, long embeddingRows) {
        ModelConfig config = ModelConfig.read(source, embeddingRows, OptionalInt.empty(), 1e-5);
        source.refuseOtherComputations(new Computed(
                config.headDimension(),
                config.contextTokensMax(),
                GateFunction.SILU,
                Set.of(ConfigKey.SLIDING_WINDOW)));
        SlidingWindows windows = SlidingWindows.read(source, config, true, OptionalInt.empty(), i -> true);
        LayerPlan layer = LayerPlan.plain(config, source.rope(10_000)).withFusedTensors();
        return DecoderPlan.plain(config, i -> layer.withWindow(windows.of(i)), source.tiedHead(false), false);
    }
}
