package dev.redoubt.policy.audit;

import dev.redoubt.base.DurableFiles;
import dev.redoubt.base.Home;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/// Where a log lies, and who may work on it.
///
/// @param path `REDOUBT_HOME/audit`
/// @param key the file of the pair that signs heads
record AuditFolder(Path path, Path key) {
    /* Several processes write to one log: a server, and commands beside it. Who appends holds the lock on `lock`, which the kernel
     * gives back however a process ends. Java refuses a second such lock within one process instead of waiting for it, so threads
     * wait for each other first. */
    static final FileAttribute<Set<PosixFilePermission>> OWNER_ONLY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    private static final ReentrantLock THREADS = new ReentrantLock();
    private static final String LOCK = "lock";

    static AuditFolder of(Home home) {
        return new AuditFolder(home.audit(), home.auditKey());
    }

    /// What nobody else may do at the same time.
    interface Work<T> {
        T run() throws IOException;
    }

    /// Runs something while no other thread or process writes to the log.
    <T> T exclusively(Work<T> work) throws IOException {
        DurableFiles.privateDirectory(path);
        THREADS.lock();
        try (FileChannel channel = FileChannel.open(
                        path.resolve(LOCK), Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE), OWNER_ONLY);
                FileLock lock = channel.lock()) {
            if (!lock.isValid()) throw new IOException("the lock of the audit log was lost");
            return work.run();
        } finally {
            THREADS.unlock();
        }
    }
}
