package dev.redoubt.policy;

import dev.redoubt.policy.KeyStore.KeyRecord;
import java.io.IOException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// One connection to the table of keys. Not safe for several threads at once: [KeyStore] gives each connection
/// one owner.
///
/// Every commit is on disk when the call returns (`synchronous=FULL`). Other processes may have the same file
/// open: SQLite's locks order the writers, and a writer waits for another up to five seconds.
final class KeyDatabase implements AutoCloseable {
    private static final int SCHEMA_VERSION = 2;

    private final Path file;
    private final Connection connection;

    /// A stored key.
    record Row(KeyRecord key, byte[] hash) {}

    private KeyDatabase(Path file, Connection connection) {
        this.file = file;
        this.connection = connection;
    }

    /// Opens the database, making it and its table first where there is none.
    static KeyDatabase open(Path file, KeyHasher hasher) {
        try {
            Connection connection = PrivateDatabase.open(file);
            try {
                KeyDatabase database = new KeyDatabase(file, connection);
                database.prepare(hasher);
                return database;
            } catch (SQLException | RuntimeException e) {
                connection.close();
                throw e;
            }
        } catch (SQLException | IOException e) {
            throw new KeyStoreException(
                    "key database " + file + " cannot be opened: check its owner, mode and disk space", e);
        }
    }

    /// Changes when another connection, of this process or of another, has committed.
    long dataVersion() {
        return query("PRAGMA data_version");
    }

    /// All keys, oldest first.
    List<Row> rows() {
        String sql =
                "SELECT id, application, scopes, created_at, revoked_at, hash, expires_at, disabled_at, last_used_at"
                        + " FROM keys ORDER BY sequence";
        try (PreparedStatement statement = connection.prepareStatement(sql);
                ResultSet rows = statement.executeQuery()) {
            List<Row> result = new ArrayList<>();
            while (rows.next()) result.add(row(rows));
            return result;
        } catch (SQLException e) {
            throw broken("read", e);
        }
    }

    void insert(KeyRecord key, byte[] hash) {
        String sql =
                "INSERT INTO keys (id, application, scopes, created_at, hash, expires_at) VALUES (?, ?, ?, ?, ?, ?)";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, key.keyId());
            statement.setString(2, key.application());
            statement.setString(
                    3,
                    String.join(
                            " ", key.scopes().stream().map(Scope::wire).sorted().toList()));
            statement.setLong(4, key.createdAt().toEpochMilli());
            statement.setBytes(5, hash);
            setMillis(statement, 6, key.expiresAt());
            statement.executeUpdate();
        } catch (SQLException e) {
            throw broken("written", e);
        }
    }

    /// A new key and the end of an old one, both or none.
    void insertAndExpire(KeyRecord key, byte[] hash, String oldKeyId, Instant oldExpiresAt) {
        try {
            execute("BEGIN IMMEDIATE");
            try {
                insert(key, hash);
                update("expires_at = ?", oldKeyId, "revoked_at IS NULL", Optional.of(oldExpiresAt));
                execute("COMMIT");
            } catch (SQLException | RuntimeException e) {
                execute("ROLLBACK");
                throw e;
            }
        } catch (SQLException e) {
            throw broken("written", e);
        }
    }

    /// @return whether there was such a key that was not revoked
    boolean revoke(String keyId, Instant at) {
        return update("revoked_at = ?", keyId, "revoked_at IS NULL", Optional.of(at));
    }

    /// @return whether there was such a key that was neither disabled nor revoked
    boolean disable(String keyId, Instant at) {
        return update("disabled_at = ?", keyId, "disabled_at IS NULL AND revoked_at IS NULL", Optional.of(at));
    }

    /// @return whether there was such a key that was disabled and not revoked
    boolean enable(String keyId) {
        return update("disabled_at = ?", keyId, "disabled_at IS NOT NULL AND revoked_at IS NULL", Optional.empty());
    }

    /// Several processes may say when a key was used: the latest counts.
    void used(Map<String, Instant> lastUses) {
        String sql = "UPDATE keys SET last_used_at = max(coalesce(last_used_at, 0), ?) WHERE id = ?";
        try {
            execute("BEGIN IMMEDIATE");
            try (PreparedStatement statement = connection.prepareStatement(sql)) {
                for (Map.Entry<String, Instant> use : lastUses.entrySet()) {
                    statement.setLong(1, use.getValue().toEpochMilli());
                    statement.setString(2, use.getKey());
                    statement.executeUpdate();
                }
                execute("COMMIT");
            } catch (SQLException e) {
                execute("ROLLBACK");
                throw e;
            }
        } catch (SQLException e) {
            throw broken("written", e);
        }
    }

    private boolean update(String change, String keyId, String condition, Optional<Instant> value) {
        String sql = "UPDATE keys SET " + change + " WHERE id = ? AND " + condition;
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            setMillis(statement, 1, value);
            statement.setString(2, keyId);
            return statement.executeUpdate() == 1;
        } catch (SQLException e) {
            throw broken("written", e);
        }
    }

    private static void setMillis(PreparedStatement statement, int index, Optional<Instant> time) throws SQLException {
        if (time.isPresent()) statement.setLong(index, time.get().toEpochMilli());
        else statement.setNull(index, Types.INTEGER);
    }

    @Override
    public void close() {
        try {
            connection.close();
        } catch (SQLException e) {
            throw broken("closed", e);
        }
    }

    private void prepare(KeyHasher hasher) throws SQLException {
        execute("BEGIN IMMEDIATE"); // one of several first starts makes the table
        try {
            long version = query("PRAGMA user_version");
            if (version > SCHEMA_VERSION)
                throw new KeyStoreException("key database " + file + " has schema version " + version + ", known is "
                        + SCHEMA_VERSION + ": start the newer Redoubt that wrote it");
            if (version == 0) createSchema(hasher);
            if (version == 1) addStates();
            checkSecret(hasher);
            execute("COMMIT");
        } catch (SQLException | RuntimeException e) {
            execute("ROLLBACK");
            throw e;
        }
    }

    private void createSchema(KeyHasher hasher) throws SQLException {
        execute("CREATE TABLE keys (sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,"
                + " application TEXT NOT NULL, scopes TEXT NOT NULL, created_at INTEGER NOT NULL, revoked_at INTEGER,"
                + " hash BLOB NOT NULL UNIQUE, expires_at INTEGER, disabled_at INTEGER, last_used_at INTEGER) STRICT");
        execute("CREATE TABLE key_secret (fingerprint BLOB NOT NULL) STRICT");
        try (PreparedStatement statement = connection.prepareStatement("INSERT INTO key_secret VALUES (?)")) {
            statement.setBytes(1, hasher.fingerprint());
            statement.executeUpdate();
        }
        execute("PRAGMA user_version = " + SCHEMA_VERSION);
    }

    /// Version 1 knew no state of a key but revoked. A server of that version that runs beside this one goes on
    /// reading: its columns stay what they are.
    private void addStates() throws SQLException {
        for (String column : List.of("expires_at", "disabled_at", "last_used_at"))
            execute("ALTER TABLE keys ADD COLUMN " + column + " INTEGER");
        execute("PRAGMA user_version = " + SCHEMA_VERSION);
    }

    /// A database whose secret was lost or exchanged would refuse every key without saying why.
    private void checkSecret(KeyHasher hasher) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT fingerprint FROM key_secret")) {
            if (!rows.next() || !MessageDigest.isEqual(rows.getBytes(1), hasher.fingerprint()))
                throw new KeyStoreException(
                        "key database " + file
                                + " was written under another key secret: restore the file key-secret beside it, or remove both to start afresh");
        }
    }

    private static Row row(ResultSet rows) throws SQLException {
        Set<Scope> scopes = new LinkedHashSet<>();
        for (String wire : rows.getString(3).split(" ")) Scope.ofWire(wire).ifPresent(scopes::add);
        KeyRecord key = new KeyRecord(
                rows.getString(1),
                rows.getString(2),
                scopes,
                Instant.ofEpochMilli(rows.getLong(4)),
                millis(rows, 5),
                millis(rows, 7),
                millis(rows, 8),
                millis(rows, 9));
        return new Row(key, rows.getBytes(6));
    }

    private static Optional<Instant> millis(ResultSet rows, int column) throws SQLException {
        long millis = rows.getLong(column);
        return rows.wasNull() ? Optional.empty() : Optional.of(Instant.ofEpochMilli(millis));
    }

    private long query(String sql) {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getLong(1);
        } catch (SQLException e) {
            throw broken("read", e);
        }
    }

    private void execute(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private KeyStoreException broken(String verb, SQLException cause) {
        return new KeyStoreException(
                "key database " + file + " cannot be " + verb + ": check its owner, mode and disk space", cause);
    }
}
