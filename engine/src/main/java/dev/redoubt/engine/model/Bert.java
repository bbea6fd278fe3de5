package dev.redoubt.engine.model;

import dev.redoubt.trust.ArtifactException;
import java.util.List;
import java.util.Set;

/// BERT: embeddings of words, positions and segments, summed and normed; then layers of attention to the whole
/// text and of a net with GELU, a norm after each addition. arXiv 1810.04805. What becomes of the last states
/// is [Pooling]'s.
final class Bert {
    static final Set<String> NAMES = Set.of("BertModel", "BertForMaskedLM");
    static final String GGUF_NAME = "bert";

    private static final int VOCABULARY_SIZE_MAX = 1 << 20;
    private static final int HIDDEN_SIZE_MAX = 1 << 14;
    private static final int FEED_FORWARD_SIZE_MAX = 1 << 16;
    private static final int LAYERS_MAX = 256;
    private static final int HEADS_MAX = 256;
    private static final int POSITIONS_MAX = 1 << 16;
    private static final int TOKEN_TYPES_MAX = 1 << 10;
    private static final double NORM_EPSILON = 1e-12;

    private Bert() {}

    /// @param embeddingRows of the words' matrix, where the file states no size of its vocabulary; 0: it must
    /// @param prefix of the tensors' names
    /// @throws ArtifactException if the configuration asks for what BERT does not compute, or a size is out of
    ///     range
    static EncoderPlan plan(ConfigSource source, long embeddingRows, String prefix) {
        int hidden = ModelConfig.integer(source, ConfigKey.HIDDEN_SIZE, 0, HIDDEN_SIZE_MAX);
        int heads = ModelConfig.integer(source, ConfigKey.QUERY_HEADS, 0, HEADS_MAX);
        if (hidden % heads != 0 || hidden / heads % 2 != 0)
            throw ConfigSource.refusal(source.name(ConfigKey.QUERY_HEADS) + " is " + heads
                    + ", must divide the hidden size of " + hidden + " into heads of an even size");
        EncoderPlan plan = new EncoderPlan(
                source.architecture(),
                ModelConfig.integer(source, ConfigKey.VOCABULARY_SIZE, embeddingRows, VOCABULARY_SIZE_MAX),
                hidden,
                ModelConfig.integer(source, ConfigKey.FEED_FORWARD_SIZE, 0, FEED_FORWARD_SIZE_MAX),
                ModelConfig.integer(source, ConfigKey.LAYERS, 0, LAYERS_MAX),
                heads,
                ModelConfig.integer(source, ConfigKey.CONTEXT_TOKENS, 0, POSITIONS_MAX),
                ModelConfig.integer(source, ConfigKey.TOKEN_TYPES, 2, TOKEN_TYPES_MAX),
                (float) ModelConfig.number(source, ConfigKey.LAYER_NORM_EPSILON, NORM_EPSILON, 1),
                prefix);
        switch (source) {
            case HuggingFaceConfig config -> refuseOtherComputations(config);
            case GgufConfig config -> config.requireEncoder(plan.headDimension(), plan.positions());
        }
        return plan;
    }

    private static void refuseOtherComputations(HuggingFaceConfig source) {
        source.requireText("model_type", List.of("bert"));
        source.requireText("hidden_act", List.of("gelu"));
        source.requireText("position_embedding_type", List.of("absolute"));
        source.requireText("dtype", List.of("float32", "float16", "bfloat16"));
        source.requireText("torch_dtype", List.of("float32", "float16", "bfloat16"));
        source.requireFalse("is_decoder");
        source.requireFalse("add_cross_attention");
        source.requireAbsent("quantization_config");
    }
}
