package dev.redoubt.trust;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.testkit.ManualClock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What is refused is set aside with its reason, and never loaded.
class QuarantineTest {
    @TempDir
    Path temp;

    private final ManualClock clock = new ManualClock();

    private Path root() {
        return temp.resolve("models");
    }

    private ModelStore store() {
        return new ModelStore(root(), clock);
    }

    /// Adds an entry and lets an open find it damaged.
    private void refuse(ModelStore store, String name) throws IOException {
        store.add(Files.write(temp.resolve("m.gguf"), TinyModels.gguf(1_000)), name);
        Path file = root().resolve(name).resolve("files/m.gguf");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length - 1] ^= 1;
        Files.write(file, bytes);
        assertThatThrownBy(() -> store.open(name)).hasMessageContaining("has changed");
    }

    @Test
    void V4_2_aRefusedEntryIsSetAsideWithItsReason() throws IOException {
        ModelStore store = store();
        refuse(store, "tiny");
        QuarantinedModel aside = store.quarantined().getFirst();
        assertThat(aside.folder()).startsWith("tiny-2").matches("tiny-\\d{8}-\\d{6}");
        assertThat(aside.reason()).contains("'m.gguf' has changed");
        assertThat(aside.bytes()).isPositive();
        assertThat(aside.at()).isEqualTo(clock.now());
        Path folder = root().resolve(".quarantine").resolve(aside.folder());
        assertThat(Files.readString(folder.resolve("reason.json"))).contains("\"rule\" : \"V4.2\"");
        assertThat(Files.getPosixFilePermissions(folder)).isEqualTo(PosixFilePermissions.fromString("rwx------"));
        assertThat(store.find("tiny")).isEmpty();
        assertThatThrownBy(() -> store.open("tiny")).hasMessageContaining("not in the store");
    }

    @Test
    void V4_2_whatIsInQuarantineIsNeverLoaded() throws IOException {
        ModelStore store = store();
        refuse(store, "tiny");
        Path files = root().resolve(".quarantine")
                .resolve(store.quarantined().getFirst().folder())
                .resolve("content/files");
        for (Path path : List.of(files, files.resolve("m.gguf"), files.resolve("../files/m.gguf"))) {
            assertThatThrownBy(() -> ModelPath.open(path)).hasMessageContaining("is in quarantine");
            assertThatThrownBy(() -> store.add(path, "again")).hasMessageContaining("is in quarantine");
            assertThatThrownBy(() -> store.openPinned(path, "0".repeat(64))).hasMessageContaining("is in quarantine");
        }
        Path link = Files.createSymbolicLink(temp.resolve("link.gguf"), files.resolve("m.gguf"));
        assertThatThrownBy(() -> ModelPath.open(link)).hasMessageContaining("is in quarantine");
        for (String name : List.of(
                ".quarantine", ".quarantine/" + store.quarantined().getFirst().folder()))
            assertThatThrownBy(() -> store.open(name)).hasMessageContaining("model name");
    }

    @Test
    void theSameBytesCanBeAddedAgainAndAreTheSameRevision() throws IOException {
        ModelStore store = store();
        refuse(store, "tiny");
        store.add(Files.write(temp.resolve("m.gguf"), TinyModels.gguf(1_000)), "tiny");
        try (VerifiedArtifact artifact = store.open("tiny")) {
            assertThat(artifact.trust().orElseThrow().revision()).isEqualTo(1);
        }
    }

    @Test
    void theNumberIsBoundedAndTheOldestGo() throws IOException {
        ModelStore store = store();
        for (int i = 0; i < Quarantine.MODELS_MAX + 3; i++) {
            refuse(store, "m" + i);
            clock.advance(Duration.ofMinutes(1));
        }
        assertThat(store.quarantined()).hasSize(Quarantine.MODELS_MAX);
        assertThat(store.quarantined().getFirst().name()).isEqualTo("m" + (Quarantine.MODELS_MAX + 2));
        assertThat(store.quarantined().getLast().name()).isEqualTo("m3");
    }

    @Test
    void theBytesAreBoundedAndWhatIsTooLargeLeavesItsReasonOnly() throws IOException {
        long one = TinyModels.gguf(1_000).length;
        var store = new ModelStore(root(), clock, one / 2);
        refuse(store, "large");
        QuarantinedModel aside = store.quarantined().getFirst();
        assertThat(aside.bytes()).isZero();
        assertThat(root().resolve("large")).doesNotExist();
        assertThat(root().resolve(".quarantine").resolve(aside.folder()).resolve("content"))
                .doesNotExist();
    }

    @Test
    void twoAtTheSameSecondHaveTwoPlaces() throws IOException {
        ModelStore store = store();
        refuse(store, "tiny");
        refuse(store, "tiny");
        assertThat(store.quarantined())
                .extracting(QuarantinedModel::folder)
                .doesNotHaveDuplicates()
                .hasSize(2);
    }

    @Test
    void V4_2_aDownloadWithOtherBytesIsSetAside() throws IOException {
        byte[] model = TinyModels.gguf(4_000);
        byte[] changed = model.clone();
        changed[changed.length - 3] ^= 1;
        var hub = new ModelSource.Hub("someone/tiny", "main", "tiny.gguf");
        try (var server = new HubServer(HubServer.file(changed, Integer.MAX_VALUE))) {
            var pull = new ModelPull(store(), temp, Map.of("HF_ENDPOINT", server.address()), Duration.ZERO);
            assertThatThrownBy(() -> pull.pull(TinyModels.entry(model, hub), PullProgress.SILENT))
                    .hasMessageContaining("digest mismatch");
        }
        QuarantinedModel aside = store().quarantined().getFirst();
        assertThat(aside.during()).isEqualTo("pull");
        assertThat(aside.bytes()).isEqualTo(model.length);
        try (Stream<Path> left = Files.list(root().resolve(".partial"))) {
            assertThat(left.filter(file -> file.toString().endsWith(".part"))).isEmpty();
        }
    }

    @Test
    void aUsersOwnFileThatIsRefusedStaysWhereItIs() throws IOException {
        Path file = Files.writeString(temp.resolve("broken.gguf"), "GGUF but not really");
        assertThatThrownBy(() -> store().add(file, "broken")).isInstanceOf(ArtifactException.class);
        assertThat(file).exists();
        assertThat(store().quarantined()).isEmpty();
    }

    @Test
    void anAddedFileWhoseValuesAreRefusedIsSetAside() throws IOException {
        byte[] model = TinyModels.gguf(4);
        model[model.length - 1] = 0x7f;
        model[model.length - 2] = (byte) 0xc0;
        Path file = Files.write(temp.resolve("nan.gguf"), model);
        assertThatThrownBy(() -> store().add(file, "nan")).hasMessageContaining("not finite");
        assertThat(store().quarantined().getFirst().during()).isEqualTo("add");
        assertThat(root().resolve(".staging")).isEmptyDirectory();
    }
}
