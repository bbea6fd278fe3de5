package dev.redoubt.serve.control;

import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.replica.Servant;
import java.util.Optional;

/// What became of something that a [ReplicaDriver] was told to do. Reasons are for operators.
sealed interface ReplicaEvent {
    String replicaId();

    /// It has started and passed its first health check.
    record Started(String replicaId, Interface face, Servant servant) implements ReplicaEvent {}

    /// Nothing is left of it.
    record StartFailed(String replicaId, String reason) implements ReplicaEvent {}

    /// @param miss why the probe did not pass
    /// @param lost whether it never will
    record Probed(String replicaId, Optional<String> miss, boolean lost) implements ReplicaEvent {}

    /// @param refusal why it keeps what it had
    record Reconfigured(String replicaId, Optional<String> refusal) implements ReplicaEvent {}

    /// Nothing is left of it.
    record Stopped(String replicaId) implements ReplicaEvent {}
}
