package dev.redoubt.serve;

/// A handler that takes a user configuration: before the first call, and whenever it changes, without a
/// restart.
///
/// @param <C> a record, checked like an input
public interface Reconfigurable<C> {
    /// May run while calls are in progress.
    ///
    /// @throws Exception refuses it: a deployment that starts fails, one that runs keeps what it had
    void reconfigure(C config) throws Exception;
}
