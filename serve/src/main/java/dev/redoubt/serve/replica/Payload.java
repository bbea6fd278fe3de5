package dev.redoubt.serve.replica;

import dev.redoubt.serve.schema.Binding;
import tools.jackson.databind.JsonNode;

/// A value between stages: an object where both ends are in one process, so that nothing is copied, or plain
/// data. Either fits the schema of the end that takes it.
public sealed interface Payload {
    /// As plain data; a tensor is a node of [dev.redoubt.serve.schema.Tensor]. Free for a [Tree]; what is
    /// [Typed] is taken apart, for an end in another process or of another type.
    JsonNode tree();

    record Tree(JsonNode node) implements Payload {
        @Override
        public JsonNode tree() {
            return node;
        }
    }

    /// A record, or another value of a Java type.
    ///
    /// @param type what the sender knows it as; a receiver of the same type takes `value` as it is
    record Typed(Object value, Binding type) implements Payload {
        @Override
        public JsonNode tree() {
            return type.write(value);
        }
    }
}
