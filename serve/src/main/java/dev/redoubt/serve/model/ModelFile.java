package dev.redoubt.serve.model;

import dev.redoubt.base.RuleRefusal;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.spec.DeploymentSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// The file of one model: read and approved in the server, and read once more by each worker.
public final class ModelFile {
    private static final int COPIES = 4; // as read, as a library parses it, as it computes with it, and calls

    /// Reads one kind of file, and what vouches for it.
    public interface Reader<F> {
        /// @throws RuleRefusal if it is not what may be read
        F read() throws IOException;
    }

    private ModelFile() {}

    /// Reads a file that a replica has room for.
    ///
    /// @param beside what else is read, for the message
    /// @throws RuntimeRefusal if it is too large for a replica, refused, or cannot be read
    public static <F> F read(DeploymentSpec spec, Path model, String beside, Reader<F> reader) throws RuntimeRefusal {
        try {
            requireRoom(spec, Files.size(model));
            return reader.read();
        } catch (RuleRefusal e) {
            throw RuntimeRefusal.of(spec.name(), e);
        } catch (IOException e) {
            throw new RuntimeRefusal(
                    spec.name() + ": model '" + model + "'" + beside + " cannot be read: "
                            + e.getClass().getSimpleName() + ": make it readable",
                    e);
        }
    }

    /// @param approval of the bytes that were read
    /// @throws RuntimeRefusal if it refuses them
    public static void approve(DeploymentSpec spec, Runnable approval) throws RuntimeRefusal {
        try {
            approval.run();
        } catch (RuleRefusal e) {
            throw RuntimeRefusal.of(spec.name(), e);
        }
    }

    /// Whether a replica can hold a model of this size while it is loaded.
    private static void requireRoom(DeploymentSpec spec, long fileBytes) throws RuntimeRefusal {
        long memory = spec.each().memoryBytes();
        if (fileBytes > memory / COPIES)
            throw new RuntimeRefusal(spec.name() + ": the model has " + fileBytes + " bytes, and a replica needs "
                    + COPIES + " times that while it loads it; it may take " + memory
                    + ": give it more memory (R4.2)");
    }
}
