package dev.redoubt.policy;

import dev.redoubt.base.DurableFiles;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.sqlite.SQLiteErrorCode;

/// How a database of the home is opened: for its owner only, every commit on disk when the call returns, and
/// what its schema says is not run.
public final class PrivateDatabase {
    private static final Duration WAIT_MAX = Duration.ofSeconds(5);
    private static final Duration RETRY_INTERVAL = Duration.ofMillis(5);
    private static final List<String> SETTINGS = List.of(
            "busy_timeout = " + WAIT_MAX.toMillis(), // milliseconds that a writer waits for another
            "journal_mode = WAL",
            "synchronous = FULL",
            "trusted_schema = OFF");
    private static final ReentrantLock CREATING = new ReentrantLock();

    private PrivateDatabase() {}

    /// Makes it first where there is none.
    public static Connection open(Path file) throws SQLException, IOException {
        createPrivately(file);
        Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
        try {
            for (String setting : SETTINGS) set(connection, setting);
            return connection;
        } catch (SQLException | RuntimeException e) {
            connection.close();
            throw e;
        }
    }

    /// Of several first starts one gives the new file its journal mode. To the others SQLite says at once that the
    /// file is locked, whatever they would wait: each holds what the other one needs. So they let go and ask again.
    private static void set(Connection connection, String setting) throws SQLException {
        long from = System.nanoTime();
        while (!tried(connection, setting, System.nanoTime() - from < WAIT_MAX.toNanos()))
            LockSupport.parkNanos(RETRY_INTERVAL.toNanos());
    }

    /// A statement each: one that has told the new journal mode and is not closed keeps a lock.
    private static boolean tried(Connection connection, String setting, boolean mayWait) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("PRAGMA " + setting);
            return true;
        } catch (SQLException e) {
            if (mayWait && e.getErrorCode() == SQLiteErrorCode.SQLITE_BUSY.code) return false;
            throw e;
        }
    }

    /// One thread at a time: a process that closes a file gives up the locks of all its threads on it, and another one
    /// may have opened the database already.
    private static void createPrivately(Path file) throws IOException {
        DurableFiles.privateDirectory(Objects.requireNonNull(file.getParent()));
        var ownerOnly = PosixFilePermissions.fromString("rw-------");
        CREATING.lock();
        try { // SQLite gives its -wal and -shm files the mode of the database
            Files.createFile(file, PosixFilePermissions.asFileAttribute(ownerOnly));
        } catch (FileAlreadyExistsException e) {
            if (!Files.getPosixFilePermissions(file).equals(ownerOnly)) Files.setPosixFilePermissions(file, ownerOnly);
        } finally {
            CREATING.unlock();
        }
    }
}
