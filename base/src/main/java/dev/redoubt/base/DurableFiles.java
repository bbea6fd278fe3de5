package dev.redoubt.base;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Files that are whole or absent, whenever the process or the machine dies, and that only their owner can
/// read.
public final class DurableFiles {
    /// What is being written that long is being written by nobody.
    private static final Duration WRITING_MAX = Duration.ofMinutes(10);

    private DurableFiles() {}

    /// Makes a folder and its parents; those made are mode 0700.
    public static Path privateDirectory(Path folder) throws IOException {
        if (Files.isDirectory(folder)) return folder;
        return Files.createDirectories(
                folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }

    /// Replaces `target` by `content`: written beside it (mode 0600), flushed to disk, renamed, and the folder
    /// flushed.
    public static void replace(Path target, byte[] content) throws IOException {
        Path folder = java.util.Objects.requireNonNull(target.toAbsolutePath().getParent());
        privateDirectory(folder);
        sweep(folder);
        Path partial = Files.createTempFile(
                folder,
                ".partial-",
                ".tmp",
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        try {
            try (FileChannel channel = FileChannel.open(partial, Set.of(StandardOpenOption.WRITE))) {
                ByteBuffer buffer = ByteBuffer.wrap(content);
                while (buffer.hasRemaining()) channel.write(buffer);
                channel.force(true);
            }
            rename(partial, target);
        } finally {
            Files.deleteIfExists(partial);
        }
    }

    /// Removes what [#replace] left where it was killed.
    private static void sweep(Path folder) throws IOException {
        Instant before = Instant.now().minus(WRITING_MAX);
        try (DirectoryStream<Path> left = Files.newDirectoryStream(folder, ".partial-*.tmp")) {
            for (Path partial : left)
                if (Files.getLastModifiedTime(partial).toInstant().isBefore(before)) Files.deleteIfExists(partial);
        } catch (NoSuchFileException swept) {
            return; // by another process
        }
    }

    /// Renames a finished, flushed file to its final name atomically and flushes the folder.
    public static void rename(Path finished, Path target) throws IOException {
        Files.move(finished, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        flushDirectory(java.util.Objects.requireNonNull(target.toAbsolutePath().getParent()));
    }

    /// Removes a folder and all that is in it; what is gone already is fine.
    public static void deleteTree(Path folder) throws IOException {
        if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) return;
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.deleteIfExists(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException error) throws IOException {
                if (error != null) throw error;
                Files.deleteIfExists(visited);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    /// Makes the names in a folder durable.
    public static void flushDirectory(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
