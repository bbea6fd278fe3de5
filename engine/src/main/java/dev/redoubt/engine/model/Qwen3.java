package dev.redoubt.engine.model;

import dev.redoubt.engine.model.ConfigSource.Computed;
import dev.redoubt.engine.model.LayerPlan.QueryKeyNorm;
import dev.redoubt.kernels.GateFunction;
import dev.redoubt.trust.VerifiedArtifact.Container;
import java.util.OptionalInt;
import java.util.Set;

/// Qwen 3: no biases; each head of queries and keys is normed before it is rotated, and heads may be wider than the
/// hidden size divided among them. arXiv 2505.09388.
final class Qwen3 implements Architecture {
    static final int HEAD_DIMENSION = 128;

    @Override
    public Set<String> names(Container container) {
        return switch (container) {
            case GGUF -> Set.of("qwen3");
            case SAFETENSORS -> Set.of("Qwen3ForCausalLM");
        };
    }

    @Override
    public DecoderPlan plan(ConfigSource source, long embeddingRows) {
        ModelConfig config = ModelConfig.read(source, embeddingRows, OptionalInt.of(HEAD_DIMENSION), 1e-6);
        source.refuseOtherComputations(new Computed(
                config.headDimension(), config.contextTokensMax(), GateFunction.SILU, Qwen2.features(source)));
        SlidingWindows windows = Qwen2.windows(source, config);
        LayerPlan layer = LayerPlan.plain(config, source.rope(10_000)).with(QueryKeyNorm.HEADS);
        return DecoderPlan.plain(config, i -> layer.withWindow(windows.of(i)), source.tiedHead(false), false);
    }
}
