package dev.redoubt.serve;

import java.util.function.Consumer;

/// Answers one input by any number of items, each on its way as soon as it is given. As [Handler] otherwise.
public interface StreamingHandler<I, O> extends Deployable {
    /// @param out takes an item; it waits while the reader is behind, and throws when the call is cancelled
    void handle(I input, Consumer<O> out) throws Exception;
}
