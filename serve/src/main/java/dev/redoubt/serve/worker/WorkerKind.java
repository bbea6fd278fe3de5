package dev.redoubt.serve.worker;

import dev.redoubt.serve.replica.Artifact;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.spec.RuntimeSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// How worker processes of one kind of runtime are started.
///
/// @param main a class with `main`, which gives [WorkerMain#run] its program
/// @param path jars that these workers need beside those that `main` needs, and before them
/// @param modules the names of modules that these workers need beside that of `main`, and which may load native code
/// @param properties of the JVM
/// @param readable files and folders that they may read beside the JDK and the product
/// @param memory how a worker's memory is shared out
/// @param memoryBytesMin what such a worker cannot live without
/// @param approval of the files that a deployment names
public record WorkerKind(
        Class<?> main,
        List<Path> path,
        List<String> modules,
        Map<String, String> properties,
        List<Path> readable,
        Memory memory,
        long memoryBytesMin,
        Approval approval) {
    /// Handlers in Java.
    static final Source JAVA = new Source() {
        private static final WorkerKind KIND = new WorkerKind(
                WorkerMain.class,
                List.of(),
                List.of(),
                Map.of(),
                List.of(),
                Memory.HEAP,
                128L << 20,
                spec -> JarCopy.check(spec.runtime()));

        @Override
        public WorkerKind kind() {
            return KIND;
        }

        @Override
        public Optional<Artifact> artifact(RuntimeSpec runtime) {
            return JarCopy.artifact(runtime);
        }
    };

    /// Where a kind comes from, for one that is dear to have: asked when its first deployment is, and again
    /// until it can be had.
    public interface Source {
        /// @throws IOException saying why this machine cannot run it, for the operator
        WorkerKind kind() throws IOException;

        /// The file of such a deployment, where it is made of one whose digest its settings state.
        default Optional<Artifact> artifact(RuntimeSpec runtime) {
            return Optional.empty();
        }
    }

    /// Whether what a deployment names is there, and is what was approved. It is asked in the server, so it
    /// compares bytes and reads nothing in them; a worker compares them again.
    @FunctionalInterface
    public interface Approval {
        /// @throws RuntimeRefusal if it is not
        void check(DeploymentSpec spec) throws RuntimeRefusal;
    }

    /// Where a replica has most of its data.
    public enum Memory {
        HEAP,
        /// Outside of what the JVM counts.
        NATIVE;

        /// What native code may take for its data, of all that a replica may take.
        public long nativeBytes(long memoryBytes) {
            return MemorySplit.of(memoryBytes, this).nativeCode();
        }
    }

    public WorkerKind {
        path = List.copyOf(path);
        modules = List.copyOf(modules);
        properties = Map.copyOf(properties);
        readable = List.copyOf(readable);
    }
}
