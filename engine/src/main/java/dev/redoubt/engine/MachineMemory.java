package dev.redoubt.engine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;

/// How much memory this process may still take: what the machine has available, or less where a control group
/// says so.
final class MachineMemory {
    private static final long CGROUP_UNLIMITED = 1L << 60; // version 1 writes a huge number for "no limit"

    private final Path root;

    /// @param root of the file system; `/` but in tests
    MachineMemory(Path root) {
        this.root = root;
    }

    /// In bytes; empty where the system does not say (not Linux).
    OptionalLong available() {
        OptionalLong machine = memAvailable();
        if (machine.isEmpty()) return machine;
        long available = machine.getAsLong();
        for (String line : lines("proc/self/cgroup")) {
            String[] parts = line.split(":", 3);
            if (parts.length != 3) continue;
            if (parts[1].isEmpty())
                available = Math.min(available, left("sys/fs/cgroup", parts[2], "memory.max", "memory.current"));
            else if (List.of(parts[1].split(",")).contains("memory"))
                available = Math.min(
                        available,
                        left("sys/fs/cgroup/memory", parts[2], "memory.limit_in_bytes", "memory.usage_in_bytes"));
        }
        return OptionalLong.of(available);
    }

    private OptionalLong memAvailable() {
        for (String line : lines("proc/meminfo")) {
            if (!line.startsWith("MemAvailable:")) continue;
            String kib =
                    line.substring("MemAvailable:".length()).replace("kB", "").strip();
            return OptionalLong.of(Long.parseLong(kib) * 1024);
        }
        return OptionalLong.empty();
    }

    /// The tightest limit on the way from the group up to the mount, less what is used there; page cache can be
    /// given back.
    private long left(String mount, String group, String limitFile, String usedFile) {
        long left = Long.MAX_VALUE;
        Path top = root.resolve(mount);
        Path at = top.resolve(group.substring(1)).normalize();
        if (!at.startsWith(top)) at = top; // the group lies outside of what this container sees
        while (at.startsWith(top)) {
            long limit = number(at.resolve(limitFile));
            long used = number(at.resolve(usedFile));
            if (limit >= 0 && limit < CGROUP_UNLIMITED && used >= 0)
                left = Math.min(left, Math.max(0, limit - used + inactiveFile(at)));
            Path parent = at.getParent();
            if (parent == null) break;
            at = parent;
        }
        return left;
    }

    private long inactiveFile(Path group) {
        for (String line : read(group.resolve("memory.stat")))
            if (line.startsWith("inactive_file ")) return Long.parseLong(line.substring("inactive_file ".length()));
        return 0;
    }

    /// -1 for `max` or no such file.
    private static long number(Path file) {
        List<String> lines = read(file);
        return lines.isEmpty() || lines.getFirst().equals("max")
                ? -1
                : Long.parseLong(lines.getFirst().strip());
    }

    private List<String> lines(String file) {
        return read(root.resolve(file));
    }

    private static List<String> read(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException absent) {
            return List.of();
        }
    }
}
