package dev.redoubt.serve.worker;

/// Takes what the code of replicas prints in worker processes, whatever that is. Must not wait.
@FunctionalInterface
public interface OutputListener {
    /// @param line of plain characters, 500 at most
    void printed(String application, String deployment, String replicaId, String line);
}
