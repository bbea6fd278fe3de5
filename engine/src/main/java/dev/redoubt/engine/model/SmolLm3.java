package dev.redoubt.engine.model;

import dev.redoubt.engine.model.ConfigSource.Computed;
import dev.redoubt.kernels.GateFunction;
import dev.redoubt.trust.VerifiedArtifact.Container;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.IntPredicate;

/// SmolLM3: Llama where every fourth layer does not rotate (NoPE, arXiv 2305.19466), and where it is asked for has a
/// window instead.
final class SmolLm3 implements Architecture {
    private static final int NO_ROPE_INTERVAL = 4;

    @Override
    public Set<String> names(Container container) {
        return switch (container) {
            case GGUF -> Set.of("smollm3");
            case SAFETENSORS -> Set.of("SmolLM3ForCausalLM");
        };
    }

    @Override
    public DecoderPlan plan(ConfigSource source, long embeddingRows) {
        boolean gguf = source instanceof GgufConfig; // its converter reorders the rows of q and k
        ModelConfig config = ModelConfig.read(source, embeddingRows, OptionalInt.empty(), 1e-6);
        source.refuseOtherComputations(new Computed(
                config.headDimension(),
                config.contextTokensMax(),
                GateFunction.SILU,
                gguf ? Set.of() : Set.of(ConfigKey.SLIDING_WINDOW, ConfigKey.NO_ROPE_LAYERS)));
        IntPredicate rotated = rotated(source, config);
        boolean used = source.flag(ConfigKey.USE_SLIDING_WINDOW).orElse(false);
        SlidingWindows windows = SlidingWindows.read(source, config, used, OptionalInt.empty(), i -> !rotated.test(i));
        LayerPlan layer = LayerPlan.plain(config, source.rope(2e6));
        LayerPlan unrotated = layer.withoutRope();
        return DecoderPlan.plain(
                config,
                i -> (rotated.test(i) ? layer : unrotated).withWindow(windows.of(i)),
                source.tiedHead(true),
                gguf);
    }

    private static IntPredicate rotated(ConfigSource source, ModelConfig config) {
        int interval =
                ModelConfig.integer(source, ConfigKey.NO_ROPE_INTERVAL, NO_ROPE_INTERVAL, ModelConfig.LAYERS_MAX);
        List<Long> stated = source.integers(ConfigKey.NO_ROPE_LAYERS).orElse(List.of());
        if (stated.isEmpty()) return i -> (i + 1) % interval != 0;
        if (stated.size() < config.layers() || stated.stream().anyMatch(each -> each != 0 && each != 1))
            throw ConfigSource.refusal(source.name(ConfigKey.NO_ROPE_LAYERS) + " has " + stated.size()
                    + " entries, must be 0 or 1 for each of the " + config.layers() + " layers");
        return i -> stated.get(i) == 1;
    }
}
