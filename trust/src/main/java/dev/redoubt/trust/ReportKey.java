package dev.redoubt.trust;

import dev.redoubt.base.DurableFiles;
import dev.redoubt.base.Pem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/// The key in a folder of a home, which signs the reports that are kept there. Safe for any thread and for several
/// processes.
public final class ReportKey {
    private static final String PRIVATE = "key.pem";
    private static final String PUBLIC = "key.pub.pem";

    private final Path folder;

    private ReportKey(Path folder) {
        this.folder = folder;
    }

    /// Makes folder and key where there are none.
    public static ReportKey in(Path folder) throws IOException {
        ReportKey key = new ReportKey(DurableFiles.privateDirectory(folder));
        if (!Files.exists(key.privateFile())) key.make();
        if (!Files.exists(key.publicFile())) DurableFiles.replace(key.publicFile(), key.publicPem());
        return key;
    }

    /// Of several that make one at once the first one's counts.
    private void make() throws IOException {
        Path made = folder.resolve("." + UUID.randomUUID());
        DurableFiles.replace(made, ModelSigner.generateKeys().privatePem());
        try {
            Files.createLink(privateFile(), made);
        } catch (FileAlreadyExistsException another) {
            return;
        } finally {
            Files.delete(made);
        }
        DurableFiles.flushDirectory(folder);
    }

    /// PKCS #8, PEM, mode 0600.
    public Path privateFile() {
        return privateIn(folder);
    }

    /// SPKI, PEM: for whoever is to believe the reports.
    public Path publicFile() {
        return publicIn(folder);
    }

    /// Where [#privateFile] of a folder is, whether there is one or not.
    public static Path privateIn(Path folder) {
        return folder.resolve(PRIVATE);
    }

    /// Where [#publicFile] of a folder is, whether there is one or not.
    public static Path publicIn(Path folder) {
        return folder.resolve(PUBLIC);
    }

    /// As [SignedReport#sign].
    public byte[] sign(byte[] report, String type) throws IOException {
        return SignedReport.sign(report, type, privateFile());
    }

    /// As [SignedReport#open], for what this key has signed.
    public byte[] open(byte[] envelope, String type) throws IOException {
        return SignedReport.open(envelope, type, Signer.ofPem(publicPem()));
    }

    private byte[] publicPem() throws IOException {
        return Pem.format(
                        Pem.PUBLIC_KEY,
                        EcKeys.publicKey(ModelSigner.privateKey(privateFile())).getEncoded())
                .getBytes(StandardCharsets.US_ASCII);
    }
}
