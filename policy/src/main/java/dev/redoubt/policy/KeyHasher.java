package dev.redoubt.policy;

import dev.redoubt.base.DurableFiles;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Objects;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// Makes API keys and their keyed hashes, HMAC-SHA-256 under the server-side secret. Safe for any thread.
final class KeyHasher {
    /* A key is `rdt_` and 256 random bits in base64url, so a slow password hash would buy nothing: there is no dictionary
     * to try. The secret (pepper) is what makes a stolen database useless, and it makes the hash of a presented key
     * unpredictable to the caller, so that looking it up in a map tells nothing by its time. */
    static final String PREFIX = "rdt_";

    private static final int SECRET_BYTES = 32;
    private static final int KEY_LENGTH = PREFIX.length() + 43; // 32 bytes in base64url without padding
    private static final String ALGORITHM = "HmacSHA256";
    private static final SecureRandom RANDOM = new SecureRandom();
    /// What is hashed in the place of a text that cannot be a key, so that it takes as long.
    private static final byte[] NO_KEY = "-".repeat(KEY_LENGTH).getBytes(StandardCharsets.US_ASCII);

    private final Mac keyed; // a template, never updated: each use clones it

    private KeyHasher(byte[] secret) {
        try {
            keyed = Mac.getInstance(ALGORITHM);
            keyed.init(new SecretKeySpec(secret, ALGORITHM));
        } catch (GeneralSecurityException e) {
            throw new KeyStoreException(ALGORITHM + " is not available in this Java runtime", e);
        }
    }

    /// Reads the secret, or makes it once: of several processes that try, one wins and all read the same.
    static KeyHasher open(Path file) {
        try {
            if (!Files.exists(file)) create(file);
            byte[] secret = Files.readAllBytes(file);
            if (secret.length != SECRET_BYTES)
                throw new KeyStoreException("key secret " + file + " has " + secret.length + " bytes, needed are "
                        + SECRET_BYTES + ": restore it from a backup");
            return new KeyHasher(secret);
        } catch (IOException e) {
            throw new KeyStoreException("key secret " + file + " cannot be read or made: check its owner and mode", e);
        }
    }

    static String newKey() {
        byte[] random = new byte[32];
        RANDOM.nextBytes(random);
        return PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(random);
    }

    static String newKeyId() {
        byte[] random = new byte[8];
        RANDOM.nextBytes(random);
        return "key_" + java.util.HexFormat.of().formatHex(random);
    }

    /// The keyed hash of what a caller presents. The work does not depend on whether it looks like a key.
    byte[] hash(String presented) {
        byte[] key = NO_KEY;
        boolean wellFormed = presented.length() == KEY_LENGTH;
        byte[] given = (wellFormed ? presented : PREFIX).getBytes(StandardCharsets.UTF_8);
        if (given.length == KEY_LENGTH) key = given;
        return mac(key);
    }

    /// Tells whether a database belongs to this secret, without telling the secret.
    byte[] fingerprint() {
        return mac("redoubt key secret, version 1".getBytes(StandardCharsets.US_ASCII));
    }

    private byte[] mac(byte[] text) {
        try {
            return ((Mac) keyed.clone()).doFinal(text);
        } catch (CloneNotSupportedException e) {
            throw new KeyStoreException(ALGORITHM + " of this Java runtime cannot be cloned", e);
        }
    }

    private static void create(Path file) throws IOException {
        Path folder = DurableFiles.privateDirectory(Objects.requireNonNull(file.getParent()));
        byte[] secret = new byte[SECRET_BYTES];
        RANDOM.nextBytes(secret);
        Path partial = Files.createTempFile(
                folder,
                ".partial-",
                ".tmp",
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        try {
            Files.write(partial, secret);
            try (FileChannel channel = FileChannel.open(partial, StandardOpenOption.WRITE)) {
                channel.force(true);
            }
            Files.createLink(file, partial); // unlike a rename it fails where another process was first
            DurableFiles.flushDirectory(folder);
        } catch (FileAlreadyExistsException e) {
            return; // the other one's counts
        } finally {
            Files.deleteIfExists(partial);
        }
    }
}
