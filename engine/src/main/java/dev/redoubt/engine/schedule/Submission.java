package dev.redoubt.engine.schedule;

/// What became of a submitted request.
public sealed interface Submission {
    /// It waits for its turn.
    record Queued() implements Submission {}

    /// It could never run, even alone: nothing was kept.
    record Refused(int blocksNeeded, int blocksTotal) implements Submission {}
}
