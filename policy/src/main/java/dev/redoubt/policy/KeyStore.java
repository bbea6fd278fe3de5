package dev.redoubt.policy;

import dev.redoubt.base.Home;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// API keys, kept as keyed hashes in the home's SQLite database. An acknowledged change survives a crash. Safe for any thread.
public final class KeyStore implements AutoCloseable {
    private KeyStore() {}

    /// Opens or creates the database and the server-side secret.
    public static KeyStore open(Home home) {
        throw new UnsupportedOperationException("policy: open");
    }

    /// A new random key.
    ///
    /// @return the key itself, shown this once; only its keyed hash is stored
    public Created create(String application, Set<Scope> scopes) {
        throw new UnsupportedOperationException("policy: create");
    }

    /// All keys, revoked ones too, oldest first.
    public List<KeyRecord> list() {
        throw new UnsupportedOperationException("policy: list");
    }

    /// @return false if there is no such key or it is revoked already
    public boolean revoke(String keyId) {
        throw new UnsupportedOperationException("policy: revoke");
    }

    /// Who presents this key; empty for an unknown, malformed or revoked one. Takes the same time for each.
    public Optional<Principal> authenticate(String presented) {
        throw new UnsupportedOperationException("policy: authenticate");
    }

    @Override
    public void close() {
        throw new UnsupportedOperationException("policy: close");
    }

    /// @param secret the key as the caller will present it
    public record Created(String keyId, String secret) {}

    public record KeyRecord(
            String keyId, String application, Set<Scope> scopes, Instant createdAt, Optional<Instant> revokedAt) {}
}
