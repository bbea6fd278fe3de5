package dev.redoubt.serve.java;

/// Where calls of handlers run.
@FunctionalInterface
public interface CallThreads {
    /// Runs it soon, on a thread that may wait and is nobody else's while it runs; returns at once.
    ///
    /// @param name of the thread, if it is one of the call's own
    /// @param plain whether it answers one input by one output, and calls no other deployment: it may be short
    void start(String name, boolean plain, Runnable call);
}
