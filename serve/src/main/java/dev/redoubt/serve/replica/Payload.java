package dev.redoubt.serve.replica;

import tools.jackson.databind.JsonNode;

/// A value between stages: an object where both ends are in one process, so that nothing is copied, or plain
/// data.
/// Either fits
/// the schema of the end that takes it.
public sealed interface Payload {
    /// Plain data; a tensor is a node of [dev.redoubt.serve.schema.Tensor].
    record Tree(JsonNode node) implements Payload {}

    /// A record, or another value of the receiver's declared type.
    record Typed(Object value) implements Payload {}
}
