package dev.redoubt.engine.schedule;

/// What waits for its turn in a [FairShare].
public interface Waiting {
    /// Unique among all that wait, for messages.
    long id();

    /// Whose work it counts as.
    String tenant();

    /// Its place among all that came, the first lowest.
    long arrival();
}
