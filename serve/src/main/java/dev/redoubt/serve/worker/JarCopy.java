package dev.redoubt.serve.worker;

import dev.redoubt.serve.java.JavaRuntime;
import dev.redoubt.serve.replica.Artifact;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.spec.RuntimeSpec;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;

/// The jar of a deployment in a worker's folder, compared with its digest while it is copied (R1.6).
final class JarCopy {
    /// Settings of a runtime: an absolute path, and the SHA-256 of what must be there, in hex.
    static final String JAR = "jar";

    static final String DIGEST = "sha256";
    private static final long BYTES_MAX = 1L << 30;

    private JarCopy() {}

    /// @return the copy, read-only
    /// @throws RuntimeRefusal if there is no such file, it is too large, its digest is another, or the copy cannot
    ///     be written
    static Path of(RuntimeSpec runtime, Path folder) throws RuntimeRefusal {
        Artifact jar = jar(runtime);
        Path copy = folder.resolve("application.jar");
        try (OutputStream out = Files.newOutputStream(copy, StandardOpenOption.CREATE_NEW)) {
            jar.copy(out);
            Files.setPosixFilePermissions(copy, PosixFilePermissions.fromString("r--------"));
            return copy;
        } catch (IOException e) {
            throw jar.notCopied(folder, e);
        }
    }

    /// Whether the jar is there and has its digest.
    ///
    /// @throws RuntimeRefusal as [#of]
    static void check(RuntimeSpec runtime) throws RuntimeRefusal {
        jar(runtime).check();
    }

    /// Empty if the settings name none.
    static Optional<Artifact> artifact(RuntimeSpec runtime) {
        return Artifact.of(runtime, JAR, DIGEST, BYTES_MAX);
    }

    /// What its copy takes of a worker's folder, if such a worker makes one.
    static long bytes(RuntimeSpec runtime) {
        Optional<Artifact> jar = runtime.kind().equals(JavaRuntime.KIND) ? artifact(runtime) : Optional.empty();
        try {
            return jar.isEmpty() ? 0 : Math.min(Files.size(jar.get().file()), BYTES_MAX);
        } catch (IOException gone) { // nor is there anything to copy
            return 0;
        }
    }

    private static Artifact jar(RuntimeSpec runtime) throws RuntimeRefusal {
        String jar = setting(runtime, JAR);
        if (jar.indexOf('\0') >= 0) throw new RuntimeRefusal("the jar's path is none: name the file");
        return new Artifact(JAR, Path.of(jar), setting(runtime, DIGEST), BYTES_MAX);
    }

    private static String setting(RuntimeSpec runtime, String name) throws RuntimeRefusal {
        String value = runtime.settings().get(name);
        if (value == null)
            throw new RuntimeRefusal("a runtime of kind '" + runtime.kind() + "' in a worker process has no '" + name
                    + "': name the jar and its SHA-256");
        return value;
    }
}
