package dev.redoubt.serve.control;

/// A change of what is wanted.
public enum Change {
    DEPLOYED,
    SCALED,
    /// Somebody asked for the version before.
    ROLLED_BACK,
    /// The version did not start or was not healthy, and the one before is wanted again.
    ROLLED_BACK_BY_ITSELF,
    /// The version did not start or was not healthy, and there is none before it.
    GIVEN_UP,
    /// All of the version has been healthy at once; it is on probation.
    RUNS,
    /// It has stayed so; or has been so at once, where there is none before it.
    PROVEN,
    DELETING,
    DELETED
}
