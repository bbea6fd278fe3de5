package dev.redoubt.engine.model;

import dev.redoubt.engine.model.ConfigSource.Computed;
import dev.redoubt.engine.model.LayerPlan.Norms;
import dev.redoubt.kernels.AttentionRule;
import dev.redoubt.kernels.GateFunction;
import dev.redoubt.trust.VerifiedArtifact.Container;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.IntStream;

/// Gemma 2: norms around the blocks, stored less 1; soft caps on scores and logits; a window in every other layer;
/// the embedding times the root of the hidden size; a scale of the scores of its own. arXiv 2408.00118.
final class Gemma2 implements Architecture {
    private static final int HEAD_DIMENSION = 256;
    private static final int WINDOW = 4096;
    private static final double SCORE_CAP = 50;
    private static final double LOGIT_CAP = 30;
    private static final double CAP_MAX = 1e6;
    /// Of the model of 27 billion parameters, the only one whose scale GGUF has no key for and is another.
    private static final int LAYERS_OF_27B = 46;

    @Override
    public Set<String> names(Container container) {
        return switch (container) {
            case GGUF -> Set.of("gemma2");
            case SAFETENSORS -> Set.of("Gemma2ForCausalLM");
        };
    }

    @Override
    public DecoderPlan plan(ConfigSource source, long embeddingRows) {
        ModelConfig config = ModelConfig.read(source, embeddingRows, OptionalInt.of(HEAD_DIMENSION), 1e-6);
        source.refuseOtherComputations(new Computed(
                config.headDimension(),
                config.contextTokensMax(),
                GateFunction.GELU_TANH,
                Set.of(ConfigKey.SLIDING_WINDOW, ConfigKey.SCORE_CAP, ConfigKey.LOGIT_CAP)));
        SlidingWindows windows = SlidingWindows.read(source, config, true, OptionalInt.of(WINDOW), i -> i % 2 == 0);
        float scale = scoreScale(source, config, LAYERS_OF_27B);
        float cap = cap(source, ConfigKey.SCORE_CAP, SCORE_CAP);
        LayerPlan layer =
                LayerPlan.plain(config, source.rope(10_000)).with(Norms.AROUND).with(GateFunction.GELU_TANH);
        List<LayerPlan> layers = IntStream.range(0, config.layers())
                .mapToObj(i -> layer.with(new AttentionRule(scale, cap, windows.of(i))))
                .toList();
        return gemma(source, config, layers, cap(source, ConfigKey.LOGIT_CAP, LOGIT_CAP));
    }

    /// GGUF's converter adds the 1 to the norms.
    static DecoderPlan gemma(ConfigSource source, ModelConfig config, List<LayerPlan> layers, float logitCap) {
        float embeddingScale = (float) Math.sqrt(config.hiddenSize());
        boolean lessOne = !(source instanceof GgufConfig);
        return new DecoderPlan(config, layers, embeddingScale, logitCap, lessOne, source.tiedHead(true), false);
    }

    /// 1/√`query_pre_attn_scalar`; in GGUF as llama.cpp has it: of the head dimension but for the largest model.
    static float scoreScale(ConfigSource source, ModelConfig config, int layersOfTheLargest) {
        double usual = source instanceof GgufConfig ? config.headDimension() : HEAD_DIMENSION;
        if (source instanceof GgufConfig && config.layers() == layersOfTheLargest)
            usual = (double) config.hiddenSize() / config.queryHeads();
        return (float) (1 / Math.sqrt(ModelConfig.number(source, ConfigKey.SCORE_SCALAR, usual, 1e6)));
    }

    /// 0 where the file says that there is none.
    private static float cap(ConfigSource source, ConfigKey key, double whereAbsent) {
        if (source.has(key) && source.number(key).isEmpty()) return 0;
        return (float) ModelConfig.number(source, key, whereAbsent, CAP_MAX);
    }
}
