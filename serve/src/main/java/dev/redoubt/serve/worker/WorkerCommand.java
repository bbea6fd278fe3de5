package dev.redoubt.serve.worker;

import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.spec.DeploymentSpec;
import java.lang.module.Configuration;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReference;
import java.lang.module.ResolvedModule;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/// The command line of a worker: a JVM, the parts of the product that it needs, and nothing
/// that anybody chose.
final class WorkerCommand {
    /// As the launcher sets it for the server (R3.1).
    static final String SERIAL_FILTER = "!*";

    private static final int CARRIERS = 8; // of virtual threads: a handler that loops holds one, not all

    private final WorkerKind kind;
    private final WorkerJvm jvm;
    private final List<Path> path; // what is on the module or class path beside the JVM's own
    private final Optional<String> module; // none where the server itself runs on the class path
    private final boolean limited; // to the modules that it needs: the JVM has others

    private WorkerCommand(WorkerKind kind, WorkerJvm jvm, List<Path> path, Optional<String> module, boolean limited) {
        this.kind = kind;
        this.jvm = jvm;
        this.path = path;
        this.module = module;
        this.limited = limited;
    }

    /// Of the modules that run here, and what the kind adds to them.
    static WorkerCommand of(WorkerKind kind, WorkerJvm jvm) {
        Module own = kind.main().getModule();
        Set<Path> files = new LinkedHashSet<>(kind.path());
        if (!own.isNamed()) {
            files.addAll(classPath());
            return new WorkerCommand(kind, jvm, List.copyOf(files), Optional.empty(), false);
        }
        own.getLayer()
                .configuration()
                .findModule(own.getName())
                .ifPresent(root -> files.addAll(new TreeSet<>(filesOf(root))));
        ModuleFinder found = ModuleFinder.of(files.toArray(Path[]::new));
        Set<String> needed = new HashSet<>();
        Configuration.empty()
                .resolve(found, ModuleFinder.ofSystem(), roots(kind, own.getName()))
                .modules()
                .forEach(each -> needed.add(each.name()));
        // Other kinds than handlers in Java need more of the JDK than the image for these has: the server's own has it.
        boolean whole = needed.stream()
                .allMatch(
                        name -> jvm.modules().contains(name) || found.find(name).isPresent());
        WorkerJvm fitting = whole ? jvm : WorkerJvm.own();
        for (ModuleReference each : found.findAll())
            if (fitting.modules().contains(each.descriptor().name()))
                each.location().flatMap(WorkerCommand::file).ifPresent(files::remove);
        return new WorkerCommand(
                kind, fitting, List.copyOf(files), Optional.of(own.getName()), !needed.containsAll(fitting.modules()));
    }

    private static Set<String> roots(WorkerKind kind, String main) {
        Set<String> roots = new LinkedHashSet<>(kind.modules());
        roots.add(main);
        return roots;
    }

    private static List<Path> classPath() {
        List<Path> paths = new ArrayList<>();
        for (String part : System.getProperty("java.class.path", "").split(java.io.File.pathSeparator))
            if (!part.isEmpty()) paths.add(Path.of(part).toAbsolutePath());
        return paths;
    }

    /// Where a module and all it reads are, but for those of the JDK.
    private static Collection<Path> filesOf(ResolvedModule root) {
        Set<Path> files = new LinkedHashSet<>();
        Set<ResolvedModule> seen = new LinkedHashSet<>();
        Deque<ResolvedModule> next = new ArrayDeque<>(List.of(root));
        while (!next.isEmpty()) {
            ResolvedModule module = next.poll();
            if (!seen.add(module)) continue;
            module.reference().location().flatMap(WorkerCommand::file).ifPresent(files::add);
            if (module.reference().descriptor().isAutomatic()) continue; // it reads everything there is
            next.addAll(module.reads());
        }
        return files;
    }

    private static Optional<Path> file(URI location) {
        return location.getScheme().equals("file") ? Optional.of(Path.of(location)) : Optional.empty();
    }

    /// @throws RuntimeRefusal if such a worker cannot live on it
    MemorySplit split(long memoryBytes) throws RuntimeRefusal {
        if (memoryBytes < kind.memoryBytesMin())
            throw new RuntimeRefusal("a worker process with a memory of " + memoryBytes + " bytes, limit is at least "
                    + kind.memoryBytesMin() + ": give the deployment more");
        return MemorySplit.of(memoryBytes, kind.memory());
    }

    /// @throws RuntimeRefusal unless the deployment's files are those that were approved
    void check(DeploymentSpec spec) throws RuntimeRefusal {
        kind.approval().check(spec);
    }

    /// The files that a worker's answers follow from, beside those of its deployment.
    List<Path> product() {
        List<Path> product = new ArrayList<>(path);
        product.add(jvm.home().resolve("lib").resolve("modules"));
        product.addAll(kind.readable());
        return product;
    }

    /// What the worker must be able to read.
    List<Path> readable() {
        List<Path> readable = new ArrayList<>(path);
        readable.add(jvm.home());
        readable.addAll(kind.readable());
        return readable;
    }

    /// @param options of the JVM, beside those that every worker has
    /// @throws RuntimeRefusal if a path has characters that a JVM without an environment cannot read
    List<String> line(Path folder, MemorySplit memory, int processors, List<String> options) throws RuntimeRefusal {
        List<String> line = new ArrayList<>(List.of(
                jvm.home().resolve("bin").resolve("java").toString(),
                "-Xms8m",
                "-Xmx" + memory.heap(),
                "-Xss512k",
                "-XX:MaxDirectMemorySize=" + (memory.direct() + Outbox.PIECE_BYTES), // the link's comes on top
                "-XX:MaxMetaspaceSize=" + memory.metaspace(),
                "-XX:ReservedCodeCacheSize=" + memory.codeCache(),
                "-XX:ActiveProcessorCount=" + processors,
                "-XX:-UseContainerSupport", // the limits are said above
                "-XX:+UseSerialGC",
                "-XX:+ExitOnOutOfMemoryError",
                "-XX:-HeapDumpOnOutOfMemoryError",
                "-XX:-CreateCoredumpOnCrash",
                "-XX:ErrorFile=" + folder.resolve("crash.log"),
                "-XX:+DisableAttachMechanism",
                "-XX:-UsePerfData",
                // No thread of before Confiner may run the application's code: neither finalizers nor handlers of
                // signals.
                "--finalization=disabled",
                "-Xrs",
                "-Djdk.serialFilter=" + SERIAL_FILTER,
                "-Djdk.virtualThreadScheduler.parallelism=" + CARRIERS,
                "-Djava.io.tmpdir=" + folder.resolve(Worker.TEMPORARY),
                "-Duser.home=" + folder,
                "-Duser.timezone=UTC",
                "-Dslf4j.internal.verbosity=ERROR", // what is worth telling crosses the link
                "--illegal-native-access=deny"));
        if (!limited) line.addAll(options); // a JVM that is limited has no archive of classes
        kind.properties().forEach((name, value) -> line.add("-D" + name + "=" + value));
        String paths = String.join(
                java.io.File.pathSeparator, path.stream().map(Path::toString).toList());
        module.ifPresentOrElse(
                name -> line.addAll(modules(name, paths)),
                () -> line.addAll(List.of(
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        paths,
                        kind.main().getName())));
        for (String argument : line)
            if (!StandardCharsets.US_ASCII.newEncoder().canEncode(argument))
                throw new RuntimeRefusal("a worker's argument is '" + argument
                        + "', allowed is ASCII: move the JDK, the product or REDOUBT_HOME to such a path");
        return line;
    }

    private List<String> modules(String main, String paths) {
        Set<String> nativeAccess = new LinkedHashSet<>(kind.modules());
        nativeAccess.add(WorkerMain.class.getModule().getName());
        Set<String> roots = roots(kind, main);
        List<String> line = new ArrayList<>();
        // Nothing of the JDK that the product does not need. Where that is all there is, the JVM is not told.
        if (limited) line.add("--limit-modules=" + String.join(",", roots));
        if (roots.size() > 1) line.add("--add-modules=" + String.join(",", roots));
        if (!paths.isEmpty()) line.addAll(List.of("-p", paths));
        line.addAll(List.of(
                "--enable-native-access=" + String.join(",", nativeAccess),
                "-m",
                main + "/" + kind.main().getName()));
        return line;
    }
}
