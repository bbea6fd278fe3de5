package dev.redoubt.policy.audit;

import dev.redoubt.base.DurableFiles;
import dev.redoubt.base.Pem;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.SignatureException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.List;
import java.util.Set;

/// The pair of keys (Ed25519) that signs the heads of a log, in one PEM file, mode 0600. Both halves lie in it,
/// since Java does not make the public one from the private one.
record AuditKey(PrivateKey privateKey, PublicKey publicKey) {
    private static final String ALGORITHM = "Ed25519";
    private static final int BYTES_MAX = 4096;

    /// Reads the pair, or makes it. Under the lock of the log, so that there is one.
    static AuditKey openOrCreate(Path file) throws IOException {
        if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) return read(file);
        try {
            KeyPair pair = KeyPairGenerator.getInstance(ALGORITHM).generateKeyPair();
            String pem = Pem.format(Pem.PRIVATE_KEY, pair.getPrivate().getEncoded())
                    + Pem.format(Pem.PUBLIC_KEY, pair.getPublic().getEncoded());
            DurableFiles.replace(file, pem.getBytes(StandardCharsets.US_ASCII));
            return new AuditKey(pair.getPrivate(), pair.getPublic());
        } catch (GeneralSecurityException e) {
            throw missing(e);
        }
    }

    private static AuditKey read(Path file) throws IOException {
        List<Pem.Block> blocks = blocks(file);
        if (blocks.size() != 2 || !blocks.getFirst().label().equals(Pem.PRIVATE_KEY)) throw unreadable(file);
        try {
            return new AuditKey(
                    KeyFactory.getInstance(ALGORITHM)
                            .generatePrivate(
                                    new PKCS8EncodedKeySpec(blocks.getFirst().der())),
                    publicKey(file, blocks.getLast()));
        } catch (GeneralSecurityException e) {
            throw unreadable(file);
        }
    }

    /// The public half of a pair, or a public key alone.
    ///
    /// @throws AuditException if the file holds none
    static PublicKey readPublic(Path file) throws IOException {
        return publicKey(file, blocks(file).getLast());
    }

    private static List<Pem.Block> blocks(Path file) throws IOException {
        try (var channel = FileChannel.open(file, Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS))) {
            byte[] text = Channels.newInputStream(channel).readNBytes(BYTES_MAX);
            return Pem.parse(text, "the key of the audit log");
        } catch (IllegalArgumentException e) {
            throw unreadable(file);
        }
    }

    private static PublicKey publicKey(Path file, Pem.Block block) {
        if (!block.label().equals(Pem.PUBLIC_KEY)) throw unreadable(file);
        try {
            return KeyFactory.getInstance(ALGORITHM).generatePublic(new X509EncodedKeySpec(block.der()));
        } catch (GeneralSecurityException e) {
            throw unreadable(file);
        }
    }

    /// Tells one key from another: `sha256:` and the hash of the public half.
    static String fingerprint(PublicKey key) {
        return "sha256:" + Link.sha256(key.getEncoded());
    }

    byte[] sign(byte[] message) {
        try {
            Signature signature = Signature.getInstance(ALGORITHM);
            signature.initSign(privateKey);
            signature.update(message);
            return signature.sign();
        } catch (GeneralSecurityException e) {
            throw missing(e);
        }
    }

    static boolean verifies(PublicKey key, byte[] message, byte[] signature) {
        try {
            Signature check = Signature.getInstance(ALGORITHM);
            check.initVerify(key);
            check.update(message);
            return check.verify(signature);
        } catch (SignatureException malformed) {
            return false;
        } catch (GeneralSecurityException e) {
            throw missing(e);
        }
    }

    private static AuditException unreadable(Path file) {
        return AuditException.damaged("the audit log's key " + file
                + " is no Ed25519 key in PEM: restore it, or move it and the folder audit away to begin a new log");
    }

    private static IllegalStateException missing(GeneralSecurityException e) {
        return new IllegalStateException("every Java platform has " + ALGORITHM, e);
    }
}
