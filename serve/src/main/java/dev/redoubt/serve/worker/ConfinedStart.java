package dev.redoubt.serve.worker;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;

/// Starts the process of a worker by a thread that has taken files from itself, for good: a process inherits what its
/// parent's thread lacks, and so every thread of the JVM lacks it from its first instruction. What the worker takes
/// from itself later ([Confiner]) is more, but holds, up to Landlock's ABI 7, for threads only that it starts after
/// that; and the JDK's own threads of before can be made to run an application's code.
final class ConfinedStart {
    /* A thread of its own for each worker. It stays until the worker has ended, since the worker is killed when the thread that started
     * it ends (PR_SET_PDEATHSIG in Confiner). Whatever threads the JDK starts on it, which is the one that waits for the process, lack
     * the same files and open none. */
    private static final int PR_SET_NO_NEW_PRIVS = 38;

    /// Where the C library, its loader and what native code is linked with are.
    private static final List<Path> SYSTEM_LIBRARIES =
            List.of(Path.of("/lib"), Path.of("/lib64"), Path.of("/usr/lib"), Path.of("/usr/lib64"));

    /// What these and the JVM read when they start.
    private static final List<Path> SYSTEM_FILES = List.of(
            Path.of("/etc/ld.so.cache"),
            Path.of("/proc/cpuinfo"),
            Path.of("/proc/meminfo"),
            Path.of("/proc/stat"),
            Path.of("/sys/devices/system/cpu"),
            Path.of("/dev/zero"),
            Path.of("/dev/random"),
            Path.of("/dev/urandom"));

    private final SystemCalls system;

    private ConfinedStart(SystemCalls system) {
        this.system = system;
    }

    /// Empty where the system has no way to.
    static Optional<ConfinedStart> ofThisMachine() {
        return SystemCalls.ofThisMachine()
                .filter(system -> Landlock.of(system).abi() > 0)
                .map(ConfinedStart::new);
    }

    /// @param builder of a command that is the `bin/java` of a JVM, and its arguments
    /// @param read beside that JVM
    /// @param folder to write
    /// @param until the process has ended
    Process start(ProcessBuilder builder, List<Path> read, Path folder, CountDownLatch until) throws IOException {
        CompletableFuture<Process> started = new CompletableFuture<>();
        Path jvm =
                Path.of(builder.command().getFirst()).resolve("../..").normalize(); // kinds may have one of their own
        Landlock.Allowed allowed = allowed(jvm, read, folder);
        Thread.ofPlatform().name("worker-start").daemon().start(() -> {
            try {
                if (!system.prctl(PR_SET_NO_NEW_PRIVS, 1)
                        || !Landlock.of(system).restrictThread(allowed))
                    throw new IOException("no files can be taken from a process here, though the kernel has Landlock");
                started.complete(builder.start());
                until.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (Throwable fault) {
                started.completeExceptionally(fault);
            }
        });
        try {
            return started.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException failed ? failed : new IOException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("it is not wanted any more", e);
        }
    }

    private static Landlock.Allowed allowed(Path jvm, List<Path> read, Path folder) {
        List<Path> run = new ArrayList<>(SYSTEM_LIBRARIES);
        run.add(jvm);
        run.add(Path.of(System.getProperty("java.home")).resolve("lib/jspawnhelper"));
        List<Path> all = new ArrayList<>(read);
        all.addAll(SYSTEM_FILES);
        for (String linked : List.of("conf", "conf/security", "conf/security/java.security", "lib/security"))
            real(jvm.resolve(linked)).ifPresent(all::add);
        return new Landlock.Allowed(all, List.of(folder, Path.of("/dev/null")), run);
    }

    /// Distributions keep a JDK's settings elsewhere.
    private static Optional<Path> real(Path path) {
        try {
            return Files.exists(path) ? Optional.of(path.toRealPath()) : Optional.empty();
        } catch (IOException gone) {
            return Optional.empty();
        }
    }
}
