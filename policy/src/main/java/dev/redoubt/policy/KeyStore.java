package dev.redoubt.policy;

import dev.redoubt.base.Check;
import dev.redoubt.base.Home;
import dev.redoubt.base.TimeSource;
import dev.redoubt.policy.KeyDatabase.Row;
import dev.redoubt.policy.audit.AuditEvent;
import dev.redoubt.policy.audit.AuditKind;
import dev.redoubt.policy.audit.AuditLog;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/// API keys, kept as keyed hashes in the home's SQLite database. An acknowledged change survives a crash. Safe
/// for any thread.
///
/// A change made through this object counts from the moment its call returns. A change made by another process,
/// such as `redoubt keys revoke` beside a running server, counts within a second.
public final class KeyStore implements AutoCloseable {
    /* Threads: `authenticate` runs on event loops, so it never touches SQLite (JNI, locks, disk): it reads an immutable
     * snapshot. Two connections feed the snapshot, each with one owner at a time:
     *   writer   under `lock`: every change, list, and the reload after each change;
     *   watcher  the thread `key-watch` alone: compares data_version every 250 ms and reloads when it has moved; writes when
     *            keys were used last, each at most once a minute.
     * Both reload under `lock`, so that an older reading never replaces a newer one.
     *
     * A key that is nobody's takes the same work whatever the reason: one hash, one look-up, one comparison, all conditions. There is
     * none that is looked at only where another one holds (R4.3).
     *
     * Every change is carried out by the audit log: a record that it begins is on disk before, one of how it ended before the call
     * returns. A change that cannot be written down is not made.
     *
     * If the database cannot be read for 30 s, nobody can be told revoked any more, and so nobody is let in. */
    private static final Duration WATCH_INTERVAL = Duration.ofMillis(250);
    private static final Duration STALE_MAX = Duration.ofSeconds(30);
    private static final Duration USE_INTERVAL = Duration.ofMinutes(1);
    /// How long two keys of a rotation may both be good.
    public static final Duration OVERLAP_MAX = Duration.ofDays(7);

    private static final Pattern APPLICATION = Pattern.compile("[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?");
    /// Compared with where no stored hash matches, so that this takes as long; over, so that it is nobody.
    private static final Candidate NOBODY =
            new Candidate(new Principal("", "", Set.of()), new byte[32], 0, new LastUse(0));

    private final KeyHasher hasher;
    private final KeyDatabase writer; // guarded by lock
    private final KeyDatabase watcher; // key-watch only
    private final ReentrantLock lock = new ReentrantLock();
    private final Thread watch = Thread.ofPlatform().daemon().name("key-watch").unstarted(this::watch);
    private final CountDownLatch closing = new CountDownLatch(1);
    private final AuditLog audit;
    private final TimeSource time;
    private final Map<String, LastUse> lastUses =
            new ConcurrentHashMap<>(); // by key id; entered and removed under lock
    private volatile Map<ByteBuffer, Candidate> byHash = Map.of();
    private volatile long readAtNanos;

    private KeyStore(KeyHasher hasher, KeyDatabase writer, KeyDatabase watcher, AuditLog audit, TimeSource time) {
        this.hasher = hasher;
        this.writer = writer;
        this.watcher = watcher;
        this.audit = audit;
        this.time = time;
    }

    /// Opens or creates the database and the server-side secret.
    ///
    /// @param audit of the same home; to be closed after the store
    /// @throws KeyStoreException if the files cannot be used; the message names the file and the way out
    public static KeyStore open(Home home, AuditLog audit) {
        return open(home, audit, TimeSource.system());
    }

    /// @param time by which keys expire
    static KeyStore open(Home home, AuditLog audit, TimeSource time) {
        SqliteLibrary.load(home.nativeLibraries());
        KeyHasher hasher = KeyHasher.open(home.keySecret());
        KeyDatabase writer = KeyDatabase.open(home.database(), hasher);
        KeyStore store = new KeyStore(hasher, writer, KeyDatabase.open(home.database(), hasher), audit, time);
        store.reload(writer);
        store.watch.start();
        return store;
    }

    /// A new random key that does not expire. When this returns, the key is on disk.
    ///
    /// @param application 1 to 63 characters a-z, 0-9 and '-', beginning and ending with a letter or digit;
    ///     never `default` (R4.1)
    /// @param scopes at least one
    /// @return the key itself, shown this once; only its keyed hash is stored
    /// @throws IllegalArgumentException if the name or the scopes are refused
    public Created create(String application, Set<Scope> scopes) {
        return create(application, scopes, Optional.empty());
    }

    /// As above.
    ///
    /// @param expiresAt from when on the key is nobody's; in the future
    public Created create(String application, Set<Scope> scopes, Optional<Instant> expiresAt) {
        Check.that(
                APPLICATION.matcher(application).matches() && !application.equals("default"),
                "application name '%s' must be 1 to 63 characters of a-z, 0-9 and '-', begin and end with a letter or digit,"
                        + " and not be 'default'",
                application);
        Check.that(!scopes.isEmpty(), "a key needs a scope: %s", List.of(Scope.values()));
        Instant now = now();
        Check.that(
                expiresAt.isEmpty() || expiresAt.get().isAfter(now), "a key must expire in the future: %s", expiresAt);
        Created created = new Created(KeyHasher.newKeyId(), KeyHasher.newKey());
        audit.carryOut(
                event(AuditKind.KEY_CREATE, created.keyId(), application),
                () -> change(() -> {
                    writer.insert(fresh(created, application, scopes, now, expiresAt), hasher.hash(created.secret()));
                    return true;
                }),
                made -> "done");
        return created;
    }

    /// A new key in the place of another: same application, same scopes and, where the old one was to expire,
    /// as long a life. The old one goes on for `overlap`, or until it would have expired anyway.
    ///
    /// @param overlap 0 to [#OVERLAP_MAX]
    /// @return empty if there is no such key, or it is not active
    public Optional<Created> rotate(String keyId, Duration overlap) {
        Check.that(
                !overlap.isNegative() && overlap.compareTo(OVERLAP_MAX) <= 0,
                "overlap must be in the range of 0 to %s: %s",
                OVERLAP_MAX,
                overlap);
        lock.lock();
        try {
            Instant now = now();
            Optional<KeyRecord> found = writer.rows().stream()
                    .map(Row::key)
                    .filter(key -> key.keyId().equals(keyId) && key.state(now) == KeyState.ACTIVE)
                    .findFirst();
            if (found.isEmpty()) return Optional.empty();
            KeyRecord old = found.get();
            Created created = new Created(KeyHasher.newKeyId(), KeyHasher.newKey());
            Instant end = now.plus(overlap);
            Instant oldEnd = old.expiresAt().filter(end::isAfter).orElse(end);
            Optional<Instant> expiresAt = old.expiresAt().map(at -> now.plus(Duration.between(old.createdAt(), at)));
            audit.carryOut(
                    event(AuditKind.KEY_ROTATE, keyId, old.application()),
                    () -> change(() -> {
                        writer.insertAndExpire(
                                fresh(created, old.application(), old.scopes(), now, expiresAt),
                                hasher.hash(created.secret()),
                                keyId,
                                oldEnd);
                        return true;
                    }),
                    made -> "done, new key " + created.keyId());
            return Optional.of(created);
        } finally {
            lock.unlock();
        }
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
        return change(AuditKind.KEY_REVOKE, keyId, () -> writer.revoke(keyId, now()));
    }

    /// The key is nobody's until it is enabled.
    ///
    /// @return false if there is no such key, or it is disabled or revoked already
    public boolean disable(String keyId) {
        return change(AuditKind.KEY_DISABLE, keyId, () -> writer.disable(keyId, now()));
    }

    /// @return false if there is no such key, or it is not disabled, or revoked
    public boolean enable(String keyId) {
        return change(AuditKind.KEY_ENABLE, keyId, () -> writer.enable(keyId));
    }

    /// Who presents this key; empty for one that is unknown, malformed, revoked, expired or disabled. Takes the
    /// same time for each. Never blocks.
    public Optional<Principal> authenticate(String presented) {
        return authenticate(presented, any -> true);
    }

    /// As above, and empty, after the same time, for a key of another application (R4.3).
    ///
    /// @param served whether an application is served here; asked whatever is presented
    public Optional<Principal> authenticate(String presented, Predicate<String> served) {
        byte[] hash = hasher.hash(presented);
        Candidate key = byHash.getOrDefault(ByteBuffer.wrap(hash), NOBODY);
        long millis = time.now().toEpochMilli();
        boolean known = MessageDigest.isEqual(key.hash(), hash);
        boolean current = System.nanoTime() - readAtNanos < STALE_MAX.toNanos();
        boolean alive = millis < key.endMillis();
        boolean here = served.test(key.principal().application());
        if (!(known && current && alive && here)) return Optional.empty();
        key.lastUse().millis = millis;
        return Optional.of(key.principal());
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
            writeLastUses();
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
                writeUses(USE_INTERVAL);
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
            Map<ByteBuffer, Candidate> fresh = new HashMap<>();
            for (Row row : from.rows()) fresh.put(ByteBuffer.wrap(row.hash()), candidate(row));
            byHash = Map.copyOf(fresh);
            readAtNanos = now;
        } finally {
            lock.unlock();
        }
    }

    /// A text that is no key's id is not written down: it may be a key that was pasted in its place.
    private boolean change(AuditKind kind, String keyId, BooleanSupplier write) {
        Optional<KeyRecord> known =
                list().stream().filter(key -> key.keyId().equals(keyId)).findFirst();
        return known.isPresent()
                && audit.carryOut(
                        event(kind, keyId, known.get().application()),
                        () -> change(write),
                        changed -> changed ? "done" : "nothing changed");
    }

    private static AuditEvent event(AuditKind kind, String keyId, String application) {
        return AuditEvent.of(kind, AuditEvent.OPERATOR, application, keyId);
    }

    private boolean change(BooleanSupplier write) {
        lock.lock();
        try {
            boolean changed = write.getAsBoolean();
            reload(writer);
            return changed;
        } finally {
            lock.unlock();
        }
    }

    private Candidate candidate(Row row) {
        KeyRecord key = row.key();
        boolean over = key.revokedAt().isPresent() || key.disabledAt().isPresent();
        long end = over ? 0 : key.expiresAt().map(Instant::toEpochMilli).orElse(Long.MAX_VALUE);
        long used = key.lastUsedAt().map(Instant::toEpochMilli).orElse(0L);
        return new Candidate(
                new Principal(key.keyId(), key.application(), key.scopes()),
                row.hash(),
                end,
                lastUses.computeIfAbsent(key.keyId(), fresh -> new LastUse(used)));
    }

    private void writeUses(Duration since) {
        Map<String, Instant> due = new HashMap<>();
        lastUses.forEach((keyId, use) -> {
            if (use.millis - use.writtenMillis >= since.toMillis()) due.put(keyId, Instant.ofEpochMilli(use.millis));
        });
        if (due.isEmpty()) return;
        watcher.used(due);
        due.forEach((keyId, at) -> Objects.requireNonNull(lastUses.get(keyId)).writtenMillis = at.toEpochMilli());
    }

    private void writeLastUses() {
        try {
            writeUses(Duration.ofMillis(1));
        } catch (KeyStoreException e) {
            return; // a time of last use is not worth a failed end
        }
    }

    private Instant now() {
        return time.now().truncatedTo(ChronoUnit.MILLIS);
    }

    private static KeyRecord fresh(
            Created created, String application, Set<Scope> scopes, Instant now, Optional<Instant> expiresAt) {
        return new KeyRecord(
                created.keyId(),
                application,
                scopes,
                now,
                Optional.empty(),
                expiresAt.map(at -> at.truncatedTo(ChronoUnit.MILLIS)),
                Optional.empty(),
                Optional.empty());
    }

    /// @param secret the key as the caller will present it
    public record Created(String keyId, String secret) {
        /// Without the key: a record that is printed by mistake must not tell it.
        @Override
        public String toString() {
            return "Created[keyId=" + keyId + "]";
        }
    }

    /// What is known of a key; never the key.
    ///
    /// @param expiresAt from when on it is nobody's; empty: never
    /// @param disabledAt since when it is nobody's, until it is enabled; empty: it is not disabled
    /// @param lastUsedAt to a minute; empty: never, or not since this is recorded
    public record KeyRecord(
            String keyId,
            String application,
            Set<Scope> scopes,
            Instant createdAt,
            Optional<Instant> revokedAt,
            Optional<Instant> expiresAt,
            Optional<Instant> disabledAt,
            Optional<Instant> lastUsedAt) {
        public KeyRecord {
            scopes = Set.copyOf(scopes);
        }

        /// The last of the states that applies.
        public KeyState state(Instant now) {
            if (revokedAt.isPresent()) return KeyState.REVOKED;
            if (expiresAt.isPresent() && !now.isBefore(expiresAt.get())) return KeyState.EXPIRED;
            return disabledAt.isPresent() ? KeyState.DISABLED : KeyState.ACTIVE;
        }
    }

    /// What a key is good for.
    public enum KeyState {
        ACTIVE,
        DISABLED,
        EXPIRED,
        REVOKED
    }

    /// A key as `authenticate` sees it.
    ///
    /// @param endMillis wall-clock time from which on it is nobody's
    private record Candidate(Principal principal, byte[] hash, long endMillis, LastUse lastUse) {}

    /// When a key was used last. Readings of the snapshot come and go; this stays.
    private static final class LastUse {
        volatile long millis; // since 1970; 0: never. Any thread: one of several at once counts
        long writtenMillis; // key-watch, and close when that has ended

        LastUse(long millis) {
            this.millis = millis;
            this.writtenMillis = millis;
        }
    }
}
