package dev.redoubt.serve.control;

/// How an application is: as its worst deployment, unless it is being deleted.
public enum ApplicationState {
    /// Wanted, and nothing done for it yet.
    NOT_STARTED,
    DEPLOYING,
    /// Its last update failed; what ran before goes on, if there was something.
    DEPLOY_FAILED,
    RUNNING,
    UNHEALTHY,
    DELETING
}
