package dev.redoubt.serve.control;

/// What brought a deployment into its state.
public enum Trigger {
    CONFIG_UPDATE_STARTED,
    CONFIG_UPDATE_COMPLETED,
    UPSCALE_COMPLETED,
    DOWNSCALE_COMPLETED,
    AUTOSCALING,
    REPLICA_STARTUP_FAILED,
    USER_CONFIG_REFUSED,
    HEALTH_CHECK_FAILED,
    INTERNAL_ERROR,
    DELETING,
    /// It stays wanted, and comes back with the next start.
    SERVER_STOPPING
}
