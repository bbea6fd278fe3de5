package dev.redoubt.base.generation;

import dev.redoubt.base.ServeException;
import java.util.List;

/// Hears what becomes of a request for embeddings: one of the two, once. Must return at once and must not throw.
public interface EmbeddingListener {
    /// @param vectors one for each input, in their order
    /// @param usage its prompt tokens are those of all inputs
    void embedded(List<float[]> vectors, Usage usage);

    /// @param usage of what was tokenized
    void failed(ServeException error, Usage usage);
}
