package dev.redoubt.serve.worker;

import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.replica.ServantFactory;
import dev.redoubt.serve.spec.DeploymentSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;

/// The runtime that a worker process runs one replica of, made in two steps: its files are read before the
/// process gives up what it may open, and anything in them is looked at only afterwards.
public interface WorkerProgram {
    /// On the main thread, while the process may still open what its user may.
    ///
    /// @param folder the worker's own, which it keeps
    /// @throws RuntimeRefusal if a file is not there, or is not the one that was approved
    Opened open(DeploymentSpec spec, Path folder) throws RuntimeRefusal;

    /// What it has read.
    interface Opened {
        /// On the main thread, when the process is confined.
        ///
        /// @param overdueMax how long the work of a call may go on after its end
        /// @throws RuntimeRefusal if what was read is refused
        /// @throws IOException if it cannot be used
        ServantFactory runtime(Duration overdueMax) throws RuntimeRefusal, IOException;
    }
}
