package dev.redoubt.serve.worker;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;

/// The JVM that worker processes run on, and its archive of the classes that workers of handlers in Java load
/// (JEP 350): with it one starts in a fraction of the time. One worker makes it when it ends. It belongs to one JVM and
/// to the product's files as they are; where it does not
/// fit, the JVM reads the classes themselves.
public final class WorkerJvm {
    private static final String RECORDING = "classes";

    private final Path home;
    private final Optional<Path> archive;
    private final boolean records;
    private final Set<String> modules;

    private WorkerJvm(Path home, Optional<Path> archive, boolean records) {
        this.home = home.toAbsolutePath();
        this.archive = archive.map(Path::toAbsolutePath);
        this.records = records;
        this.modules = modules(this.home);
    }

    /// The one that the server runs on.
    public static WorkerJvm own() {
        return new WorkerJvm(Path.of(System.getProperty("java.home")), Optional.empty(), false);
    }

    /// @param home of a JVM of the server's own version
    /// @param archive workers start from it as soon as it is there
    public static WorkerJvm at(Path home, Optional<Path> archive) {
        return new WorkerJvm(home, archive, false);
    }

    /// The same, where each replica records what it loads until it ends by itself; the last one counts. Slow.
    public WorkerJvm recordingFor(Path file) {
        return new WorkerJvm(home, Optional.of(file), true);
    }

    Path home() {
        return home;
    }

    /// Its modules; empty where it does not say.
    Set<String> modules() {
        return modules;
    }

    private static Set<String> modules(Path home) {
        Properties release = new Properties();
        try (InputStream in = Files.newInputStream(home.resolve("release"))) {
            release.load(in);
        } catch (IOException e) {
            return Set.of();
        }
        return Set.of(release.getProperty("MODULES", "").replace("\"", "").split(" "));
    }

    /// What the JVM of a worker of handlers in Java is told.
    ///
    /// @param folder of the worker
    /// @param describe whether it ends with the description of a deployment
    List<String> options(Path folder, boolean describe) {
        if (archive.isEmpty()) return List.of();
        if (!records)
            return Files.isRegularFile(archive.get())
                    ? List.of("-XX:SharedArchiveFile=" + archive.get(), "-Xlog:aot*=off", "-Xlog:cds*=off")
                    : List.of();
        if (describe) return List.of();
        return List.of("-XX:ArchiveClassesAtExit=" + folder.resolve(RECORDING), "-Xlog:cds*=off");
    }

    /// Keeps what a worker has recorded, which has ended.
    void keep(Path folder) throws IOException {
        Path recorded = folder.resolve(RECORDING);
        if (records && Files.isRegularFile(recorded))
            Files.move(recorded, archive.orElseThrow(), StandardCopyOption.REPLACE_EXISTING);
    }
}
