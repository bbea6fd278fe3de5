package dev.redoubt.trust;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Envelopes of reports, good ones and others.
final class SignedReportTest {
    private static final String TYPE = "application/vnd.test+json";
    private static final byte[] REPORT = "{\"a\":1}".getBytes(StandardCharsets.UTF_8);

    @TempDir
    private Path folder;

    private Path key;
    private Signer signer;

    @BeforeEach
    void makeKey() throws IOException {
        ModelSigner.Keys keys = ModelSigner.generateKeys();
        key = Files.write(folder.resolve("key.pem"), keys.privatePem());
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));
        signer = Signer.ofPem(keys.publicPem());
    }

    @Test
    void whatWasSignedComesBack() throws IOException {
        assertThat(SignedReport.open(SignedReport.sign(REPORT, TYPE, key), TYPE, signer))
                .isEqualTo(REPORT);
    }

    @Test
    void anotherKeyIsRefused() throws IOException {
        Signer other = Signer.ofPem(ModelSigner.generateKeys().publicPem());
        byte[] envelope = SignedReport.sign(REPORT, TYPE, key);
        assertThatThrownBy(() -> SignedReport.open(envelope, TYPE, other))
                .isInstanceOf(ArtifactException.class)
                .hasMessageContaining("another key");
    }

    @Test
    void anotherTypeIsRefused() throws IOException {
        byte[] envelope = SignedReport.sign(REPORT, "application/vnd.other+json", key);
        assertThatThrownBy(() -> SignedReport.open(envelope, TYPE, signer)).hasMessageContaining("payloadType");
        String renamed = new String(envelope, StandardCharsets.UTF_8).replace("vnd.other", "vnd.test");
        assertThatThrownBy(() -> SignedReport.open(renamed.getBytes(StandardCharsets.UTF_8), TYPE, signer))
                .hasMessageContaining("not one of the given key");
    }

    /// Whatever is opened is what was signed: no byte that is flipped gives another report.
    @Test
    void everyFlippedByteIsRefusedOrChangesNothing() throws IOException {
        byte[] envelope = SignedReport.sign(REPORT, TYPE, key);
        int refused = 0;
        for (int i = 0; i < envelope.length; i++) {
            byte[] flipped = envelope.clone();
            flipped[i] ^= 1;
            try {
                assertThat(SignedReport.open(flipped, TYPE, signer)).isEqualTo(REPORT);
            } catch (ArtifactException e) {
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(envelope.length * 9 / 10);
    }

    @Test
    void aKeyThatOthersCanReadIsRefused() throws IOException {
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-r--r--"));
        assertThatThrownBy(() -> SignedReport.sign(REPORT, TYPE, key))
                .isInstanceOf(ArtifactException.class)
                .hasMessageContaining("chmod 600");
    }
}
