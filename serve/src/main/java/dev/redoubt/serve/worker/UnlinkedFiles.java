package dev.redoubt.serve.worker;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/// Files that a process holds and that no folder shows: removed while they are open or mapped, or never named. They
/// take room until it lets go of them.
///
/// Read from `/proc`, which tells it of a process that can be dumped, see [Confiner]. For one thread.
final class UnlinkedFiles {
    private static final int MAPPED_EVERY = 10; // looks: the list of what is mapped has some hundred lines

    /// A mapping keeps a whole file, of which it tells the size of its own part only. So their number is
    /// limited: a native library may be unpacked, loaded and removed.
    private static final int MAPPED_MAX = 16;

    private static final String GONE = " (deleted)";
    private static final int INODE_FIELD = 4; // of a line of /proc/PID/maps
    private static final int PATH_FIELD = 5;

    private final String folder;
    private final Path process;
    private int looks;
    private Map<Long, Long> mapped = Map.of(); // bytes by inode, when it was last looked

    /// @param folder as the kernel names it; what lies elsewhere is not counted
    UnlinkedFiles(Path folder, long process) {
        this.folder = folder + "/";
        this.process = Path.of("/proc", Long.toString(process));
    }

    /// @return `Long.MAX_VALUE` for what cannot be counted; 0 where the process has ended or the system does not tell
    long bytes() {
        try {
            Set<Long> counted = new HashSet<>();
            long open = open(counted);
            if (looks++ % MAPPED_EVERY == 0) mapped = mapped();
            long more = 0;
            int files = 0;
            for (var file : mapped.entrySet()) {
                if (counted.contains(file.getKey())) continue;
                more += file.getValue();
                files++;
            }
            return files > MAPPED_MAX ? Long.MAX_VALUE : open + more;
        } catch (IOException | RuntimeException unknown) {
            return 0;
        }
    }

    private long open(Set<Long> counted) throws IOException {
        long sum = 0;
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(process.resolve("fd"))) {
            for (Path descriptor : descriptors) sum += unlinked(descriptor, counted);
        }
        return sum;
    }

    private long unlinked(Path descriptor, Set<Long> counted) {
        try {
            if (!isOurs(Files.readSymbolicLink(descriptor).toString())) return 0;
            Map<String, Object> file = Files.readAttributes(descriptor, "unix:nlink,ino,size");
            boolean counts = number(file, "nlink") == 0 && counted.add(number(file, "ino"));
            return counts ? number(file, "size") : 0;
        } catch (IOException closedMeanwhile) {
            return 0;
        }
    }

    private static long number(Map<String, Object> file, String attribute) {
        return file.get(attribute) instanceof Number value ? value.longValue() : 0;
    }

    private Map<Long, Long> mapped() throws IOException {
        Map<Long, Long> found = new HashMap<>();
        try (Stream<String> lines = Files.lines(process.resolve("maps"))) {
            lines.filter(line -> line.endsWith(GONE)).forEach(line -> {
                String[] fields = line.split(" +", PATH_FIELD + 1);
                if (!isOurs(fields[PATH_FIELD])) return;
                String[] range = fields[0].split("-", 2);
                long length = Long.parseLong(range[1], 16) - Long.parseLong(range[0], 16);
                found.merge(Long.valueOf(fields[INODE_FIELD]), Long.parseLong(fields[2], 16) + length, Math::max);
            });
        }
        return found;
    }

    private boolean isOurs(String path) {
        return path.startsWith(folder) && path.endsWith(GONE);
    }
}
