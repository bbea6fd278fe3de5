package dev.redoubt.policy;

import dev.redoubt.base.Check;
import dev.redoubt.base.Home;
import dev.redoubt.policy.KeyDatabase.Row;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Pattern;

/// API keys, kept as keyed hashes in the home's SQLite database. An acknowledged change survives a crash. Safe
/// for any thread.
///
/// A change made through this object counts from the moment its call returns. A change made by another process,
/// such as
/// `redoubt keys revoke` beside a running server, counts within a second.
public final class KeyStore implements AutoCloseable {
    /* Threads: `authenticate` runs on event loops, so it never touches SQLite (JNI, locks, disk): it reads an immutable
     * snapshot. Two connections feed the snapshot, each with one owner at a time:
     *   writer   under `lock`: create, revoke, list, and the reload after each change;
     *   watcher  the thread `key-watch` alone: compares data_version every 250 ms and reloads when it has moved.
     * Both reload under `lock`, so that an older reading never replaces a newer one.
     *
     * If the database cannot be read for 30 s, nobody can be told revoked any more, and so nobody is let in. */
    private static final Duration WATCH_INTERVAL = Duration.ofMillis(250);
    private static final Duration STALE_MAX = Duration.ofSeconds(30);
    private static final Pattern APPLICATION = Pattern.compile("[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?");
    /// Compared with where no stored hash matches, so that this takes as long; revoked, so that it is nobody.
    private static final Row NOBODY =
            new Row(new KeyRecord("", "", Set.of(), Instant.EPOCH, Optional.of(Instant.EPOCH)), new byte[32]);

    private final KeyHasher hasher;
    private final KeyDatabase writer; // guarded by lock
    private final KeyDatabase watcher; // key-watch only
    private final ReentrantLock lock = new ReentrantLock();
    private final Thread watch = Thread.ofPlatform().daemon().name("key-watch").unstarted(this::watch);
    private final CountDownLatch closing = new CountDownLatch(1);
    private volatile Map<ByteBuffer, Row> byHash = Map.of();
    private volatile long readAtNanos;

    private KeyStore(KeyHasher hasher, KeyDatabase writer, KeyDatabase watcher) {
        this.hasher = hasher;
        this.writer = writer;
        this.watcher = watcher;
    }

    /// Opens or creates the database and the server-side secret.
    ///
    /// @throws KeyStoreException if the files cannot be used; the message names the file and the way out
    public static KeyStore open(Home home) {
        SqliteLibrary.load(home.nativeLibraries());
        KeyHasher hasher = KeyHasher.open(home.keySecret());
        KeyDatabase writer = KeyDatabase.open(home.database(), hasher);
        KeyStore store = new KeyStore(hasher, writer, KeyDatabase.open(home.database(), hasher));
        store.reload(writer);
        store.watch.start();
        return store;
    }

    /// A new random key. When this returns, the key is on disk.
    ///
    /// @param application 1 to 63 characters a-z, 0-9 and '-', beginning and ending with a letter or digit;
    ///     never `default` (R4.1)
    /// @param scopes at least one
    /// @return the key itself, shown this once; only its keyed hash is stored
    /// @throws IllegalArgumentException if the name or the scopes are refused
    public Created create(String application, Set<Scope> scopes) {
        Check.that(
                APPLICATION.matcher(application).matches() && !application.equals("default"),
                "application name '%s' must be 1 to 63 characters of a-z, 0-9 and '-', begin and end with a letter or digit,"
                        + " and not be 'default'",
                application);
        Check.that(!scopes.isEmpty(), "a key needs a scope: %s", List.of(Scope.values()));
        Created created = new Created(KeyHasher.newKeyId(), KeyHasher.newKey());
        Instant now = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        lock.lock();
        try {
            writer.insert(
                    new KeyRecord(created.keyId(), application, scopes, now, Optional.empty()),
                    hasher.hash(created.secret()));
            reload(writer);
        } finally {
            lock.unlock();
        }
        return created;
    }

    /// All keys, revoked ones too, oldest first.
    public List<KeyRecord> list() {
        lock.lock();
        try {
            return writer.rows().stream().map(Row::key).toList();
        } finally {
            lock.unlock();
        }
    }

    /// @return false if there is no such key or it is revoked already
    public boolean revoke(String keyId) {
        lock.lock();
        try {
            boolean revoked = writer.revoke(keyId, Instant.now());
            reload(writer);
            return revoked;
        } finally {
            lock.unlock();
        }
    }

    /// Who presents this key; empty for an unknown, malformed or revoked one. Takes the same time for each.
    /// Never blocks.
    public Optional<Principal> authenticate(String presented) {
        byte[] hash = hasher.hash(presented);
        Row row = byHash.getOrDefault(ByteBuffer.wrap(hash), NOBODY);
        boolean known = MessageDigest.isEqual(row.hash(), hash);
        boolean current = System.nanoTime() - readAtNanos < STALE_MAX.toNanos();
        KeyRecord key = row.key();
        Principal principal = new Principal(key.keyId(), key.application(), key.scopes());
        return known && current && key.revokedAt().isEmpty() ? Optional.of(principal) : Optional.empty();
    }

    @Override
    public void close() {
        closing.countDown();
        try {
            watch.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        lock.lock();
        try {
            watcher.close();
            writer.close();
        } finally {
            lock.unlock();
        }
    }

    private void watch() {
        long seen = -1; // reloads once at the start: a change between open and now is seen too
        while (!closed(WATCH_INTERVAL)) {
            try {
                long version = watcher.dataVersion();
                if (version != seen) reload(watcher);
                else readAtNanos = System.nanoTime();
                seen = version;
            } catch (KeyStoreException e) {
                seen = -1; // the snapshot ages until the database can be read again
            }
        }
    }

    private boolean closed(Duration within) {
        try {
            return closing.await(within.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            return true;
        }
    }

    private void reload(KeyDatabase from) {
        lock.lock();
        try {
            long now = System.nanoTime();
            Map<ByteBuffer, Row> fresh = new HashMap<>();
            for (Row row : from.rows()) fresh.put(ByteBuffer.wrap(row.hash()), row);
            byHash = Map.copyOf(fresh);
            readAtNanos = now;
        } finally {
            lock.unlock();
        }
    }

    /// @param secret the key as the caller will present it
    public record Created(String keyId, String secret) {
        /// Without the key: a record that is printed by mistake must not tell it.
        @Override
        public String toString() {
            return "Created[keyId=" + keyId + "]";
        }
    }

    public record KeyRecord(
            String keyId, String application, Set<Scope> scopes, Instant createdAt, Optional<Instant> revokedAt) {
        public KeyRecord {
            scopes = Set.copyOf(scopes);
        }
    }
}
