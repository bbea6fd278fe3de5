package dev.redoubt.serve.control;

/// How a version of an application turned out.
enum Verdict {
    OPEN,
    /// All of it has been as wanted at once. It is still taken back if it does not stay so.
    PROBATION,
    /// It has stayed so; or there was none before it to go back to.
    PROVEN,
    FAILED;

    /// Whether it has worked as a whole.
    boolean ran() {
        return this == PROBATION || this == PROVEN;
    }
}
