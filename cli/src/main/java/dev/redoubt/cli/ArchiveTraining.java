package dev.redoubt.cli;

import dev.redoubt.base.DurableFiles;
import dev.redoubt.serve.worker.WorkerJvm;
import java.io.File;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Makes archives of classes once after a build (JEP 350): a second process, at the lowest priority, does what a
/// server does (the hidden command `warm-up`), and its JVM writes the classes that were loaded when it ends; so does
/// the worker process of its application. The next start then takes them from the archives.
final class ArchiveTraining {
    /* The launcher names the archive's file in redoubt.archive: NAME is of a server of a model, NAMEs of one without, NAMEw of worker processes. The
     * training writes to NAME.PID, and only a complete cache is renamed to NAME.
     * The JVM checks that a cache fits its version, flags and jars, and ignores it otherwise: a cache can make a start faster and never
     * break one. The training works in the folder NAME.PID.home. It ends with the server at the latest; what a killed server leaves,
     * training itself included, the next one sweeps away. */
    private static final File NOTHING = new File("/dev/null");
    private static final String WANTED = "redoubt.archive";
    private static final String RECORDED = "redoubt.archive.workers";

    private final Console console;
    private final Path cache;
    private final Path workers;
    private final Path partial;
    private final Path home;
    private @Nullable Process training; // guarded by this
    private boolean stopped; // guarded by this

    ArchiveTraining(Path cache, Path workers, Console console) {
        this.console = console;
        this.cache = cache;
        this.workers = workers;
        this.partial = cache.resolveSibling(
                cache.getFileName() + "." + ProcessHandle.current().pid());
        this.home = partial.resolveSibling(partial.getFileName() + ".home");
    }

    /// What worker processes run on.
    static WorkerJvm workers() {
        String home = System.getProperty("redoubt.worker.jvm");
        if (home == null) return WorkerJvm.own();
        String recorded = System.getProperty(RECORDED);
        Optional<Path> archive = Optional.ofNullable(System.getProperty(WANTED)).map(wanted -> Path.of(wanted + "w"));
        WorkerJvm jvm = WorkerJvm.at(Path.of(home), archive);
        return recorded == null ? jvm : jvm.recordingFor(Path.of(recorded));
    }

    /// Starts the training if the launcher asks for a cache and there is none.
    ///
    /// @param model that is served; empty: only applications are, and the cache is another one, which a server of a
    ///     model replaces by its own
    static void afterReady(Context context, Optional<String> model) {
        String wanted = System.getProperty(WANTED);
        if (wanted == null) return;
        Path full = Path.of(wanted).toAbsolutePath();
        Path cache = model.isPresent() ? full : full.resolveSibling(full.getFileName() + "s");
        Path workers = full.resolveSibling(full.getFileName() + "w");
        try {
            sweep(cache);
        } catch (IOException e) {
            return; // the folder is not ours to write: nothing of ours is left in it, and nothing can be trained
        }
        if (Files.exists(cache) || (model.isEmpty() && Files.exists(full))) return;
        ArchiveTraining started = new ArchiveTraining(cache, workers, context.console());
        try {
            Runtime.getRuntime()
                    .addShutdownHook(Thread.ofPlatform().name("stop-training").unstarted(started::stop));
            started.start(model);
        } catch (IOException e) {
            context.console()
                    .note("redoubt: no archive of classes, the next start is as slow as this one: " + e.getMessage());
        } catch (IllegalStateException e) {
            // the server is being stopped already: the next one trains
        }
    }

    private synchronized void start(Optional<String> model) throws IOException {
        if (stopped) return;
        Process process = new ProcessBuilder(command(model))
                .redirectErrorStream(true)
                .redirectOutput(NOTHING)
                .redirectInput(NOTHING)
                .start();
        training = process;
        process.onExit().thenAccept(ended -> publish(ended.exitValue()));
    }

    private synchronized void publish(int exitValue) {
        if (exitValue != 0 && !stopped)
            console.note("redoubt: no archive of classes, the next start is as slow as this one: warm-up ended with "
                    + exitValue);
        try {
            if (exitValue == 0 && !stopped) {
                Files.move(partial, cache, StandardCopyOption.ATOMIC_MOVE);
                Path trained = partialWorkers();
                if (Files.exists(trained)) Files.move(trained, workers, StandardCopyOption.ATOMIC_MOVE);
            }
            clean();
        } catch (IOException e) {
            return; // the next server sweeps
        }
    }

    private synchronized void stop() {
        stopped = true;
        if (training == null) return;
        List<ProcessHandle> assembling = training.descendants().toList();
        training.destroyForcibly();
        assembling.forEach(ProcessHandle::destroyForcibly);
        try {
            clean();
        } catch (IOException e) {
            return; // the next server sweeps
        }
    }

    private Path partialWorkers() {
        return partial.resolveSibling(partial.getFileName() + ".workers");
    }

    /// Removes what this training has made and not published.
    void clean() throws IOException {
        Files.deleteIfExists(partial);
        Path folder = Objects.requireNonNull(partial.getParent());
        try (DirectoryStream<Path> all = Files.newDirectoryStream(folder, partial.getFileName() + ".*")) {
            for (Path each : all) DurableFiles.deleteTree(each);
        }
    }

    /// Removes what servers left that were killed while they trained.
    static void sweep(Path cache) throws IOException {
        Path folder = Objects.requireNonNull(cache.getParent());
        try (DirectoryStream<Path> leftovers = Files.newDirectoryStream(folder, cache.getFileName() + ".*")) {
            for (Path leftover : leftovers) {
                String pid = leftover.toString()
                        .substring(cache.toString().length() + 1)
                        .replaceFirst("\\..*", ""); // what follows it is .config or .home
                if (!pid.matches("\\d{1,18}")
                        || ProcessHandle.of(Long.parseLong(pid)).isEmpty()) DurableFiles.deleteTree(leftover);
            }
        }
    }

    /// This JVM's own command line with another main command: the cache must be trained with the flags it is
    /// used with.
    private List<String> command(Optional<String> model) throws IOException {
        ProcessHandle.Info self = ProcessHandle.current().info();
        String java = self.command().orElseThrow(() -> new IOException("the JVM's own path is unknown"));
        String[] arguments = self.arguments().orElseThrow(() -> new IOException("the JVM's own flags are unknown"));
        List<String> command = new ArrayList<>(
                List.of("nice", "-n", "19", java, "-XX:ArchiveClassesAtExit=" + partial, "-Xlog:cds*=off"));
        command.add("-D" + RECORDED + "=" + partialWorkers());
        for (String argument : arguments) {
            if (argument.startsWith("-XX:SharedArchiveFile") || argument.startsWith("-D" + WANTED + "=")) continue;
            command.add(argument);
            if (argument.startsWith("dev.redoubt.cli/")) break;
        }
        command.addAll(List.of("warm-up", "--home", home.toString()));
        command.addAll(model.map(name -> List.of("--model", name)).orElse(List.of("--without-model")));
        return command;
    }
}
