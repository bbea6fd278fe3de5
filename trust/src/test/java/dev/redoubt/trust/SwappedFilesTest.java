package dev.redoubt.trust;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What was verified is what is used: a file that is replaced or written between check and load.
class SwappedFilesTest {
    private static final int ROWS = 2_000;

    @TempDir
    Path temp;

    private final byte[] good = TinyModels.gguf(ROWS);

    private Path model() throws IOException {
        return Files.write(temp.resolve("model.gguf"), good);
    }

    private static byte[] evil() {
        byte[] evil = TinyModels.gguf(ROWS);
        for (int i = evil.length - 1_000; i < evil.length; i++) evil[i] = 42;
        return evil;
    }

    /// The last weight's bytes as the model would compute with them.
    private static byte lastByte(VerifiedArtifact artifact) {
        var data = Objects.requireNonNull(artifact.tensors().get("token_embd.weight"))
                .data();
        return data.get(ValueLayout.JAVA_BYTE, data.byteSize() - 1);
    }

    private byte goodByte() {
        return good[good.length - 1];
    }

    private void renameOver(Path target) throws IOException {
        Path other = Files.write(temp.resolve("evil"), evil());
        Files.move(other, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private static void writeInPlace(Path target) throws IOException {
        try (FileChannel channel = FileChannel.open(target, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(evil()));
        }
    }

    @Test
    void V4_2_anEntryThatIsRenamedOverAfterTheCheckIsNotWhatIsLoaded() throws IOException {
        var store = new ModelStore(temp.resolve("models"));
        store.add(model(), "tiny");
        try (VerifiedArtifact artifact = store.open("tiny")) {
            renameOver(temp.resolve("models/tiny/files/model.gguf"));
            artifact.confirm();
            assertThat(lastByte(artifact)).isEqualTo(goodByte());
        }
        assertThatThrownBy(() -> store.open("tiny")).hasMessageContaining("'model.gguf' has changed");
    }

    @Test
    void V4_2_theSourceOfAnEntryHasNoPowerOverIt() throws IOException {
        Path source = model();
        var store = new ModelStore(temp.resolve("models"));
        store.add(source, "tiny");
        try (VerifiedArtifact artifact = store.open("tiny")) {
            writeInPlace(source);
            assertThat(lastByte(artifact)).isEqualTo(goodByte());
        }
        store.open("tiny").close();
    }

    @Test
    void V4_2_aPinnedPathIsAPrivateCopyThatNobodyCanNameAnyMore() throws IOException {
        Path source = model();
        var store = new ModelStore(temp.resolve("models"));
        String digest;
        try (VerifiedArtifact once = ModelPath.open(source)) {
            digest = once.digest();
        }
        try (VerifiedArtifact artifact = store.openPinned(source, digest)) {
            assertThat(temp.resolve("models/.staging")).isEmptyDirectory();
            writeInPlace(source);
            assertThat(lastByte(artifact)).isEqualTo(goodByte());
            renameOver(source);
            assertThat(lastByte(artifact)).isEqualTo(goodByte());
            artifact.confirm();
            assertThat(artifact.trust().orElseThrow().digest()).isEqualTo(digest);
        }
        assertThatThrownBy(() -> store.openPinned(source, digest))
                .isInstanceOfSatisfying(
                        ArtifactException.class, e -> assertThat(e.rule()).isEqualTo("V4.1"))
                .hasMessageContaining("given was " + digest);
        assertThat(temp.resolve("models/.staging")).isEmptyDirectory();
    }

    @Test
    void V4_2_aPathThatNobodyPinnedIsRefusedIfItIsWrittenWhileItIsLoaded() throws IOException {
        Path source = model();
        try (VerifiedArtifact artifact = ModelPath.open(source)) {
            assertThat(artifact.trust()).isEmpty();
            artifact.confirm();
            renameOver(source);
            artifact.confirm(); // the file that is mapped is the one that was verified
            assertThat(lastByte(artifact)).isEqualTo(goodByte());
        }
        Files.write(source, good);
        try (VerifiedArtifact artifact = ModelPath.open(source)) {
            writeInPlace(source);
            assertThatThrownBy(artifact::confirm)
                    .isInstanceOfSatisfying(
                            ArtifactException.class, e -> assertThat(e.rule()).isEqualTo("V4.2"))
                    .hasMessageContaining("was written while it was loaded");
        }
    }
}
