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
import java.util.List;
import java.util.Objects;

/// How a database of the home is opened: for its owner only, every commit on disk when the call returns, and
/// what its schema says is not run.
public final class PrivateDatabase {
    private static final List<String> SETTINGS = List.of(
            "busy_timeout = 5000", // milliseconds that a writer waits for another
            "journal_mode = WAL",
            "synchronous = FULL",
            "trusted_schema = OFF");

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

    /// A statement each: one that has told the new journal mode and is not closed keeps a lock, and other first starts
    /// are refused at once.
    private static void set(Connection connection, String setting) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("PRAGMA " + setting);
        }
    }

    private static void createPrivately(Path file) throws IOException {
        DurableFiles.privateDirectory(Objects.requireNonNull(file.getParent()));
        var ownerOnly = PosixFilePermissions.fromString("rw-------");
        try { // SQLite gives its -wal and -shm files the mode of the database
            Files.createFile(file, PosixFilePermissions.asFileAttribute(ownerOnly));
        } catch (FileAlreadyExistsException e) {
            if (!Files.getPosixFilePermissions(file).equals(ownerOnly)) Files.setPosixFilePermissions(file, ownerOnly);
        }
    }
}
