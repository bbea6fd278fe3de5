package dev.redoubt.engine.model;

import dev.redoubt.engine.model.ConfigSource.Computed;
import dev.redoubt.kernels.GateFunction;
import dev.redoubt.trust.VerifiedArtifact.Container;
import java.util.OptionalInt;
import java.util.Set;

/// Llama 2 and 3, SmolLM2: norms before the blocks, rotary embedding, grouped queries, a gated net with SiLU, no
/// biases. Touvron et al., arXiv 2302.13971; arXiv 2407.21783.
///
/// GGUF calls Mistral and Mixtral the same: Mixtral is what has experts, and a window is refused.
final class Llama implements Architecture {
    @Override
    public Set<String> names(Container container) {
        return switch (container) {
            case GGUF -> Set.of("llama");
            case SAFETENSORS -> Set.of("LlamaForCausalLM");
        };
    }

    @Override
    public DecoderPlan plan(ConfigSource source, long embeddingRows) {
        boolean gguf = source instanceof GgufConfig; // its converter reorders the rows of q and k
        if (gguf && source.integer(ConfigKey.EXPERTS).orElse(0) > 0) return new Mixtral().plan(source, embeddingRows);
        ModelConfig config = ModelConfig.read(source, embeddingRows, OptionalInt.empty(), 1e-6);
        source.refuseOtherComputations(
                new Computed(config.headDimension(), config.contextTokensMax(), GateFunction.SILU, Set.of()));
        LayerPlan layer = LayerPlan.plain(config, source.rope(10_000));
        return DecoderPlan.plain(config, i -> layer, source.tiedHead(false), gguf);
    }
}
