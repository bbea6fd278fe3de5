package dev.redoubt.base;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/// Files that are whole or absent, whenever the process or the machine dies, and that only their owner can
/// read.
public final class DurableFiles {
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

    /// Renames a finished, flushed file to its final name atomically and flushes the folder.
    public static void rename(Path finished, Path target) throws IOException {
        Files.move(finished, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        flushDirectory(java.util.Objects.requireNonNull(target.toAbsolutePath().getParent()));
    }

    /// Makes the names in a folder durable.
    public static void flushDirectory(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
