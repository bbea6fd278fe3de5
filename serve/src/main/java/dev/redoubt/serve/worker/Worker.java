package dev.redoubt.serve.worker;

import dev.redoubt.base.DurableFiles;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.replica.RuntimeRefusal;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One worker process from its start to its end, as the server sees it.
final class Worker {
    /* One platform thread owns the process: it starts it, reads the link, waits for the end and removes the folder. The kernel kills a worker
     * with the thread that started it (PR_SET_PDEATHSIG), so that thread must live as long.
     *
     * Whoever wants the process to end, for whatever reason, says so to `kill` and waits for `ended`; the first reason is the one that is
     * told. */
    private static final Logger LOG = LoggerFactory.getLogger(Worker.class);

    /// Of the frames' format; both ends are of one build, so that another one is an error.
    static final int VERSION = 1;

    /// Files in a worker's folder.
    static final String SOCKET = "link";

    static final String TEMPORARY = "tmp";

    private static final int SOCKET_PATH_MAX = 107; // of sockaddr_un
    private static final int INTERFACE_BYTES_MAX = 1 << 20;
    private static final int REASON_BYTES_MAX = 4096;
    private static final int OUTPUT_SHOWN_MAX = 1000;
    private static final Duration EXIT_TIMEOUT = Duration.ofSeconds(10);

    /// What the owner of a worker makes of its link.
    interface Owner {
        /// On the link's thread, before the first frame is read.
        void linked(Frames frames);

        /// Takes a frame of a replica that runs.
        void receive(FrameType type, int id, FrameReader body) throws IOException;

        /// The link is closed and the process has ended.
        void ended();
    }

    private final String name;
    private final List<String> command;
    private final Instructions instructions;
    private final WorkerLimits limits;
    private final Optional<Cgroup> cgroups;
    private final WorkerJvm jvm;
    private final WorkerUse use;
    private final CompletableFuture<Interface> described = new CompletableFuture<>();
    private final CompletableFuture<Confined> ready = new CompletableFuture<>();
    private final CompletableFuture<String> ended = new CompletableFuture<>();
    private volatile @Nullable Process process;
    private volatile @Nullable WorkerOutput output; // there when the process is
    private volatile @Nullable Frames frames;
    private volatile @Nullable ServerSocketChannel listening;
    private volatile Confined confined = Confined.NOT;
    private volatile boolean inGroup;
    private volatile boolean greeted; // from here on its output may be a stranger's
    private @Nullable String killedFor; // guarded by this

    Worker(
            String name,
            List<String> command,
            Instructions instructions,
            WorkerLimits limits,
            Optional<Cgroup> cgroups,
            WorkerJvm jvm) {
        this.name = name;
        this.command = command;
        this.instructions = instructions;
        this.limits = limits;
        this.cgroups = cgroups;
        this.jvm = jvm;
        this.use = new WorkerUse(instructions, limits);
    }

    String name() {
        return name;
    }

    void start(Owner owner) {
        Thread.ofPlatform().name("worker-" + name).daemon().start(() -> run(owner));
    }

    /// Waits for the description.
    Interface described(Duration atMost) throws RuntimeRefusal {
        return await(described, atMost);
    }

    /// Waits until it can take calls.
    void ready(Duration atMost) throws RuntimeRefusal {
        Confined ignored = await(ready, atMost);
    }

    private <T> T await(CompletableFuture<T> what, Duration atMost) throws RuntimeRefusal {
        try {
            return what.get(atMost.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            kill("did not start within "
                    + instructions.spec().timeouts().start().toMillis() / 1e3 + " s");
        } catch (InterruptedException e) {
            kill("is not wanted any more");
            Thread.currentThread().interrupt();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeRefusal refusal) throw refusal;
        }
        throw new RuntimeRefusal("the worker process of " + name + " " + endedBy());
    }

    /// How it ended, in words that follow its name; waits for that for a bounded time.
    String endedBy() {
        try {
            return ended.get(EXIT_TIMEOUT.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException | ExecutionException e) {
            return "does not end";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "is ending";
        }
    }

    /// Waits for its end, but not for long.
    void awaitEnd(Duration atMost) {
        try {
            String ignored = ended.get(atMost.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException | ExecutionException e) {
            return;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    boolean hasEnded() {
        return ended.isDone();
    }

    /// What holds the worker, and by what.
    Confinement confinement() {
        return Confinement.of(confined, inGroup, instructions.limits().processors());
    }

    long process() {
        Process now = process;
        return now == null ? -1 : now.pid();
    }

    private void run(Owner owner) {
        String how;
        try {
            DurableFiles.privateDirectory(instructions.folder().resolve(TEMPORARY));
            how = live(owner);
        } catch (IOException | RuntimeException e) {
            how = "could not be started: " + e.getClass().getSimpleName() + ": " + e.getMessage();
        }
        cleanUp();
        ended.complete(how);
        RuntimeRefusal refusal = new RuntimeRefusal("the worker process of " + name + " " + how);
        described.completeExceptionally(refusal);
        ready.completeExceptionally(refusal);
        owner.ended();
    }

    private void cleanUp() {
        try {
            jvm.keep(instructions.folder());
        } catch (IOException e) {
            LOG.warn(
                    "what worker {} has recorded could not be kept: {}",
                    name,
                    e.getClass().getSimpleName());
        }
        try {
            DurableFiles.deleteTree(instructions.folder());
        } catch (IOException e) {
            LOG.warn(
                    "the folder of worker {} could not be removed: {}",
                    name,
                    e.getClass().getSimpleName());
        }
    }

    /// @return how it ended
    private String live(Owner owner) throws IOException {
        Path socket = instructions.folder().resolve(SOCKET);
        if (socket.toString().length() > SOCKET_PATH_MAX)
            throw new IOException(
                    "the path of its socket has " + socket.toString().length() + " characters, limit is "
                            + SOCKET_PATH_MAX + ": choose a shorter REDOUBT_HOME");
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(socket));
            listening = server;
            Process started = launch();
            output = new WorkerOutput(started.getInputStream());
            process = started;
            Cgroup.Group group = group(started);
            String linkEnd = "";
            try {
                if (killed()) started.destroyForcibly();
                started.onExit().thenRun(this::stopListening); // a worker that dies before it connects
                linkEnd = link(started, server, socket, owner);
            } catch (EOFException peerEnded) {
                linkEnd = ""; // its exit says more
            } catch (IOException e) {
                linkEnd = e instanceof BadFrame ? "broke the link's format: " + e.getMessage() : "";
            } finally {
                Frames open = frames;
                if (open != null) open.close();
            }
            if (linkEnd.isEmpty()) awaitExit(started, Duration.ofSeconds(1)); // it ends by itself where it can
            started.destroyForcibly();
            awaitExit(started, EXIT_TIMEOUT);
            String how = how(started, linkEnd, group);
            if (group != null) group.close();
            return how;
        }
    }

    private Process launch() throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().clear();
        builder.directory(instructions.folder().toFile());
        builder.redirectErrorStream(true);
        return builder.start();
    }

    private Cgroup.@Nullable Group group(Process started) throws IOException {
        if (cgroups.isEmpty()) return null;
        try {
            Cgroup.Group group = cgroups.get()
                    .add(
                            instructions.folder().getFileName().toString(),
                            started.pid(),
                            instructions.spec().each(),
                            limits.threadsMax());
            inGroup = true;
            return group;
        } catch (IOException e) {
            started.destroyForcibly();
            throw e; // a limit that can be kept is kept, or nothing runs
        }
    }

    private void stopListening() {
        ServerSocketChannel server = listening;
        try {
            if (server != null) server.close();
        } catch (IOException closedAlready) {
            return;
        }
    }

    /// Reads the link until it ends.
    private String link(Process started, ServerSocketChannel server, Path socket, Owner owner) throws IOException {
        instructions.write(new DataOutputStream(new java.io.BufferedOutputStream(started.getOutputStream())));
        Frames link = new Frames(server.accept(), instructions.frameBytesMax());
        Files.deleteIfExists(socket); // one peer, and no second
        frames = link;
        link.read(this::greet);
        owner.linked(link);
        link.read(this::describe);
        if (instructions.describe()) link.readAll(owner::receive);
        link.read(this::begin);
        link.readAll(owner::receive);
        return "";
    }

    private static void none(FrameType type) throws BadFrame {
        throw new BadFrame("a frame of type " + type + " here");
    }

    private void greet(FrameType type, int id, FrameReader body) throws IOException {
        refusedAlready(type, body);
        if (type != FrameType.HELLO) none(type);
        int version = body.u32();
        if (version != VERSION) throw new BadFrame("version " + version + ", this is " + VERSION);
        if (!MessageDigest.isEqual(body.bytes(Instructions.TOKEN_BYTES), instructions.token()))
            throw new BadFrame("a greeting without the token");
        confined = Confined.of(body.u32());
        body.finished();
        greeted = true;
    }

    private void describe(FrameType type, int id, FrameReader body) throws IOException {
        refusedAlready(type, body);
        if (type != FrameType.INTERFACE) none(type);
        Interface read = InterfaceJson.read(body.bytes(INTERFACE_BYTES_MAX));
        body.finished();
        described.complete(read);
    }

    private void begin(FrameType type, int id, FrameReader body) throws IOException {
        refusedAlready(type, body);
        if (type != FrameType.READY) none(type);
        body.finished();
        ready.complete(confined);
    }

    /// @throws EOFException if the worker says that it will not run
    private void refusedAlready(FrameType type, FrameReader body) throws IOException {
        if (type != FrameType.REFUSED) return;
        RuntimeRefusal refusal = new RuntimeRefusal(body.text(REASON_BYTES_MAX));
        described.completeExceptionally(refusal);
        ready.completeExceptionally(refusal);
        throw new EOFException("refused");
    }

    /// Ends it at once. Any thread; the first reason counts.
    void kill(String reason) {
        synchronized (this) {
            if (killedFor == null) killedFor = reason;
        }
        Process running = process;
        if (running != null) running.destroyForcibly();
        stopListening();
        Frames open = frames;
        if (open != null) open.close();
    }

    private synchronized boolean killed() {
        return killedFor != null;
    }

    private static void awaitExit(Process started, Duration atMost) {
        try {
            boolean ignored = started.waitFor(atMost);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private String how(Process started, String linkEnd, Cgroup.@Nullable Group group) {
        String killed;
        synchronized (this) {
            killed = killedFor;
        }
        if (killed != null) return "was killed: it " + killed;
        if (!linkEnd.isEmpty()) return "was killed: it " + linkEnd;
        if (group != null && group.outOfMemory())
            return "was killed: it went over its memory limit of "
                    + instructions.spec().each().memoryBytes() + " bytes (cgroup)";
        return started.isAlive() ? "does not end" : WorkerExit.text(started.exitValue()) + said();
    }

    /// The JVM's own words, where it did not get as far as a stranger's code.
    private String said() {
        WorkerOutput printed = output;
        if (greeted || printed == null) return "";
        String words = String.join(" ", printed.lines(true)).strip();
        return words.isEmpty() ? "" : ": " + words.substring(0, Math.min(OUTPUT_SHOWN_MAX, words.length()));
    }

    /// Tells what its code has printed since the last time. Called by the watch.
    void tell(OutputListener listener) {
        boolean ended = hasEnded();
        WorkerOutput printed = output;
        if (printed == null || instructions.describe() || !greeted && !ended) return;
        for (String line : printed.lines(ended))
            listener.printed(instructions.application(), instructions.spec().name(), name, line);
    }

    /// Compares what it uses with what it may. Called by the watch, several times a second.
    void check() {
        if (hasEnded()) return;
        Frames link = frames;
        if (link != null && link.stuckFor() > limits.writeTimeout().toNanos())
            kill("did not read its link for " + limits.writeTimeout().toSeconds() + " s");
        use.over(process()).ifPresent(this::kill);
    }
}
