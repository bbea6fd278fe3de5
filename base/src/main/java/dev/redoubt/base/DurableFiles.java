package dev.redoubt.base;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;

/// Files that are whole or absent, whenever the process or the machine dies, and that only their owner can
/// read.
public final class DurableFiles {
    /// What is being written that long is being written by nobody.
    private static final Duration WRITING_MAX = Duration.ofMinutes(10);

    /// What is to be in a file.
    ///
    /// @param <X> why there is none after all
    @FunctionalInterface
    public interface Content<X extends Exception> {
        void writeTo(OutputStream out) throws IOException, X;
    }

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
        replace(target, out -> out.write(content));
    }

    /// As [#replace], of what is too large to be held, or may turn out to be none.
    public static <X extends Exception> void replace(Path target, Content<X> content) throws IOException, X {
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
                content.writeTo(Channels.newOutputStream(channel));
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

    /// Removes a folder and all that is in it; what is gone already is fine. However deep it is, and whatever its modes
    /// are: who has made it may have meant it to stay.
    public static void deleteTree(Path folder) throws IOException {
        TreeRemoval.of(folder);
    }

    /// Makes the names in a folder durable.
    public static void flushDirectory(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
