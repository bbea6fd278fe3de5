package dev.redoubt.serve.control;

import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.spec.DeploymentSpec;
import java.time.Instant;
import java.util.Optional;

/// What the controller knows of one replica. The controller's thread owns it.
final class Replica {
    final String id;
    DeploymentSpec spec; // as it is now, with the user configuration that it took last
    DeploymentSpec taking; // what it is to take, while UPDATING
    boolean stale; // it did not take what it should have: another takes its place
    boolean works; // it has passed a health check since it runs
    long version;
    Optional<Interface> face = Optional.empty(); // known once it runs
    ReplicaState state = ReplicaState.STARTING;
    String reason = "";
    String limits = ""; // what keeps it within its resources; known once it runs
    Instant since;
    long sinceNanos;
    final Probes probes = new Probes();

    Replica(String id, DeploymentSpec spec, long version, Instant since, long sinceNanos) {
        this.id = id;
        this.spec = spec;
        this.taking = spec;
        this.version = version;
        this.since = since;
        this.sinceNanos = sinceNanos;
    }

    void enter(ReplicaState next, String why, Instant now, long nowNanos) {
        state = next;
        reason = why;
        since = now;
        sinceNanos = nowNanos;
    }
}
