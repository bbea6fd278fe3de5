package dev.redoubt.engine.model;

/// The second block of a layer: every token by itself.
sealed interface FeedForward permits GatedNet, ExpertMixture {
    void run(int rows);
}
