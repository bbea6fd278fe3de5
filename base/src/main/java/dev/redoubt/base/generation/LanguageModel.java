package dev.redoubt.base.generation;

import java.util.List;

/// A language model that answers. The gateway calls it without knowing what stands behind: an engine in this
/// process now, a deployment of replicas later. Safe for any thread; no method computes on the caller's thread
/// for long except the tokenizer's.
public non-sealed interface LanguageModel extends ServableModel {
    /// Starts a generation. Everything about the request is validated before anything is queued.
    ///
    /// @param listener told of every event in order, one at a time, from a thread of the model's; must not
    ///     block
    /// @return the handle to cancel it with
    /// @throws dev.redoubt.base.ServeException if the request is refused; the listener then hears nothing
    Generation generate(GenerationRequest request, GenerationListener listener);

    /// Token ids of plain text: names of control tokens in it are text.
    ///
    /// @throws dev.redoubt.base.ServeException if the text is over the limit
    int[] tokenize(String text);

    /// Token ids of a conversation rendered by the model's chat template, with the prompt for the next answer.
    ///
    /// @throws dev.redoubt.base.ServeException if there is no template or it refuses the messages
    int[] tokenize(List<ChatMessage> messages);

    /// The text of one token, as shown in logprobs; bytes that are no whole code point become U+FFFD.
    String tokenText(int tokenId);

    /// The raw bytes of one token.
    byte[] tokenBytes(int tokenId);
}
