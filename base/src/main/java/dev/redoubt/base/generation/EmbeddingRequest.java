package dev.redoubt.base.generation;

import dev.redoubt.base.Check;
import java.util.List;
import java.util.OptionalInt;

/// Texts to embed.
///
/// @param inputs texts or token ids, one or more; ids are taken as they are, without what a tokenizer puts
/// around a text
/// @param dimensions how many numbers each vector is to have; empty: all
/// @param deadlineNanos on the model's [dev.redoubt.base.TimeSource#nanos()]: past it the request ends
public record EmbeddingRequest(Caller caller, List<Prompt> inputs, OptionalInt dimensions, long deadlineNanos) {
    public EmbeddingRequest {
        inputs = List.copyOf(inputs);
        Check.positive("inputs", inputs.size());
    }
}
