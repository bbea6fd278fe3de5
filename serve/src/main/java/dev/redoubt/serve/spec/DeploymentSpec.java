package dev.redoubt.serve.spec;

import dev.redoubt.base.Check;

/// What is wanted of one deployment.
///
/// @param ongoingMax calls in progress in one replica at most (R1.1)
/// @param queuedMax calls that wait for a replica at most
/// @param each what one replica may take
/// @param userConfig JSON, `{}` where there is none; a change reaches running replicas
public record DeploymentSpec(
        String name,
        RuntimeSpec runtime,
        Isolation isolation,
        Resources each,
        int ongoingMax,
        int queuedMax,
        Scale scale,
        HealthCheck health,
        Timeouts timeouts,
        String userConfig) {
    public static final int ONGOING_MAX = 100; // R1.1
    public static final int QUEUED_MAX = 100_000;
    public static final String NO_USER_CONFIG = "{}";

    public DeploymentSpec {
        Names.deployment(name);
        Check.inRange("ongoingMax", ongoingMax, 1, 100_000);
        Check.inRange("queuedMax", queuedMax, 0, QUEUED_MAX);
    }

    /// Whether running replicas can become `other`'s: only what they are told, or how many they are, has
    /// changed.
    public boolean sameReplicasAs(DeploymentSpec other) {
        return name.equals(other.name)
                && runtime.equals(other.runtime)
                && isolation == other.isolation
                && each.equals(other.each);
    }

    /// The same with another runtime.
    public DeploymentSpec with(RuntimeSpec other) {
        return new DeploymentSpec(
                name, other, isolation, each, ongoingMax, queuedMax, scale, health, timeouts, userConfig);
    }

    /// The same with other timeouts.
    public DeploymentSpec with(Timeouts other) {
        return new DeploymentSpec(
                name, runtime, isolation, each, ongoingMax, queuedMax, scale, health, other, userConfig);
    }

    /// The same with another number of replicas.
    public DeploymentSpec with(Scale other) {
        return new DeploymentSpec(
                name, runtime, isolation, each, ongoingMax, queuedMax, other, health, timeouts, userConfig);
    }
}
