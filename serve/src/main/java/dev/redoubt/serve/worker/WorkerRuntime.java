package dev.redoubt.serve.worker;

import dev.redoubt.base.DurableFiles;
import dev.redoubt.serve.java.JavaRuntime;
import dev.redoubt.serve.replica.Artifact;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.replica.Outgoing;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.replica.Servant;
import dev.redoubt.serve.replica.ServantFactory;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.spec.Isolation;
import dev.redoubt.serve.spec.RuntimeSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Runs each replica of some kinds in a worker process of its own (R4.2), within limits that the operating system keeps
/// as far as it can: a handler from a jar with a digest, and what else there is a [WorkerKind] for. The server itself
/// never loads a class of it. Safe for any thread.
public final class WorkerRuntime implements ServantFactory, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WorkerRuntime.class);
    private static final Duration CHECK_PERIOD = Duration.ofMillis(100);
    private static final int FOLDER_NAME_BYTES = 6;
    private static final int FRAMES_IN_HEAP = 8; // one value, its bytes and what is made of them must fit

    /// Nobody calls a worker that only describes.
    private static final Worker.Owner NOBODY = new Worker.Owner() {
        @Override
        public void linked(Frames frames) {}

        @Override
        public void receive(FrameType type, int id, FrameReader body) throws BadFrame {
            throw new BadFrame("a frame of type " + type + " here");
        }

        @Override
        public void ended() {}
    };

    private final Path root;
    private final WorkerLimits limits;
    private final Map<String, WorkerKind.Source> kinds; // by the kind of runtime
    private final Map<String, WorkerCommand> commands = new TreeMap<>(); // guarded by itself
    private final WorkerJvm jvm;
    private final Optional<Cgroup> cgroups;
    private final Descriptions descriptions;
    private final SecureRandom random = new SecureRandom();
    private final Map<String, Worker> workers = new ConcurrentHashMap<>(); // by folder
    private final CountDownLatch closed = new CountDownLatch(1);
    private final AtomicBoolean warned = new AtomicBoolean(); // of what this system lacks
    private volatile OutputListener listener = (application, deployment, replicaId, line) -> {};

    /// Of handlers in Java.
    ///
    /// @see #WorkerRuntime(Path, WorkerLimits, Map, WorkerJvm)
    public WorkerRuntime(Path root, WorkerLimits limits) throws IOException {
        this(root, limits, Map.of(), WorkerJvm.own());
    }

    /// @param root where workers have their folders; made if it is not there, emptied of what a killed server left
    /// @param others kinds of runtime beside Java, by their names
    /// @param jvm that they run on
    /// @throws IOException if it cannot be written
    public WorkerRuntime(Path root, WorkerLimits limits, Map<String, WorkerKind.Source> others, WorkerJvm jvm)
            throws IOException {
        this.limits = limits;
        this.kinds = new TreeMap<>(others);
        this.jvm = jvm;
        kinds.put(JavaRuntime.KIND, WorkerKind.JAVA);
        sweep(root);
        DurableFiles.privateDirectory(root);
        this.root = root.toRealPath(); // as the kernel names what lies below
        descriptions = new Descriptions(this.root.resolveSibling("descriptions"));
        cgroups = Cgroup.find(Path.of("/sys/fs/cgroup"), Path.of("/proc/self/cgroup"));
        Thread.ofPlatform().name("worker-watch").daemon().start(this::watch);
    }

    /// What a killed server left; what cannot be removed is in nobody's way, since folders have names by lot.
    private static void sweep(Path root) {
        try {
            DurableFiles.deleteTree(root);
        } catch (IOException e) {
            LOG.warn("what workers have left in {} could not all be removed: {}", root, e.getMessage());
        }
    }

    @Override
    public Isolation isolation() {
        return Isolation.PROCESS;
    }

    @Override
    public Optional<Artifact> artifact(RuntimeSpec runtime) {
        return Optional.ofNullable(kinds.get(runtime.kind())).flatMap(source -> source.artifact(runtime));
    }

    /// In a process that ends with the answer, unless the same was asked before.
    @Override
    public Interface describe(DeploymentSpec spec) throws RuntimeRefusal {
        WorkerCommand command = command(spec);
        MemorySplit ignored = command.split(spec.each().memoryBytes()); // or it is refused
        command.check(spec);
        DeploymentSpec nowhere = nowhere(spec);
        Optional<Interface> known = descriptions.find(nowhere, command.product());
        if (known.isPresent()) return known.get();
        Interface described = ask(spec);
        descriptions.remember(nowhere, command.product(), described);
        return described;
    }

    /// What it is like follows from what is in its file, wherever that lies.
    private DeploymentSpec nowhere(DeploymentSpec spec) {
        return artifact(spec.runtime())
                .map(file -> spec.with(spec.runtime().with(file.setting(), "")))
                .orElse(spec);
    }

    private Interface ask(DeploymentSpec spec) throws RuntimeRefusal {
        Worker worker = worker("", spec, spec.name(), true);
        worker.start(NOBODY);
        try {
            return worker.described(spec.timeouts().start());
        } finally {
            worker.kill("was asked for its description only");
            worker.awaitEnd(limits.closeTimeout());
        }
    }

    @Override
    public Servant start(String application, DeploymentSpec spec, String replicaId, Outgoing outgoing)
            throws RuntimeRefusal {
        Worker worker = worker(application, spec, replicaId, false);
        WorkerServant servant = new WorkerServant(replicaId, worker, outgoing, limits, spec);
        servant.start();
        Confinement confinement = worker.confinement();
        if (!confinement.missing().isEmpty() && warned.compareAndSet(false, true))
            LOG.warn("workers are not confined by {}: {}", String.join(", ", confinement.missing()), confinement);
        return servant;
    }

    /// What holds the replicas that run, by their ids.
    public Map<String, Confinement> confinements() {
        Map<String, Confinement> all = new TreeMap<>();
        for (Worker worker : workers.values()) all.put(worker.name(), worker.confinement());
        return all;
    }

    /// Tells somebody from now on what replicas print.
    public void outputTo(OutputListener newListener) {
        listener = newListener;
    }

    private Worker worker(String application, DeploymentSpec spec, String name, boolean describe)
            throws RuntimeRefusal {
        WorkerCommand command = command(spec);
        MemorySplit memory = command.split(spec.each().memoryBytes());
        int processors = (int) Math.ceil(spec.each().cpus());
        Path folder = root.resolve(HexFormat.of().formatHex(bytes(FOLDER_NAME_BYTES)));
        Instructions instructions = new Instructions(
                bytes(Instructions.TOKEN_BYTES),
                describe,
                application,
                name,
                spec,
                folder,
                new Confiner.Limits(
                        processors, spec.each().memoryBytes(), limits.folderBytesMax(), limits.descriptorsMax()),
                (int) Math.min(limits.frameBytesMax(), memory.heap() / FRAMES_IN_HEAP),
                limits.cancelTimeout(),
                command.readable());
        boolean java = spec.runtime().kind().equals(JavaRuntime.KIND);
        List<String> options = java ? jvm.options(folder, describe) : List.of();
        List<String> line = command.line(folder, memory, processors, options);
        Worker worker = new Worker(name, line, instructions, limits, cgroups, jvm);
        workers.put(folder.toString(), worker);
        if (closed.getCount() == 0) { // it may have come too late to be killed with the others
            workers.remove(folder.toString());
            throw new RuntimeRefusal(name + ": the server ends, and starts no more replicas");
        }
        return worker;
    }

    /// Asks for its kind the first time.
    private WorkerCommand command(DeploymentSpec spec) throws RuntimeRefusal {
        String kind = spec.runtime().kind();
        WorkerKind.Source source = kinds.get(kind);
        if (source == null)
            throw new RuntimeRefusal(
                    spec.name() + ": no worker runs the kind '" + kind + "', known are " + kinds.keySet());
        synchronized (commands) {
            WorkerCommand known = commands.get(kind);
            if (known != null) return known;
            try {
                WorkerCommand made = WorkerCommand.of(source.kind(), jvm);
                commands.put(kind, made);
                return made;
            } catch (IOException e) {
                throw new RuntimeRefusal(spec.name() + ": " + e.getMessage(), e);
            }
        }
    }

    private byte[] bytes(int count) {
        byte[] bytes = new byte[count];
        random.nextBytes(bytes);
        return bytes;
    }

    /// One thread looks after all: a worker that takes too much has it for a tenth of a second or so.
    private void watch() {
        try {
            while (!closed.await(CHECK_PERIOD.toMillis(), TimeUnit.MILLISECONDS)) {
                for (Worker worker : workers.values()) look(worker);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void look(Worker worker) {
        boolean ended = worker.hasEnded();
        worker.tell(listener);
        if (ended) workers.values().remove(worker);
        else worker.check();
    }

    /// Ends all workers.
    @Override
    public void close() {
        closed.countDown();
        workers.values().forEach(worker -> worker.kill("ends with its server"));
        workers.values().forEach(worker -> worker.awaitEnd(limits.closeTimeout()));
    }
}
