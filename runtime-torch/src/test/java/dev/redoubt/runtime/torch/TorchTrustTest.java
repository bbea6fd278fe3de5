package dev.redoubt.runtime.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.testkit.TinyTorch;
import dev.redoubt.trust.ArtifactException;
import dev.redoubt.trust.ModelSigner;
import dev.redoubt.trust.TorchScriptFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What vouches for a TorchScript file, asked of what a worker asks it.
@SuppressWarnings("NullAway.Init")
class TorchTrustTest {
    private static final byte[] MODEL = TinyTorch.archive(TinyTorch.module("    return torch.relu(x)\n"));

    @TempDir
    Path folder;

    private Workers workers;
    private Signed signed;

    @BeforeEach
    void setUp() throws Exception {
        workers = new Workers(folder);
        signed = Signed.of(folder, MODEL);
    }

    @AfterEach
    void tearDown() {
        workers.close();
    }

    private static void verify(Signed signed) throws IOException {
        try (TorchScriptFile file = TorchScriptFile.read(signed.model(), signed.signature(), signed.signer())) {
            assertThat(file.verify(signed.digest()).bytes().byteSize()).isEqualTo(Files.size(signed.model()));
        }
    }

    private static void refused(Signed signed, String rule, String... words) {
        assertThatThrownBy(() -> verify(signed))
                .isInstanceOfSatisfying(
                        ArtifactException.class,
                        refusal -> assertThat(refusal.rule()).isEqualTo(rule))
                .hasMessageContainingAll(words);
    }

    @Test
    void R1_6_aWorkerNamesTheRuleByWhichItDoesNotStart() throws Exception {
        assertThat(workers.refusal(signed.withSignature(folder.resolve("none.sig"))))
                .hasMessageContainingAll("model.pt", "not signed", "(R1.6)");
        assertThat(workers.refusal(signed.withDigest("sha256:" + "0".repeat(64))))
                .hasMessageContainingAll("model.pt", "digest", "(V4.2)");
    }

    @Test
    void V4_2_anotherDigestSignerOrModelIsRefused() throws Exception {
        verify(signed);
        refused(signed.withDigest("sha256:" + "0".repeat(64)), "V4.2", "another model");
        Path other = Files.write(
                folder.resolve("other.pem"), ModelSigner.generateKeys().publicPem());
        refused(signed.withSigner(other), "V4.2", "another key than the pinned signer");
        byte[] changed = TinyTorch.archive(TinyTorch.module("    return torch.neg(x)\n"));
        refused(signed.rewritten(changed), "V4.2", "not what was signed");
    }

    @Test
    void V4_3_whatIsNoArchiveOfTorchIsRefusedThoughItIsPinned() throws Exception {
        assertThatThrownBy(() -> Signed.of(folder, Arrays.copyOf(MODEL, MODEL.length - 7)))
                .isInstanceOf(ArtifactException.class)
                .hasMessageContaining("it was cut");
        assertThatThrownBy(() -> Signed.of(folder, "import os".getBytes(java.nio.charset.StandardCharsets.UTF_8)))
                .isInstanceOf(ArtifactException.class);
    }
}
