package dev.redoubt.trust;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.base.DurableFiles;
import dev.redoubt.testkit.ManualClock;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelStoreTest {
    @TempDir
    Path temp;

    private final ManualClock clock = new ManualClock();
    private Path root = Path.of("");
    private Path source = Path.of("");
    private ModelStore store = new ModelStore(root);

    @BeforeEach
    void addOne() {
        root = temp.resolve("home/models");
        store = new ModelStore(root, clock);
        source = TinyModels.folder(temp.resolve("source"));
        store.add(source, "tiny");
    }

    private Path stored(String file) {
        return root.resolve("tiny/files").resolve(file);
    }

    /// Changes a stored file as somebody with the owner's rights could.
    private void change(String file, byte[] content) throws IOException {
        Files.setPosixFilePermissions(stored(file), PosixFilePermissions.fromString("rw-------"));
        Files.write(stored(file), content);
    }

    /// Each use refuses and sets the entry aside; it is put back each time.
    private void assertRefused(String rule, String... words) throws IOException {
        Map<String, Runnable> uses =
                Map.of("open", () -> store.open("tiny").close(), "verify", () -> store.verify("tiny"));
        for (Map.Entry<String, Runnable> use : uses.entrySet()) {
            assertThatThrownBy(() -> use.getValue().run())
                    .isInstanceOfSatisfying(
                            ArtifactException.class, e -> assertThat(e.rule()).isEqualTo(rule))
                    .hasMessageContainingAll(words);
            assertThat(root.resolve("tiny")).doesNotExist();
            QuarantinedModel aside = store.quarantined().getFirst();
            assertThat(aside.during()).isEqualTo(use.getKey());
            assertThat(aside.rule()).isEqualTo(rule);
            assertThat(aside.reason()).contains(words);
            Path folder = root.resolve(".quarantine").resolve(aside.folder());
            Files.move(folder.resolve("content"), root.resolve("tiny"));
            DurableFiles.deleteTree(folder);
        }
    }

    @Test
    void V4_2_flippedBitIsRefusedAndNamed() throws IOException {
        for (String file : List.of("model.safetensors", "config.json", "LICENSE", ".gitattributes")) {
            byte[] bytes = Files.readAllBytes(stored(file));
            for (int at : new int[] {0, bytes.length / 2, bytes.length - 1}) {
                byte[] flipped = bytes.clone();
                flipped[at] ^= 4;
                change(file, flipped);
                assertRefused("V4.2", "'" + file + "' has changed: digest mismatch");
            }
            change(file, bytes);
        }
        store.open("tiny").close();
    }

    @Test
    void V4_2_extraFileIsRefusedAndNamed() throws IOException {
        Files.writeString(stored("special_tokens_map.json"), "{}");
        assertRefused("V4.2", "'special_tokens_map.json' is extra");
        Files.delete(stored("special_tokens_map.json"));
        Files.writeString(root.resolve("tiny/beside.json"), "{}");
        assertRefused("V4.2", "'beside.json', which is extra");
    }

    @Test
    void V4_2_missingFileIsRefusedAndNamed() throws IOException {
        Files.delete(stored("tokenizer.json"));
        assertRefused("V4.2", "'tokenizer.json' is missing");
    }

    @Test
    void V4_2_renamedFileIsRefusedAndNamed() throws IOException {
        Files.move(stored("tokenizer.json"), stored("tokenizes.json"));
        assertRefused("V4.2", "'tokenizer.json' is missing", "'tokenizes.json' is extra");
    }

    @Test
    void V4_2_swappedFilesAreRefusedAndNamed() throws IOException {
        Files.move(stored("a.txt"), stored("c.txt"));
        Files.move(stored("b.txt"), stored("a.txt"));
        Files.move(stored("c.txt"), stored("b.txt"));
        assertRefused("V4.2", "'a.txt'", "it holds the bytes of 'b.txt'", "'b.txt'", "it holds the bytes of 'a.txt'");
    }

    @Test
    void V4_2_truncatedAndAppendedFilesAreRefusedAndNamed() throws IOException {
        byte[] bytes = Files.readAllBytes(stored("model.safetensors"));
        change("model.safetensors", Arrays.copyOf(bytes, bytes.length - 1));
        assertRefused("V4.2", "'model.safetensors' is truncated");
        change("model.safetensors", Arrays.copyOf(bytes, bytes.length + 1));
        assertRefused("V4.2", "'model.safetensors' has changed: size");
        change("model.safetensors", new byte[0]);
        assertRefused("V4.2", "'model.safetensors' is truncated: size 0");
    }

    @Test
    void V4_2_linkInPlaceOfAFileIsRefusedAndNamed() throws IOException {
        Files.move(stored("config.json"), temp.resolve("config.json"));
        Files.createSymbolicLink(stored("config.json"), temp.resolve("config.json"));
        assertRefused("V4.2", "'config.json' is a symbolic link");
    }

    @Test
    void V4_2_changedManifestIsRefused() throws IOException {
        Path manifest = root.resolve("tiny/manifest.json");
        String text = Files.readString(manifest);
        List<String> changes = List.of(
                text.replace("\"LICENSE\"", "\"LICENCE\""),
                text.replaceFirst("\"size\" : \\d+", "\"size\" : 7"),
                text.replaceFirst("\"sha256\" : \"[0-9a-f]{4}", "\"sha256\" : \"0000"),
                text.replaceFirst("\"digest\" : \"[0-9a-f]{4}", "\"digest\" : \"0000"),
                text.replaceFirst("\"sha256\" : \"[0-9a-f]{2}", "\"sha256\" : \""),
                text.replace("\"LICENSE\"", "\"../LICENSE\""),
                text.replace("\"LICENSE\"", "\"a.txt\""),
                text.replace("\"safetensors\"", "\"gguf\""),
                text.replace("\"version\" : 1", "\"version\" : 2"),
                text.replace("\"version\" : 1", "\"version\" : 1, \"more\" : 1"),
                text.replace("\"name\" : \"tiny\"", "\"name\" : \"other\""),
                text.replace("\"added_at\" : \"2", "\"added_at\" : \"x"),
                "",
                "[]",
                text.substring(0, text.length() / 2));
        for (String changed : changes) {
            assertThat(changed).isNotEqualTo(text);
            Files.writeString(manifest, changed);
            assertRefused("V4.2", "manifest of 'tiny'");
            assertThat(store.list()).isEmpty();
            assertThat(store.damaged()).hasSize(1);
        }
        Files.delete(manifest);
        assertRefused("V4.2", "manifest of 'tiny' is missing");
    }

    @Test
    void V4_2_digestDependsOnTheBytesAlone() {
        String digest = store.show("tiny").digest();
        clock.advance(Duration.ofDays(1));
        StoreEntry other = store.add(source, "other");
        assertThat(other.digest()).isEqualTo(digest);
        assertThat(other.addedAt()).isAfter(store.show("tiny").addedAt());
        try (var direct = ModelPath.open(source)) {
            assertThat(direct.digest()).isEqualTo(digest);
        }
    }

    @Test
    void namesThatCouldLeaveTheStoreAreRefused() {
        for (String name :
                List.of("", ".", "..", "../x", "a/b", "/a", "A", "a b", ".staging", "a\n", "ä", "x".repeat(65))) {
            assertThatThrownBy(() -> store.add(source, name))
                    .isInstanceOf(ArtifactException.class)
                    .hasMessageContaining("model name");
            assertThatThrownBy(() -> store.open(name)).isInstanceOf(ArtifactException.class);
            assertThatThrownBy(() -> store.find(name)).isInstanceOf(ArtifactException.class);
        }
    }

    @Test
    void entriesAreListedAndShown() {
        store.add(source, "another");
        assertThat(store.list()).extracting(StoreEntry::name).containsExactly("another", "tiny");
        StoreEntry entry = store.show("tiny");
        assertThat(entry.files()).contains("config.json", "model.safetensors");
        assertThat(entry.source()).isEqualTo(source.toString());
        assertThat(entry.addedAt()).isEqualTo(clock.now());
        assertThat(store.find("absent")).isEmpty();
        assertThatThrownBy(() -> store.open("absent")).hasMessageContaining("'absent' is not in the store");
        assertThat(new ModelStore(temp.resolve("nowhere")).list()).isEmpty();
    }

    @Test
    void sameFilesAgainChangeNothingAndOtherFilesAreRefused() throws IOException {
        StoreEntry first = store.show("tiny");
        clock.advance(Duration.ofHours(1));
        assertThat(store.add(source, "tiny")).isEqualTo(first);
        Files.writeString(source.resolve("a.txt"), "three\n");
        assertThatThrownBy(() -> store.add(source, "tiny")).hasMessageContaining("'tiny' is taken");
        assertThat(store.show("tiny")).isEqualTo(first);
        assertThat(root.resolve(".staging")).isEmptyDirectory();
    }

    @Test
    void otherFilesTakeTheirPlaceByAHigherRevision() throws IOException {
        StoreEntry first = store.show("tiny");
        Files.writeString(source.resolve("a.txt"), "three\n");
        assertThatThrownBy(() -> store.add(source, "tiny", revision(1))).hasMessageContaining("is not above 1");
        assertThat(store.show("tiny")).isEqualTo(first);
        StoreEntry second = store.add(source, "tiny", revision(2));
        assertThat(second.digest()).isNotEqualTo(first.digest());
        assertThat(store.show("tiny")).isEqualTo(second);
        store.open("tiny").close();
        assertThat(root.resolve(".staging")).isEmptyDirectory();
    }

    private static Vouch revision(long number) {
        return new Vouch(Optional.empty(), Optional.empty(), OptionalLong.of(number), Optional.empty());
    }

    @Test
    void onlyTheOwnerCanReadAndNobodyWritesFiles() throws IOException {
        try (Stream<Path> walk = Files.walk(root)) {
            for (Path path : walk.toList()) {
                String permissions = PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
                if (Files.isDirectory(path))
                    assertThat(permissions).as(path.toString()).isEqualTo("rwx------");
                else assertThat(permissions).as(path.toString()).isIn("r--------", "rw-------");
            }
        }
        assertThat(Files.getPosixFilePermissions(stored("config.json")))
                .isEqualTo(PosixFilePermissions.fromString("r--------"));
    }

    @Test
    void refusedModelLeavesNothing() throws IOException {
        Files.writeString(source.resolve("modeling_tiny.py"), "print()\n");
        assertThatThrownBy(() -> store.add(source, "second"))
                .isInstanceOfSatisfying(
                        ArtifactException.class, e -> assertThat(e.rule()).isEqualTo("V2.4"));
        assertThatThrownBy(() -> store.add(temp.resolve("absent.gguf"), "third"))
                .hasMessageContaining("no model at");
        assertThat(store.list()).hasSize(1);
        assertThat(root.resolve(".staging")).isEmptyDirectory();
    }

    @Test
    void V4_3_valuesAreCheckedBeforeAnEntryIsMade() throws IOException {
        byte[] gguf = TinyModels.gguf(4);
        ByteBuffer.wrap(gguf).order(ByteOrder.LITTLE_ENDIAN).putFloat(gguf.length - 8, Float.NaN);
        Path file = Files.write(temp.resolve("nan.gguf"), gguf);
        assertThatThrownBy(() -> store.add(file, "nan")).hasMessageContainingAll("token_embd.weight", "not finite");
        assertThat(store.find("nan")).isEmpty();
    }

    @Test
    void V2_4_compiledPythonInASubFolderIsRefusedAndNamed() throws IOException {
        Files.createDirectories(source.resolve("__pycache__"));
        Files.write(
                source.resolve("__pycache__/modeling_tiny.cpython-311.pyc"),
                new byte[] {(byte) 0xa7, 0x0d, 0x0d, 0x0a, 0, 0});
        assertThatThrownBy(() -> store.add(source, "second"))
                .isInstanceOfSatisfying(
                        ArtifactException.class, e -> assertThat(e.rule()).isEqualTo("V2.4"))
                .hasMessageContaining("modeling_tiny.cpython-311.pyc");
    }

    @Test
    void openReadsTensorsAndFilesUntilClosed() throws IOException {
        store.add(Files.write(temp.resolve("tiny-f32.gguf"), TinyModels.gguf(3)), "gguf");
        VerifiedArtifact artifact = store.open("gguf");
        Tensor tensor = Objects.requireNonNull(artifact.tensors().get("token_embd.weight"));
        assertThat(tensor.shape()).containsExactly(3L, 8L);
        assertThat(tensor.data().isReadOnly()).isTrue();
        assertThat(artifact.gguf().string("general.architecture")).contains("llama");
        artifact.close();
        artifact.close();
        assertThatThrownBy(() -> tensor.data().get(ValueLayout.JAVA_BYTE, 0)).isInstanceOf(IllegalStateException.class);
        try (var folder = store.open("tiny")) {
            assertThat(folder.file("config.json"))
                    .contains("{\"model_type\":\"llama\"}".getBytes(StandardCharsets.UTF_8));
            assertThatThrownBy(folder::gguf).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void stageOfADeadProcessIsSweptAndThatOfALivingOneStays() throws IOException {
        Path dead = Files.createDirectories(root.resolve(".staging/dead/files"));
        Files.writeString(dead.resolve("half.gguf"), "GG");
        Files.writeString(root.resolve(".staging/dead.lock"), "");
        try (Staging living = store.layout().stage()) {
            assertThat(root.resolve(".staging/dead")).doesNotExist();
            assertThat(root.resolve(".staging/dead.lock")).doesNotExist();
            Files.writeString(living.folder().resolve("x"), "x");
            store.list();
            store.open("tiny").close();
            assertThat(living.folder().resolve("x")).exists();
        }
        assertThat(root.resolve(".staging")).isEmptyDirectory();
    }

    @Test
    void modelLargerThanTheDiskIsRefusedBeforeItIsCopied() throws IOException {
        Path huge = temp.resolve("huge.gguf");
        byte[] header = TinyModels.gguf(1);
        long free = Files.getFileStore(temp).getUsableSpace();
        try (FileChannel channel = FileChannel.open(huge, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(header));
            channel.write(ByteBuffer.wrap(new byte[1]), Math.min(free, 1L << 40)); // sparse
        }
        assertThatThrownBy(() -> DiskSpace.require(temp, free))
                .hasMessageContainingAll("bytes free", "are needed", temp.toString());
        assertThatThrownBy(() -> store.add(huge, "huge")).isInstanceOf(ArtifactException.class);
        assertThat(root.resolve(".staging")).isEmptyDirectory();
    }

    @Test
    void moduleIsNamed() {
        assertThat(ModelStore.class.getModule().getName()).isEqualTo("dev.redoubt.trust");
    }

    @Test
    void V4_2_oneFileMayLieInASubFolderAndItsBytesCountAsAllOthers() throws IOException {
        Path pooling = Files.createDirectories(source.resolve("1_Pooling")).resolve("config.json");
        Files.writeString(pooling, "{\"pooling_mode_mean_tokens\": true}");
        store.add(source, "pooled");
        try (VerifiedArtifact artifact = store.open("pooled")) {
            assertThat(artifact.file("1_Pooling/config.json")).contains(Files.readAllBytes(pooling));
        }
        assertThat(store.verify("pooled").files()).contains("1_Pooling/config.json");
        Path copy = root.resolve("pooled/files/1_Pooling/config.json");
        Files.setPosixFilePermissions(copy, PosixFilePermissions.fromString("rw-------"));
        Files.writeString(copy, "{\"pooling_mode_mean_tokens\": null}");
        assertThatThrownBy(() -> store.open("pooled"))
                .isInstanceOf(ArtifactException.class)
                .hasMessageContaining("1_Pooling/config.json");

        for (String other : List.of("2_Dense/config.json", "1_Pooling/other.json", "1_Pooling/1_Pooling/config.json")) {
            Path second = source.resolve(other);
            Files.createDirectories(Objects.requireNonNull(second.getParent()));
            Files.writeString(second, "{}");
            assertThatThrownBy(() -> store.add(source, "another"))
                    .isInstanceOf(ArtifactException.class)
                    .hasMessageContaining("unexpected file '" + other + "' in a sub folder");
            Files.delete(second);
        }
    }
}
