package dev.redoubt.engine.model;

import java.util.OptionalInt;

/// The sizes and constants of a decoder, checked: every number is in a range that cannot overflow what is
/// computed from it.
///
/// @param headDimension of queries, keys and values
record ModelConfig(
        String architecture,
        int vocabularySize,
        int hiddenSize,
        int feedForwardSize,
        int layers,
        int queryHeads,
        int kvHeads,
        int headDimension,
        int contextTokensMax,
        float normEpsilon) {
    /* Limits: a few times the largest published model, small enough that any product of two of them fits a long and any
     * (rows × columns) of a matrix an int each. A stranger's number is never multiplied before it was compared. */
    private static final int VOCABULARY_SIZE_MAX = 1 << 20;
    private static final int HIDDEN_SIZE_MAX = 1 << 16;
    static final int FEED_FORWARD_SIZE_MAX = 1 << 19;
    static final int LAYERS_MAX = 1000;
    private static final int HEADS_MAX = 1024;
    private static final int HEAD_DIMENSION_MAX = 1024;
    static final int CONTEXT_TOKENS_MAX = 1 << 24;

    static final int EXPERTS_MAX = 1024;

    /// @param embeddingRows what the embedding tensor says the vocabulary is; 0 if there is none
    /// @param headDimension where the file does not say; empty: the hidden size is divided among the heads
    /// @param normEpsilon where the file does not say
    /// @throws dev.redoubt.trust.ArtifactException for a missing value, one of another type, out of range, or
    ///     that contradicts another
    static ModelConfig read(ConfigSource source, long embeddingRows, OptionalInt headDimension, double normEpsilon) {
        int vocabularySize = integer(source, ConfigKey.VOCABULARY_SIZE, embeddingRows, VOCABULARY_SIZE_MAX);
        int hiddenSize = integer(source, ConfigKey.HIDDEN_SIZE, 0, HIDDEN_SIZE_MAX);
        int feedForwardSize = integer(source, ConfigKey.FEED_FORWARD_SIZE, 0, FEED_FORWARD_SIZE_MAX);
        int layers = integer(source, ConfigKey.LAYERS, 0, LAYERS_MAX);
        int queryHeads = integer(source, ConfigKey.QUERY_HEADS, 0, HEADS_MAX);
        int kvHeads = integer(source, ConfigKey.KV_HEADS, queryHeads, HEADS_MAX);
        if (queryHeads % kvHeads != 0)
            throw refusal(source, ConfigKey.KV_HEADS, kvHeads + ", must divide the " + queryHeads + " query heads");
        boolean divided = source.integer(ConfigKey.HEAD_DIMENSION).isEmpty() && headDimension.isEmpty();
        if (divided && hiddenSize % queryHeads != 0)
            throw refusal(source, ConfigKey.QUERY_HEADS, queryHeads + ", must divide the hidden size of " + hiddenSize);
        int dimension = integer(
                source, ConfigKey.HEAD_DIMENSION, headDimension.orElse(hiddenSize / queryHeads), HEAD_DIMENSION_MAX);
        if (dimension % 2 != 0)
            throw refusal(source, ConfigKey.HEAD_DIMENSION, dimension + ", must be even: rotary embedding turns pairs");
        int contextTokensMax = integer(source, ConfigKey.CONTEXT_TOKENS, 0, CONTEXT_TOKENS_MAX);
        double epsilon = source.number(ConfigKey.NORM_EPSILON).orElse(normEpsilon);
        if (!(epsilon > 0 && epsilon <= 1))
            throw refusal(source, ConfigKey.NORM_EPSILON, epsilon + ", allowed is above 0, at most 1");
        source.tokenIds().forEach((name, id) -> {
            if (id < 0 || id >= vocabularySize)
                throw ConfigSource.refusal(
                        name + " is " + id + ", the vocabulary has ids 0 to " + (vocabularySize - 1));
        });
        return new ModelConfig(
                source.architecture(),
                vocabularySize,
                hiddenSize,
                feedForwardSize,
                layers,
                queryHeads,
                kvHeads,
                dimension,
                contextTokensMax,
                (float) epsilon);
    }

    /// @param absent the value where the file has none; 0: it must have one
    static int integer(ConfigSource source, ConfigKey key, long absent, int max) {
        long value = source.integer(key).orElse(absent);
        if (source.integer(key).isEmpty() && absent <= 0)
            throw ConfigSource.refusal(source.name(key) + " is missing: the architecture needs it");
        if (value < 1 || value > max) throw refusal(source, key, value + ", allowed is 1 to " + max);
        return (int) value;
    }

    /// @param absent the value where the file has none
    static double number(ConfigSource source, ConfigKey key, double absent, double max) {
        double value = source.number(key).orElse(absent);
        if (!(value > 0 && value <= max)) throw refusal(source, key, value + ", allowed is above 0, at most " + max);
        return value;
    }

    int queryWidth() {
        return queryHeads * headDimension;
    }

    int kvWidth() {
        return kvHeads * headDimension;
    }

    private static dev.redoubt.trust.ArtifactException refusal(ConfigSource source, ConfigKey key, String problem) {
        return ConfigSource.refusal(source.name(key) + " is " + problem);
    }
}
