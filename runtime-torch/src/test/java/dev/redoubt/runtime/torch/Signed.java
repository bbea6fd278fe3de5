package dev.redoubt.runtime.torch;

import dev.redoubt.trust.ModelSigner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.HexFormat;

/// A model file with its signature and the key of whoever signed it.
record Signed(Path model, Path signature, Path signer, String digest) {
    /// @param folder where all of it goes
    static Signed of(Path folder, byte[] model) throws Exception {
        Path file = Files.write(folder.resolve("model.pt"), model);
        Path key = folder.resolve("key.pem");
        ModelSigner.Keys keys = ModelSigner.generateKeys();
        Files.write(key, keys.privatePem());
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));
        Path signature = Files.write(folder.resolve("model.pt.sig"), ModelSigner.sign(file, key));
        Path signer = Files.write(folder.resolve("key.pub.pem"), keys.publicPem());
        return new Signed(file, signature, signer, digest(model));
    }

    static String digest(byte[] bytes) throws Exception {
        return "sha256:"
                + HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    }

    Signed withDigest(String other) {
        return new Signed(model, signature, signer, other);
    }

    Signed withSigner(Path other) {
        return new Signed(model, signature, other, digest);
    }

    Signed withSignature(Path other) {
        return new Signed(model, other, signer, digest);
    }

    /// The same files, with other bytes in the model's and their digest.
    Signed rewritten(byte[] bytes) throws IOException, Exception {
        Files.write(model, bytes);
        return withDigest(digest(bytes));
    }
}
