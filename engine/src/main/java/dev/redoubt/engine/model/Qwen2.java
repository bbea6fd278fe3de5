package dev.redoubt.engine.model;

import dev.redoubt.engine.model.ConfigSource.Computed;
import dev.redoubt.kernels.GateFunction;
import dev.redoubt.trust.VerifiedArtifact.Container;
import java.util.OptionalInt;
import java.util.Set;

/// Qwen 2 and 2.5: Llama with biases on queries, keys and values, and where it is asked for a window in the later
/// layers. arXiv 2407.10671.
final class Qwen2 implements Architecture {
    private static final int WINDOW = 4096;
    private static final int MAX_WINDOW_LAYERS = 28;

    @Override
    public Set<String> names(Container container) {
        return switch (container) {
            case GGUF -> Set.of("qwen2");
            case SAFETENSORS -> Set.of("Qwen2ForCausalLM");
        };
    }

    @Override
    public DecoderPlan plan(ConfigSource source, long embeddingRows) {
        ModelConfig config = ModelConfig.read(source, embeddingRows, OptionalInt.empty(), 1e-6);
        source.refuseOtherComputations(
                new Computed(config.headDimension(), config.contextTokensMax(), GateFunction.SILU, features(source)));
        SlidingWindows windows = windows(source, config);
        LayerPlan layer = LayerPlan.plain(config, source.rope(10_000)).withBiases();
        return DecoderPlan.plain(config, i -> layer.withWindow(windows.of(i)), source.tiedHead(false), false);
    }

    /// GGUF cannot say which layers have a window.
    static Set<ConfigKey> features(ConfigSource source) {
        return source instanceof GgufConfig ? Set.of() : Set.of(ConfigKey.SLIDING_WINDOW);
    }

    static SlidingWindows windows(ConfigSource source, ModelConfig config) {
        boolean used = source.flag(ConfigKey.USE_SLIDING_WINDOW).orElse(false);
        long from = source.integer(ConfigKey.MAX_WINDOW_LAYERS).orElse(MAX_WINDOW_LAYERS);
        return SlidingWindows.read(source, config, used, OptionalInt.of(WINDOW), i -> i >= from);
    }
}
