package dev.redoubt.serve.control;

/// How a replica is.
public enum ReplicaState {
    /// Until its first health check has passed.
    STARTING,
    RUNNING,
    /// It takes a new user configuration, and calls as before.
    UPDATING,
    /// It works on what it has and takes nothing new.
    DRAINING,
    /// It is being closed.
    STOPPING;

    /// Whether it takes calls.
    boolean serves() {
        return this == RUNNING || this == UPDATING;
    }

    /// Whether it counts as one of those that are wanted.
    boolean stays() {
        return this == STARTING || serves();
    }
}
