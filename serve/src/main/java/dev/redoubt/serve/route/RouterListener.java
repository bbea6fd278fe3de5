package dev.redoubt.serve.route;

import dev.redoubt.base.ServeException;
import dev.redoubt.serve.Call;

/// Told of what only a router sees, on the thread of some call: it must return at once.
public interface RouterListener {
    /// A call waits, and there is no replica at all.
    void waitingForReplica();

    /// A replica refused a call since it is gone for good.
    void lost(String replicaId);

    /// A call ended by a fault, of the product or of a handler.
    default void failed(String deployment, Call call, ServeException failure) {}
}
