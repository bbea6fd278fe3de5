package dev.redoubt.serve.replica;

import dev.redoubt.serve.schema.Binding;
import dev.redoubt.serve.schema.SchemaCheck;
import tools.jackson.databind.JsonNode;

/// A value between stages: an object where both ends are in one process, so that nothing is copied, or plain
/// data. Either fits the schema of the end that takes it.
public sealed interface Payload {
    /// As plain data; a tensor is a node of [dev.redoubt.serve.schema.Tensor]. Free for a [Tree]; what is
    /// [Typed] is taken apart, for an end in another process or of another type.
    JsonNode tree();

    /// As a value of a type: the same object, where the sender has it as that type.
    ///
    /// @throws dev.redoubt.base.ServeException if it does not fit
    default Object as(Binding wanted) {
        if (this instanceof Typed(Object value, Binding sent)) {
            if (sent.same(wanted)) return value;
            SchemaCheck.check(wanted.schema(), tree()); // as its own type it was checked, as this one not yet
        }
        return wanted.read(tree());
    }

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
