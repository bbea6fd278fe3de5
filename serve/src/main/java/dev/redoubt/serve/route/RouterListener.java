package dev.redoubt.serve.route;

/// Told of what only a router sees, on the thread of some call: it must return at once.
public interface RouterListener {
    /// A call waits, and there is no replica at all.
    void waitingForReplica();

    /// A replica refused a call since it is gone for good.
    void lost(String replicaId);
}
