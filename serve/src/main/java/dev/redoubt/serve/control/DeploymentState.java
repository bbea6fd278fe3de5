package dev.redoubt.serve.control;

/// How a deployment is. A failure during an update (DEPLOY_FAILED) is another thing than one in between
/// (UNHEALTHY).
public enum DeploymentState {
    UPDATING,
    HEALTHY,
    UNHEALTHY,
    DEPLOY_FAILED,
    UPSCALING,
    DOWNSCALING
}
