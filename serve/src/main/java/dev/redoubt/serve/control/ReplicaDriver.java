package dev.redoubt.serve.control;

import dev.redoubt.serve.replica.Outgoing;
import dev.redoubt.serve.spec.DeploymentSpec;

/// Does what takes time with replicas, never on the controller's thread, and tells it by a [ReplicaEvent] each.
/// Every method returns at once.
interface ReplicaDriver extends AutoCloseable {
    /// Started or StartFailed follows, unless it is stopped before.
    void start(String replicaId, String application, DeploymentSpec spec, Outgoing outgoing);

    /// Probed follows; not to be called again before that.
    void probe(String replicaId);

    /// Reconfigured follows.
    void reconfigure(String replicaId, String userConfig);

    /// Stopped follows, and nothing else of it any more.
    void stop(String replicaId);

    @Override
    void close();
}
