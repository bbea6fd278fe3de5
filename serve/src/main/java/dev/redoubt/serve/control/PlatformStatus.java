package dev.redoubt.serve.control;

import dev.redoubt.serve.spec.Resources;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// What is, as of a moment ago.
///
/// @param machine all of it; applications together may take 0.8 of it
public record PlatformStatus(Resources machine, List<ApplicationStatus> applications) {
    public PlatformStatus {
        applications = List.copyOf(applications);
    }

    public Optional<ApplicationStatus> find(String application) {
        return applications.stream()
                .filter(one -> one.name().equals(application))
                .findAny();
    }

    /// Whether a deployment takes calls.
    boolean serves(String application, String deployment) {
        return find(application)
                .flatMap(one -> one.find(deployment))
                .filter(one -> one.running() > 0)
                .isPresent();
    }

    /// @param version of the spec that is wanted
    /// @param reason why it is so, where that is not plain; for operators
    public record ApplicationStatus(
            String name,
            ApplicationState state,
            long version,
            String reason,
            Resources quota,
            Instant since,
            List<DeploymentStatus> deployments) {
        public ApplicationStatus {
            deployments = List.copyOf(deployments);
        }

        public Optional<DeploymentStatus> find(String deployment) {
            return deployments.stream()
                    .filter(one -> one.name().equals(deployment))
                    .findAny();
        }
    }

    /// @param replicasWanted now; changes with load where the deployment scales by itself
    /// @param ongoing calls that run
    /// @param queued calls that wait
    public record DeploymentStatus(
            String name,
            DeploymentState state,
            Trigger trigger,
            String reason,
            Instant since,
            int replicasWanted,
            int ongoing,
            int queued,
            List<ReplicaStatus> replicas) {
        public DeploymentStatus {
            replicas = List.copyOf(replicas);
        }

        /// This one, with the replicas and calls that another set of the same name has.
        DeploymentStatus with(DeploymentStatus other) {
            List<ReplicaStatus> all = new ArrayList<>(replicas);
            all.addAll(other.replicas);
            return new DeploymentStatus(
                    name,
                    state,
                    trigger,
                    reason,
                    since,
                    replicasWanted,
                    ongoing + other.ongoing,
                    queued + other.queued,
                    all);
        }

        /// Replicas that take calls.
        public int running() {
            return (int) replicas.stream().filter(one -> one.state().serves()).count();
        }
    }

    /// @param version of the application's spec that it runs
    /// @param misses health checks in a row that did not pass
    /// @param limits what keeps it within its deployment's resources, in words; empty before it runs
    public record ReplicaStatus(
            String id,
            ReplicaState state,
            long version,
            int ongoing,
            int misses,
            String reason,
            String limits,
            Instant since) {}
}
