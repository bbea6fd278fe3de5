package dev.redoubt.trust;

import dev.redoubt.base.Pem;
import dev.redoubt.base.TimeSource;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.KeyPair;
import java.security.interfaces.ECPrivateKey;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/// Signs models by OpenSSF Model Signing v1.0, with a key.
public final class ModelSigner {
    /* What is signed was checked first as if it were to be added: nobody signs with us what we refuse to load.
     * The statement covers every file but the signature itself, and leaves out none of git's. */
    private static final String TORCHSCRIPT = ".pt";
    private static final int KEY_BYTES_MAX = 64 << 10;
    private static final Set<PosixFilePermission> OTHERS = Set.of(
            PosixFilePermission.GROUP_READ,
            PosixFilePermission.GROUP_WRITE,
            PosixFilePermission.OTHERS_READ,
            PosixFilePermission.OTHERS_WRITE);

    /// A pair of keys.
    ///
    /// @param privatePem PKCS #8
    /// @param publicPem SPKI
    public record Keys(byte[] privatePem, byte[] publicPem) {}

    private ModelSigner() {}

    /// A new pair on P-256.
    public static Keys generateKeys() {
        KeyPair pair = EcKeys.generate();
        return new Keys(
                Pem.format(Pem.PRIVATE_KEY, pair.getPrivate().getEncoded()).getBytes(StandardCharsets.US_ASCII),
                Pem.format(Pem.PUBLIC_KEY, pair.getPublic().getEncoded()).getBytes(StandardCharsets.US_ASCII));
    }

    /// Signs a GGUF file, a TorchScript file (by its name, `.pt`) or a model folder.
    ///
    /// @param keyFile a private key in PKCS #8, PEM, that only its owner can read
    /// @return the bundle, which belongs into `model.sig` in the folder, or into a file beside the file
    /// @throws ArtifactException if the model is refused, or the key
    public static byte[] sign(Path source, Path keyFile) throws IOException {
        ECPrivateKey key = privateKey(keyFile);
        Path real = ModelPath.real(source);
        boolean folder = Files.isDirectory(real);
        Map<String, Path> files = new TreeMap<>(ModelPath.files(real));
        if (folder) files.remove(SignedStatement.SIGNATURE_FILE);
        String subject = String.valueOf(real.getFileName());
        var resources = new TreeMap<String, String>();
        if (!folder && subject.endsWith(TORCHSCRIPT)) resources.put(SignedStatement.WHOLE_MODEL, torchScript(real));
        else
            try (VerifiedArtifact checked = Verifier.admit(
                    ModelName.of(real),
                    files,
                    real.toString(),
                    TimeSource.system().now())) {
                checked.manifest()
                        .files()
                        .forEach((name, fact) ->
                                resources.put(folder ? name : SignedStatement.WHOLE_MODEL, fact.sha256()));
            }
        Set<String> ignored = folder ? Set.of(SignedStatement.SIGNATURE_FILE) : Set.of();
        byte[] payload = new SignedStatement(0, resources, ignored).toJson(subject);
        String publicPem = Pem.format(Pem.PUBLIC_KEY, EcKeys.publicKey(key).getEncoded());
        return new SignatureBundle(
                        payload,
                        EcKeys.sign(key, SignatureBundle.signedBytes(payload)),
                        new SignatureBundle.KeyHint(Sha256.of(publicPem.getBytes(StandardCharsets.US_ASCII))))
                .toJson();
    }

    /// @return the digest of the bytes that were checked
    private static String torchScript(Path file) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = PinnedFile.read(arena, file, TorchScriptReader.FILE_BYTES_MAX);
            TorchScriptReader.check(bytes);
            return Sha256.of(bytes);
        }
    }

    /// @throws ArtifactException if it is no private key, or others can read it
    static ECPrivateKey privateKey(Path keyFile) throws IOException {
        return EcKeys.privateKey(readKey(keyFile), "the key file " + keyFile);
    }

    private static byte[] readKey(Path file) throws IOException {
        if (Files.size(file) > KEY_BYTES_MAX)
            throw Refusals.files("the key file %s has over %d bytes: it is no key", file, KEY_BYTES_MAX);
        for (PosixFilePermission permission : Files.getPosixFilePermissions(file))
            if (OTHERS.contains(permission))
                throw Refusals.files(
                        "the key file %s can be read or written by others: chmod 600 it, or use another key", file);
        return Files.readAllBytes(file);
    }
}
