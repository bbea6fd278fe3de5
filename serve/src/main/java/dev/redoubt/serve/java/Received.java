package dev.redoubt.serve.java;

import dev.redoubt.base.ServeException;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.schema.Binding;
import dev.redoubt.serve.schema.SchemaCheck;

/// What came back from a deployment, as the type that its caller declared.
final class Received {
    private Received() {}

    /// @throws ServeException `INTERNAL` if it is not of that type: a fault of who sent it, whatever the caller
    ///     did
    static Object value(Payload arrived, Binding type, String requestId, String place) {
        if (arrived instanceof Payload.Typed(Object value, Binding sent) && sent.same(type)) return value;
        try {
            SchemaCheck.check(type.schema(), arrived.tree());
            return type.read(arrived.tree());
        } catch (ServeException misfit) {
            throw Faults.seen(requestId, place, new IllegalStateException("a reply of another type", misfit));
        }
    }
}
