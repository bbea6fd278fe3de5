package dev.redoubt.trust;

import dev.redoubt.base.DurableFiles;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/// A private folder that becomes a store entry or vanishes. It belongs to the process that holds its lock; what
/// a dead process has left is swept away by the next one.
final class Staging implements AutoCloseable {
    /* Two files per stage: `X/` and `X.lock`, the latter locked for as long as its process lives: the kernel
     * lets go of it however that process ends. Sweeping takes the lock of each stage it finds; where that
     * succeeds the owner is dead. A lock file may be swept between its creation and its locking, so the
     * owner looks afterwards whether it is still there. Readers take no lock, and writers wait for nobody. */
    private static final String LOCK = ".lock";

    private final Path folder;
    private final Path lockFile;
    private final FileChannel channel;

    private Staging(Path folder, Path lockFile, FileChannel channel) {
        this.folder = folder;
        this.lockFile = lockFile;
        this.channel = channel;
    }

    /// Makes a new stage below `parent`.
    static Staging create(Path parent) throws IOException {
        DurableFiles.privateDirectory(parent);
        while (true) {
            String id = UUID.randomUUID().toString();
            Optional<FileChannel> lock = lock(parent.resolve(id + LOCK));
            if (lock.isEmpty()) continue; // swept away, or locked by the sweeper: take another name
            return new Staging(
                    DurableFiles.privateDirectory(parent.resolve(id)), parent.resolve(id + LOCK), lock.get());
        }
    }

    /// Locks a file of its own name, made if need be; empty if another process, or another thread of this one,
    /// holds it.
    static Optional<FileChannel> lock(Path file) throws IOException {
        FileChannel channel = FileChannel.open(
                file,
                Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        try {
            FileLock lock = channel.tryLock();
            if (lock != null && Files.exists(file)) return Optional.of(channel);
        } catch (OverlappingFileLockException heldByThisProcess) {
            channel.close();
            return Optional.empty();
        } catch (IOException e) {
            channel.close();
            throw e;
        }
        channel.close();
        return Optional.empty();
    }

    Path folder() {
        return folder;
    }

    /// Removes what dead processes have left below `parent`; leaves what it may not touch.
    static void sweep(Path parent) {
        if (!Files.isDirectory(parent)) return;
        try (DirectoryStream<Path> locks = Files.newDirectoryStream(parent, "*" + LOCK)) {
            for (Path lockFile : locks) {
                Optional<FileChannel> lock = lock(lockFile);
                if (lock.isEmpty()) continue;
                String name = String.valueOf(lockFile.getFileName());
                Path left = parent.resolve(name.substring(0, name.length() - LOCK.length()));
                new Staging(left, lockFile, lock.get()).close();
            }
        } catch (IOException readOnlyOrBusy) {
            return; // a store on read-only media, or a child of the dead process still writing: the next sweep
        }
    }

    /// Removes the stage unless it was moved away, and lets go of the lock.
    @Override
    public void close() throws IOException {
        try (channel) {
            DurableFiles.deleteTree(folder);
            Files.deleteIfExists(lockFile);
        }
    }
}
