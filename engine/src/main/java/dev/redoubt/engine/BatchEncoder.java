package dev.redoubt.engine;

import java.util.List;

/// Computes what a batch of texts comes to. Called by the loop's thread alone.
@FunctionalInterface
interface BatchEncoder {
    /// @param batch one or more, within the bounds of a batch
    /// @return a vector for each, of as many numbers as its request wants
    float[][] encode(List<EmbeddingJob.Text> batch);
}
