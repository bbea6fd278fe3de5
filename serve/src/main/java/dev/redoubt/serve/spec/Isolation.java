package dev.redoubt.serve.spec;

/// Where a replica runs.
public enum Isolation {
    /// In the server's own process: only what is built into the program.
    THREAD,
    /// In a process of its own, with limits that the operating system keeps.
    PROCESS
}
