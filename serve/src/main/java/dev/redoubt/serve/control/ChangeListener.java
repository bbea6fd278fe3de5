package dev.redoubt.serve.control;

/// Told of each change once it is on disk, before whoever asked for it is: what is wanted, for logs and the
/// audit log.
/// One thread at a time; may wait for a disk.
public interface ChangeListener {
    /// @param reason of what happens by itself; for operators
    void changed(Change change, String application, long version, String reason);

    /// Told on any thread that somebody has changed a copy of a jar or a model in the home (R1.6).
    ///
    /// @param digest that the copy must have
    /// @param healed whether it was taken again from its file; if not, what runs from it is refused
    default void tampered(String digest, boolean healed) {}
}
