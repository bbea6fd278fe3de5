package dev.redoubt.serve.control;

import dev.redoubt.base.Home;
import dev.redoubt.base.TimeSource;
import dev.redoubt.policy.PrivateDatabase;
import dev.redoubt.policy.SqliteLibrary;
import dev.redoubt.serve.spec.ApplicationSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What is wanted, on disk: for each application its versions and which of them is its goal. Not safe for
/// several threads at once. What a method has returned from survives `kill -9` and a power cut
/// (`synchronous=FULL`); each is one transaction.
final class GoalStore implements AutoCloseable {
    private static final int SCHEMA_VERSION = 2;
    /// Versions of one application that are kept; its goal and the one before are always among them.
    static final int VERSIONS_MAX = 10;

    private final Path file;
    private final Connection connection;
    private final TimeSource time;

    /// @param previous what was the goal when this was deployed
    /// @param reason why it failed
    record Version(
            ApplicationSpec spec, long number, OptionalLong previous, Verdict verdict, String reason, Instant at) {}

    /// @param deleting whether the application is to end
    record Goal(Version version, boolean deleting) {}

    private GoalStore(Path file, Connection connection, TimeSource time) {
        this.file = file;
        this.connection = connection;
        this.time = time;
    }

    /// Opens the database of a home, making it first where there is none (mode 0600).
    ///
    /// @throws GoalStoreException if that fails
    static GoalStore open(Home home, TimeSource time) {
        SqliteLibrary.load(home.nativeLibraries());
        Path file = home.platform();
        try {
            Connection connection = PrivateDatabase.open(file);
            try {
                GoalStore store = new GoalStore(file, connection, time);
                store.prepare();
                return store;
            } catch (SQLException | RuntimeException e) {
                connection.close();
                throw e;
            }
        } catch (SQLException | IOException e) {
            throw new GoalStoreException(
                    "platform database " + file + " cannot be opened: check its owner, mode and disk space", e);
        }
    }

    List<Goal> goals() {
        return read(() -> {
            List<Goal> all = new ArrayList<>();
            try (Statement statement = connection.createStatement();
                    ResultSet rows = statement.executeQuery(
                            "SELECT v.*, g.deleting FROM goals g JOIN versions v USING (application, version)"
                                    + " ORDER BY application")) {
                while (rows.next()) all.add(new Goal(version(rows), rows.getBoolean("deleting")));
            }
            return all;
        });
    }

    /// Of all versions, as they are stored.
    List<String> specs() {
        return read(() -> {
            List<String> all = new ArrayList<>();
            try (Statement statement = connection.createStatement();
                    ResultSet rows = statement.executeQuery("SELECT spec FROM versions")) {
                while (rows.next()) all.add(rows.getString("spec"));
            }
            return all;
        });
    }

    Optional<Version> version(String application, long number) {
        return history(application).stream()
                .filter(one -> one.number() == number)
                .findAny();
    }

    /// Newest first.
    List<Version> history(String application) {
        return read(() -> {
            List<Version> all = new ArrayList<>();
            try (PreparedStatement statement =
                    connection.prepareStatement("SELECT * FROM versions WHERE application = ? ORDER BY version DESC")) {
                statement.setString(1, application);
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) all.add(version(rows));
                }
            }
            return all;
        });
    }

    /// The spec becomes the application's goal. The last versions are kept, and the last that has worked: it may be the
    /// one that runs, for as long as none after it does.
    ///
    /// @return its version
    long deploy(ApplicationSpec spec) {
        return write(() -> {
            String name = spec.name();
            long number = number("SELECT coalesce(max(version), 0) + 1 FROM versions WHERE application = ?", name)
                    .getAsLong();
            OptionalLong previous = number("SELECT version FROM goals WHERE application = ?", name);
            update(
                    "INSERT INTO versions (application, version, spec, previous, verdict, reason, at)"
                            + " VALUES (?, ?, ?, ?, 'OPEN', '', ?)",
                    name,
                    number,
                    SpecJson.write(spec),
                    previous.isPresent() ? previous.getAsLong() : null,
                    time.now().toEpochMilli());
            point(name, number);
            update(
                    "DELETE FROM versions WHERE application = ? AND version <= ? AND version <> ?"
                            + " AND version <> coalesce((SELECT max(version) FROM versions"
                            + " WHERE application = ? AND verdict = 'PROVEN'), 0)",
                    name,
                    number - VERSIONS_MAX,
                    previous.orElse(number),
                    name);
            return number;
        });
    }

    /// The same version with other numbers of replicas, or with what its names stand for.
    void replace(ApplicationSpec spec, long number) {
        write(() -> update(
                "UPDATE versions SET spec = ? WHERE application = ? AND version = ?",
                SpecJson.write(spec),
                spec.name(),
                number));
    }

    /// An earlier version becomes the goal again.
    void goBack(String application, long number) {
        write(() -> point(application, number));
    }

    /// @param verdict that it has worked
    void ran(String application, long number, Verdict verdict) {
        write(() -> update(
                "UPDATE versions SET verdict = ?, reason = '' WHERE application = ? AND version = ?",
                verdict.name(),
                application,
                number));
    }

    /// @param back the version that becomes the goal again; none where there is no good one
    void failed(String application, long number, String reason, OptionalLong back) {
        write(() -> {
            if (back.isPresent()) point(application, back.getAsLong());
            return update(
                    "UPDATE versions SET verdict = 'FAILED', reason = ? WHERE application = ? AND version = ?",
                    reason,
                    application,
                    number);
        });
    }

    /// What the file of the last start said of an application, and which version came of it.
    record Said(String spec, long version) {}

    /// By application.
    Map<String, Said> said() {
        return read(() -> {
            Map<String, Said> all = new TreeMap<>();
            try (Statement statement = connection.createStatement();
                    ResultSet rows = statement.executeQuery("SELECT * FROM files")) {
                while (rows.next())
                    all.put(rows.getString("application"), new Said(rows.getString("spec"), rows.getLong("version")));
            }
            return all;
        });
    }

    /// In the place of all that was said before.
    ///
    /// @param said by application
    void said(Map<String, Said> said) {
        write(() -> {
            int rows = update("DELETE FROM files");
            for (Map.Entry<String, Said> one : said.entrySet())
                rows += update(
                        "INSERT INTO files (application, spec, version) VALUES (?, ?, ?)",
                        one.getKey(),
                        one.getValue().spec(),
                        one.getValue().version());
            return rows;
        });
    }

    void deleting(String application) {
        write(() -> update("UPDATE goals SET deleting = 1 WHERE application = ?", application));
    }

    /// Forgets it.
    void deleted(String application) {
        write(() -> {
            update("DELETE FROM goals WHERE application = ?", application);
            update("UPDATE files SET version = 0 WHERE application = ?", application); // its numbers begin again
            return update("DELETE FROM versions WHERE application = ?", application);
        });
    }

    @Override
    public void close() {
        try {
            connection.close();
        } catch (SQLException e) {
            throw broken("closed", e);
        }
    }

    // ---- SQLite

    private void prepare() throws SQLException {
        write(() -> {
            long version = number("PRAGMA user_version").getAsLong();
            if (version > SCHEMA_VERSION)
                throw new GoalStoreException("platform database " + file + " has schema version " + version
                        + ", known is " + SCHEMA_VERSION + ": start the newer Redoubt that wrote it");
            if (version == SCHEMA_VERSION) return version;
            execute("CREATE TABLE files (application TEXT NOT NULL PRIMARY KEY, spec TEXT NOT NULL,"
                    + " version INTEGER NOT NULL) STRICT");
            execute("PRAGMA user_version = " + SCHEMA_VERSION);
            if (version == 1) return version;
            execute("CREATE TABLE versions (application TEXT NOT NULL, version INTEGER NOT NULL, spec TEXT NOT NULL,"
                    + " previous INTEGER, verdict TEXT NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL,"
                    + " PRIMARY KEY (application, version)) STRICT");
            execute("CREATE TABLE goals (application TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL,"
                    + " deleting INTEGER NOT NULL) STRICT");
            return version;
        });
    }

    private int point(String application, long number) throws SQLException {
        return update(
                "INSERT INTO goals (application, version, deleting) VALUES (?, ?, 0)"
                        + " ON CONFLICT (application) DO UPDATE SET version = excluded.version, deleting = 0",
                application,
                number);
    }

    private Version version(ResultSet row) throws SQLException {
        String name = row.getString("application");
        long number = row.getLong("version");
        try {
            long previous = row.getLong("previous"); // 0 for NULL: versions begin at 1
            return new Version(
                    SpecJson.read(row.getString("spec")),
                    number,
                    previous == 0 ? OptionalLong.empty() : OptionalLong.of(previous),
                    Verdict.valueOf(row.getString("verdict")),
                    row.getString("reason"),
                    Instant.ofEpochMilli(row.getLong("at")));
        } catch (IllegalArgumentException e) {
            throw new GoalStoreException(
                    "platform database " + file + " has a version " + number + " of application '" + name
                            + "' that cannot be read (" + e.getMessage()
                            + "): start the Redoubt that wrote it, or delete the application",
                    e);
        }
    }

    private interface Work<T> {
        T run() throws SQLException;
    }

    private <T> T read(Work<T> work) {
        try {
            return work.run();
        } catch (SQLException e) {
            throw broken("read", e);
        }
    }

    private <T> T write(Work<T> work) {
        try {
            execute("BEGIN IMMEDIATE");
            try {
                T result = work.run();
                execute("COMMIT");
                return result;
            } catch (SQLException | RuntimeException e) {
                execute("ROLLBACK");
                throw e;
            }
        } catch (SQLException e) {
            throw broken("written", e);
        }
    }

    private OptionalLong number(String sql, String... args) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < args.length; i++) statement.setString(i + 1, args[i]);
            try (ResultSet rows = statement.executeQuery()) {
                return rows.next() ? OptionalLong.of(rows.getLong(1)) : OptionalLong.empty();
            }
        }
    }

    private int update(String sql, @Nullable Object... args) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < args.length; i++) statement.setObject(i + 1, args[i]);
            return statement.executeUpdate();
        }
    }

    private void execute(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private GoalStoreException broken(String verb, SQLException cause) {
        return new GoalStoreException(
                "platform database " + file + " cannot be " + verb + ": check its owner, mode and disk space", cause);
    }
}
