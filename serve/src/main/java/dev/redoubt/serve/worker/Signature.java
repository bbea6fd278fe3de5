package dev.redoubt.serve.worker;

import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.schema.Schema;

/// What goes over the link in a call, and what comes back.
///
/// @param streams whether any number of items comes back, and not one
record Signature(Schema input, Schema output, boolean streams) {
    static Signature of(Interface described) {
        return new Signature(described.input(), described.output(), described.streams());
    }

    /// A caller need not know whether its target streams.
    static Signature of(Interface.Edge edge) {
        return new Signature(edge.input(), edge.output(), true);
    }
}
