package dev.redoubt.engine.model;

import java.util.Optional;

/// The sizes and constants of a decoder, checked: every number is in a range that cannot overflow what is
/// computed from it.
///
/// @param headDimension of queries, keys and values
/// @param tiedHead whether the head is the embedding; empty: it is if there is no tensor of its own
/// @param interleavedRope whether the file pairs neighbouring rows of a head (GGUF llama) rather than halves
///     (Hugging Face)
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
        float normEpsilon,
        double ropeBase,
        RopeScaling ropeScaling,
        Optional<Boolean> tiedHead,
        boolean interleavedRope) {
    /* Limits: a few times the largest published model, small enough that any product of two of them fits a long and any
     * (rows × columns) of a matrix an int each. A stranger's number is never multiplied before it was compared. */
    private static final int VOCABULARY_SIZE_MAX = 1 << 20;
    private static final int HIDDEN_SIZE_MAX = 1 << 16;
    private static final int FEED_FORWARD_SIZE_MAX = 1 << 19;
    private static final int LAYERS_MAX = 1000;
    private static final int HEADS_MAX = 1024;
    private static final int HEAD_DIMENSION_MAX = 1024;
    private static final int CONTEXT_TOKENS_MAX = 1 << 24;

    /// @param embeddingRows what the embedding tensor says the vocabulary is; 0 if there is none
    /// @throws dev.redoubt.trust.ArtifactException for a missing value, one of another type, out of range, or
    ///     that contradicts another
    static ModelConfig read(ConfigSource source, long embeddingRows, boolean interleavedRope) {
        int vocabularySize = integer(source, ConfigKey.VOCABULARY_SIZE, embeddingRows, VOCABULARY_SIZE_MAX);
        int hiddenSize = integer(source, ConfigKey.HIDDEN_SIZE, 0, HIDDEN_SIZE_MAX);
        int feedForwardSize = integer(source, ConfigKey.FEED_FORWARD_SIZE, 0, FEED_FORWARD_SIZE_MAX);
        int layers = integer(source, ConfigKey.LAYERS, 0, LAYERS_MAX);
        int queryHeads = integer(source, ConfigKey.QUERY_HEADS, 0, HEADS_MAX);
        int kvHeads = integer(source, ConfigKey.KV_HEADS, queryHeads, HEADS_MAX);
        if (queryHeads % kvHeads != 0)
            throw refusal(source, ConfigKey.KV_HEADS, kvHeads + ", must divide the " + queryHeads + " query heads");
        if (source.integer(ConfigKey.HEAD_DIMENSION).isEmpty() && hiddenSize % queryHeads != 0)
            throw refusal(source, ConfigKey.QUERY_HEADS, queryHeads + ", must divide the hidden size of " + hiddenSize);
        int headDimension = integer(source, ConfigKey.HEAD_DIMENSION, hiddenSize / queryHeads, HEAD_DIMENSION_MAX);
        if (headDimension % 2 != 0)
            throw refusal(
                    source, ConfigKey.HEAD_DIMENSION, headDimension + ", must be even: rotary embedding turns pairs");
        int contextTokensMax = integer(source, ConfigKey.CONTEXT_TOKENS, 0, CONTEXT_TOKENS_MAX);
        double epsilon = number(source, ConfigKey.NORM_EPSILON, 1e-6);
        if (!(epsilon > 0 && epsilon <= 1))
            throw refusal(source, ConfigKey.NORM_EPSILON, epsilon + ", allowed is above 0, at most 1");
        double ropeBase = number(source, ConfigKey.ROPE_BASE, 10_000);
        if (!(ropeBase > 1 && ropeBase <= 1e12))
            throw refusal(source, ConfigKey.ROPE_BASE, ropeBase + ", allowed is above 1, at most 1e12");
        source.tokenIds().forEach((name, id) -> {
            if (id < 0 || id >= vocabularySize)
                throw ConfigSource.refusal(
                        name + " is " + id + ", the vocabulary has ids 0 to " + (vocabularySize - 1));
        });
        source.refuseOtherComputations(headDimension, contextTokensMax);
        return new ModelConfig(
                source.architecture(),
                vocabularySize,
                hiddenSize,
                feedForwardSize,
                layers,
                queryHeads,
                kvHeads,
                headDimension,
                contextTokensMax,
                (float) epsilon,
                ropeBase,
                source.ropeScaling(),
                source.tiedHead(),
                interleavedRope);
    }

    /// @param absent the value where the file has none; 0: it must have one
    private static int integer(ConfigSource source, ConfigKey key, long absent, int max) {
        long value = source.integer(key).orElse(absent);
        if (source.integer(key).isEmpty() && absent <= 0)
            throw ConfigSource.refusal(source.name(key) + " is missing: the architecture needs it");
        if (value < 1 || value > max) throw refusal(source, key, value + ", allowed is 1 to " + max);
        return (int) value;
    }

    private static double number(ConfigSource source, ConfigKey key, double absent) {
        return source.number(key).orElse(absent);
    }

    private static dev.redoubt.trust.ArtifactException refusal(ConfigSource source, ConfigKey key, String problem) {
        return ConfigSource.refusal(source.name(key) + " is " + problem);
    }
}
