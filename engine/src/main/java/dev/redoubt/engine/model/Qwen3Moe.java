package dev.redoubt.engine.model;

import dev.redoubt.engine.model.ConfigSource.Computed;
import dev.redoubt.engine.model.LayerPlan.QueryKeyNorm;
import dev.redoubt.kernels.GateFunction;
import dev.redoubt.trust.VerifiedArtifact.Container;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/// Qwen 3 with many small experts in most layers. arXiv 2505.09388.
final class Qwen3Moe implements Architecture {
    @Override
    public Set<String> names(Container container) {
        return switch (container) {
            case GGUF -> Set.of("qwen3moe");
            case SAFETENSORS -> Set.of("Qwen3MoeForCausalLM");
        };
    }

    @Override
    public DecoderPlan plan(ConfigSource source, long embeddingRows) {
        OptionalInt headDimension =
                source instanceof GgufConfig ? OptionalInt.of(Qwen3.HEAD_DIMENSION) : OptionalInt.empty();
        ModelConfig config = ModelConfig.read(source, embeddingRows, headDimension, 1e-6);
        source.refuseOtherComputations(new Computed(
                config.headDimension(), config.contextTokensMax(), GateFunction.SILU, Set.of(ConfigKey.EXPERTS)));
        int size = ModelConfig.integer(source, ConfigKey.EXPERT_SIZE, 0, ModelConfig.FEED_FORWARD_SIZE_MAX);
        boolean normalised = source.flag(ConfigKey.NORMALISED_EXPERTS).orElse(source instanceof GgufConfig);
        ExpertPlan experts = ExpertPlan.read(source, size, normalised, ExpertPlan.Names.QWEN);
        List<Long> dense = source.integers(ConfigKey.DENSE_LAYERS).orElse(List.of());
        long step = ModelConfig.integer(source, ConfigKey.SPARSE_STEP, 1, ModelConfig.LAYERS_MAX);
        LayerPlan layer = LayerPlan.plain(config, source.rope(10_000)).with(QueryKeyNorm.HEADS);
        return DecoderPlan.plain(
                config,
                i -> dense.contains((long) i) || (i + 1) % step != 0 ? layer : layer.with(experts),
                source.tiedHead(false),
                false);
    }
}
