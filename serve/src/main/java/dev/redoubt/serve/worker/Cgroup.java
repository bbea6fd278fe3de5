package dev.redoubt.serve.worker;

import dev.redoubt.serve.spec.Resources;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// The kernel's own accounts (cgroup v2): a group for each worker, below the one this server runs in, where
/// that was delegated to it.
final class Cgroup {
    /* A group that has processes cannot hand controllers on, so the server moves itself into a group beside its workers' first. That changes
     * nothing for it: it keeps the limits of the group above. */
    private static final Set<String> CONTROLLERS = Set.of("memory", "cpu", "pids");
    private static final String SERVER = "redoubt-server";
    private static final String WORKER = "redoubt-worker-";
    private static final int PERIOD_MICROS = 100_000;
    private static final int CPU_QUOTA_MIN_MICROS = 1_000;

    private final Path own;

    private Cgroup(Path own) {
        this.own = own;
    }

    /// Empty where there is no such hierarchy, or it is not ours to change.
    ///
    /// @param mount usually `/sys/fs/cgroup`
    /// @param membership usually `/proc/self/cgroup`
    static Optional<Cgroup> find(Path mount, Path membership) {
        try {
            if (!Files.exists(mount.resolve("cgroup.controllers"))) return Optional.empty(); // version 1, or none
            Optional<String> path = Files.readAllLines(membership).stream()
                    .filter(line -> line.startsWith("0::/"))
                    .map(line -> line.substring("0::/".length()))
                    .findAny();
            if (path.isEmpty()) return Optional.empty();
            Path own = mount.resolve(path.get()).normalize();
            if (!own.startsWith(mount)
                    || !words(own.resolve("cgroup.controllers")).containsAll(CONTROLLERS)) return Optional.empty();
            return delegate(own) ? Optional.of(new Cgroup(own)) : Optional.empty();
        } catch (IOException unreadable) {
            return Optional.empty();
        }
    }

    private static boolean delegate(Path own) {
        try {
            if (words(own.resolve("cgroup.subtree_control")).containsAll(CONTROLLERS)) return Files.isWritable(own);
            Path server = own.resolve(SERVER);
            if (!Files.isDirectory(server)) Files.createDirectory(server);
            write(server.resolve("cgroup.procs"), ProcessHandle.current().pid());
            write(own.resolve("cgroup.subtree_control"), "+memory +cpu +pids");
            return true;
        } catch (IOException refused) {
            return false; // it belongs to somebody else
        }
    }

    /// Makes a group with its limits and puts a process there.
    ///
    /// @param threadsMax of all its processes
    Group add(String name, long process, Resources each, int threadsMax) throws IOException {
        Path group = own.resolve(WORKER + name);
        Files.createDirectory(group);
        Group made = new Group(group);
        try {
            write(group.resolve("memory.max"), each.memoryBytes());
            write(group.resolve("memory.swap.max"), 0);
            write(group.resolve("memory.oom.group"), 1);
            write(group.resolve("cpu.max"), quotaMicros(each.cpus()) + " " + PERIOD_MICROS);
            write(group.resolve("pids.max"), threadsMax);
            write(group.resolve("cgroup.procs"), process);
            return made;
        } catch (IOException e) {
            made.close();
            throw e;
        }
    }

    private static long quotaMicros(double cpus) {
        return Math.max(CPU_QUOTA_MIN_MICROS, Math.round(cpus * PERIOD_MICROS));
    }

    /// The group of one worker.
    static final class Group implements AutoCloseable {
        private final Path folder;

        private Group(Path folder) {
            this.folder = folder;
        }

        /// Whether the kernel has killed for want of memory here.
        boolean outOfMemory() {
            try {
                return Files.readAllLines(folder.resolve("memory.events")).stream()
                        .anyMatch(line -> line.startsWith("oom_kill ") && !line.equals("oom_kill 0"));
            } catch (IOException gone) {
                return false;
            }
        }

        /// Its process has ended.
        @Override
        public void close() {
            try {
                Files.deleteIfExists(folder);
            } catch (IOException stillUsed) {
                return; // the next start of a server finds it empty
            }
        }
    }

    private static Set<String> words(Path file) throws IOException {
        List<String> words = Arrays.asList(Files.readString(file).strip().split("\\s+"));
        return new HashSet<>(words);
    }

    private static void write(Path file, Object value) throws IOException {
        Files.writeString(file, String.valueOf(value), StandardOpenOption.WRITE, StandardOpenOption.CREATE);
    }
}
