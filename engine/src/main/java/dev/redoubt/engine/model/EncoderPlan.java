package dev.redoubt.engine.model;

/// What an encoder of BERT's kind computes: its sizes, checked, as [ModelConfig] checks those of decoders.
///
/// @param positions that it has embeddings for: no text has more tokens
/// @param tokenTypes segments that it tells apart; a text alone is of the first
/// @param prefix that all names of its tensors have in the file
record EncoderPlan(
        String architecture,
        int vocabularySize,
        int hiddenSize,
        int feedForwardSize,
        int layers,
        int heads,
        int positions,
        int tokenTypes,
        float normEpsilon,
        String prefix) {
    int headDimension() {
        return hiddenSize / heads;
    }

    /// Input features of the widest product.
    int widestInput() {
        return Math.max(hiddenSize, feedForwardSize);
    }
}
