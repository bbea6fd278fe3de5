package dev.redoubt.serve;

/// What every handler may do beside handling. Constructors may take [DeploymentHandle]s, each marked with [To].
public interface Deployable {
    /// Whether this replica can work: throws if not. After three misses in a row it is drained and replaced
    /// (R1.5).
    default void healthCheck() throws Exception {}

    /// The replica ends; no call is running.
    default void stop() throws Exception {}
}
