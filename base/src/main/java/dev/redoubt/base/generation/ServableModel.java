package dev.redoubt.base.generation;

/// A model that is served, whatever it does: what is asked of all of them. Safe for any thread.
public sealed interface ServableModel permits LanguageModel, EmbeddingModel {
    /// What the model is; does not change.
    ModelCard card();

    /// Gauges and counters, read at once.
    ModelStats stats();

    /// How it runs; does not change.
    ModelRuntime runtime();

    /// Forgets everything that was cached for a tenant (V1.3). Waits for the step in progress.
    CacheClearing clearCache(String tenant);

    /// The text of token ids; control tokens give their names.
    ///
    /// @throws dev.redoubt.base.ServeException if an id is outside the vocabulary
    String detokenize(int[] tokenIds);
}
