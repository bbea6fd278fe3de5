package dev.redoubt.base.generation;

/// A running generation.
public interface Generation {
    /// Unique in this process; given by the server, never by the caller.
    long id();

    /// Stops it: its KV blocks are free within one step, and every choice that has not finished ends with
    /// [FinishReason#CANCELLED]. Calling it again, or after the end, does nothing.
    void cancel();
}
