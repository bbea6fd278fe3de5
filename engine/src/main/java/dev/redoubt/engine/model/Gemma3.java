package dev.redoubt.engine.model;

import dev.redoubt.engine.model.ConfigSource.Computed;
import dev.redoubt.engine.model.LayerPlan.Norms;
import dev.redoubt.engine.model.LayerPlan.QueryKeyNorm;
import dev.redoubt.kernels.AttentionRule;
import dev.redoubt.kernels.GateFunction;
import dev.redoubt.trust.VerifiedArtifact.Container;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.IntStream;

/// Gemma 3, its text alone: as Gemma 2 without caps, with norms of each head of queries and keys, five layers with a
/// window to each without, and a rotary embedding of their own. arXiv 2503.19786.
final class Gemma3 implements Architecture {
    private static final int HEAD_DIMENSION = 256;
    private static final int WINDOW = 4096;
    private static final int WINDOW_PATTERN = 6;
    private static final int LAYERS_OF_27B = 62;

    @Override
    public Set<String> names(Container container) {
        return switch (container) {
            case GGUF -> Set.of("gemma3");
            case SAFETENSORS -> Set.of("Gemma3ForCausalLM");
        };
    }

    @Override
    public DecoderPlan plan(ConfigSource source, long embeddingRows) {
        ModelConfig config = ModelConfig.read(source, embeddingRows, OptionalInt.of(HEAD_DIMENSION), 1e-6);
        source.refuseOtherComputations(new Computed(
                config.headDimension(),
                config.contextTokensMax(),
                GateFunction.GELU_TANH,
                Set.of(ConfigKey.SLIDING_WINDOW, ConfigKey.ROPE_LOCAL_BASE)));
        if (source instanceof GgufConfig && !source.has(ConfigKey.SLIDING_WINDOW))
            throw ConfigSource.refusal(
                    source.name(ConfigKey.SLIDING_WINDOW) + " is missing: the architecture needs it");
        int pattern = ModelConfig.integer(source, ConfigKey.WINDOW_PATTERN, WINDOW_PATTERN, ModelConfig.LAYERS_MAX);
        SlidingWindows windows =
                SlidingWindows.read(source, config, true, OptionalInt.of(WINDOW), i -> (i + 1) % pattern != 0);
        float scale = Gemma2.scoreScale(source, config, LAYERS_OF_27B);
        LayerPlan global = layer(config, source.rope(1e6), scale);
        LayerPlan local = layer(config, source.localRope(10_000), scale);
        List<LayerPlan> layers = IntStream.range(0, config.layers())
                .mapToObj(i -> windows.windowed(i) ? local.withWindow(windows.of(i)) : global)
                .toList();
        return Gemma2.gemma(source, config, layers, 0);
    }

    private static LayerPlan layer(ModelConfig config, Rope rope, float scale) {
        return LayerPlan.plain(config, rope)
                .with(Norms.AROUND)
                .with(QueryKeyNorm.HEADS)
                .with(GateFunction.GELU_TANH)
                .with(AttentionRule.full(scale));
    }
}
