package dev.redoubt.base.generation;

/// A model that makes a vector of each text. Safe for any thread; no method computes on the caller's thread for
/// long except the tokenizer's.
public non-sealed interface EmbeddingModel extends ServableModel {
    /// How many numbers its vectors may have; does not change.
    EmbeddingSizes sizes();

    /// Starts to embed texts. What can be told without the tokenizer is validated before anything is queued.
    ///
    /// @param listener told once, from a thread of the model's; must not block
    /// @return the handle to cancel it with: its texts then leave the queue, and the listener hears a failure
    /// @throws dev.redoubt.base.ServeException if the request is refused; the listener then hears nothing
    Generation embed(EmbeddingRequest request, EmbeddingListener listener);
}
