package dev.redoubt.serve.worker;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Optional;
import java.util.Set;

/// What a process uses, read from outside of it.
final class ProcessUse {
    private static final int PAGE_BYTES = 4096;
    private static final int THREADS_FIELD = 17; // of /proc/PID/stat, counted from the one after the name

    private static final int DEPTH_MAX = 64; // of folders that are open at once

    private ProcessUse() {}

    /// @param threads of the system
    record Use(long residentBytes, int threads) {}

    /// Empty where the process has ended or the system does not tell.
    static Optional<Use> of(long process) {
        try {
            Path folder = Path.of("/proc", Long.toString(process));
            String[] pages = Files.readString(folder.resolve("statm")).split(" ");
            String stat = Files.readString(folder.resolve("stat"));
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            return Optional.of(new Use(Long.parseLong(pages[1]) * PAGE_BYTES, Integer.parseInt(fields[THREADS_FIELD])));
        } catch (IOException | RuntimeException unknown) {
            return Optional.empty();
        }
    }

    /// Of all files in a folder, counted until one of the limits is passed: the folder is its owner's, who may
    /// fill it faster than it is read.
    static long bytesIn(Path folder, long bytesMax, int filesMax) {
        var sum = new SimpleFileVisitor<Path>() {
            long bytes;
            int files;

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                if (attributes.isDirectory()) return uncounted(); // as deep as is looked
                bytes += attributes.size();
                return ++files > filesMax || bytes > bytesMax ? FileVisitResult.TERMINATE : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult preVisitDirectory(Path below, BasicFileAttributes attributes) {
                return ++files > filesMax ? FileVisitResult.TERMINATE : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException failure) {
                return failure instanceof NoSuchFileException ? FileVisitResult.CONTINUE : uncounted();
            }

            /// What cannot be counted is over the limit.
            private FileVisitResult uncounted() {
                files = filesMax + 1;
                return FileVisitResult.TERMINATE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path below, @org.jspecify.annotations.Nullable IOException gone) {
                return FileVisitResult.CONTINUE;
            }
        };
        try {
            Files.walkFileTree(folder, Set.of(), DEPTH_MAX, sum);
        } catch (IOException gone) {
            return 0;
        }
        return sum.files > filesMax ? Long.MAX_VALUE : sum.bytes;
    }
}
