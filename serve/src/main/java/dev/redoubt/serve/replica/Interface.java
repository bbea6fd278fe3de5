package dev.redoubt.serve.replica;

import dev.redoubt.serve.schema.Schema;
import java.util.List;

/// What a deployment takes, gives and calls: what its graph is checked by (R5.1).
///
/// @param streams whether it gives items, each of `output`
public record Interface(Schema input, Schema output, boolean streams, List<Edge> calls) {
    public Interface {
        calls = List.copyOf(calls);
    }

    /// @param target a deployment of the same application
    /// @param input what it is given
    /// @param output what is made of its reply
    public record Edge(String target, Schema input, Schema output) {}
}
