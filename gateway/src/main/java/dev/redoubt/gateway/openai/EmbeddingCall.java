package dev.redoubt.gateway.openai;

import dev.redoubt.base.generation.Prompt;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/// What a caller asked to embed, decoded and within the limits.
///
/// @param model empty: the only one that is served
/// @param inputs one or more; each gets a vector
/// @param dimensions numbers of each vector; empty: all that the model makes
/// @param endUser the request's `user`
public record EmbeddingCall(
        Optional<String> model,
        List<Prompt> inputs,
        EmbeddingReply format,
        OptionalInt dimensions,
        Optional<String> endUser) {
    public EmbeddingCall {
        inputs = List.copyOf(inputs);
    }
}
