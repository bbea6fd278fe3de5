package dev.redoubt.trust;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.testkit.ManualClock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// V4.1: a model loads only by an entry of the allow-list that matches in name, revision, digest and signer.
class AllowListTest {
    @TempDir
    Path temp;

    private final ManualClock clock = new ManualClock();
    private Path root = Path.of("");
    private ModelStore store = new ModelStore(root);
    private Path privateKey = Path.of("");
    private Signer signer = Signer.OPERATOR;

    @BeforeEach
    void keys() throws IOException {
        root = temp.resolve("models");
        store = new ModelStore(root, clock);
        ModelSigner.Keys keys = ModelSigner.generateKeys();
        privateKey = Files.write(temp.resolve("key.pem"), keys.privatePem());
        Files.setPosixFilePermissions(privateKey, PosixFilePermissions.fromString("rw-------"));
        signer = Signer.ofPem(keys.publicPem());
    }

    private Path gguf(int rows) throws IOException {
        return Files.write(temp.resolve("model-" + rows + ".gguf"), TinyModels.gguf(rows));
    }

    private Path signedFolder(String name) throws IOException {
        Path folder = TinyModels.folder(temp.resolve(name));
        Files.write(folder.resolve("model.sig"), ModelSigner.sign(folder, privateKey));
        return folder;
    }

    private void assertRefused(String... words) {
        assertThatThrownBy(() -> store.open("tiny").close())
                .isInstanceOfSatisfying(
                        ArtifactException.class, e -> assertThat(e.rule()).isEqualTo("V4.1"))
                .hasMessageContainingAll(words);
        assertThat(root.resolve("tiny")).as("the files are good: they stay").isDirectory();
    }

    @Test
    void V4_1_addingAnEntryPinsNameRevisionDigestAndSigner() throws IOException {
        StoreEntry added = store.add(gguf(2), "tiny");
        try (VerifiedArtifact artifact = store.open("tiny")) {
            assertThat(artifact.trust())
                    .contains(new TrustEntry(
                            "tiny",
                            1,
                            added.digest(),
                            "operator",
                            Optional.of(Quantization.F32),
                            Optional.empty(),
                            Optional.empty(),
                            clock.now()));
            assertThat(artifact.digest()).isEqualTo(added.digest());
        }
        assertThat(Files.getPosixFilePermissions(root.resolve("allow-list.json")))
                .isEqualTo(PosixFilePermissions.fromString("rw-------"));
        assertThat(store.list()).hasSize(1);
        assertThat(store.damaged()).as("the list is no model").isEmpty();
    }

    @Test
    void V6_2_anEntryStatesItsBoundsAsLongAsItsBytesStay() throws IOException {
        StoreEntry added = store.add(gguf(2), "tiny");
        assertThat(store.trust().find("tiny").orElseThrow().bounds()).isEmpty();
        var bounds = new QualityBounds(0.05, 0.9, 1.1);
        assertThat(store.trust().bound("tiny", added.digest(), bounds).bounds()).contains(bounds);
        store.trust().distrust("tiny");
        assertThatThrownBy(() -> store.trust().bound("tiny", added.digest(), bounds))
                .hasMessageContaining("taken off");
        store.trust().allow("tiny", added.digest());
        try (VerifiedArtifact artifact = store.open("tiny")) {
            assertThat(artifact.trust().orElseThrow().bounds()).contains(bounds);
        }
        assertThatThrownBy(() -> store.trust().bound("tiny", "0".repeat(64), bounds))
                .hasMessageContaining("the allow-list has");
        store.remove("tiny");
        store.add(gguf(3), "tiny");
        assertThat(store.trust().find("tiny").orElseThrow().bounds()).isEmpty();
    }

    @Test
    void V6_2_boundsThatBoundNothingAreRefused() throws IOException {
        StoreEntry added = store.add(gguf(2), "tiny");
        for (double[] bad : new double[][] {{Double.NaN, 0.9, 1}, {-1, 0.9, 1}, {0, 1.1, 1}, {0, 0.9, 0}})
            assertThatThrownBy(() -> new QualityBounds(bad[0], bad[1], bad[2]))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("allowed is");
        store.trust().bound("tiny", added.digest(), new QualityBounds(0.05, 0.9, 1.1));
        Path list = root.resolve("allow-list.json");
        String text = Files.readString(list);
        for (String bad : List.of("\"top1_min\" : 2", "\"top1_min\" : \"0.9\"", "\"top1\" : 0.9")) {
            Files.writeString(list, text.replaceFirst("\"top1_min\" : 0.9", bad));
            assertRefused("the allow-list has");
        }
    }

    @Test
    void V4_1_aNameAloneIsRefused() throws IOException {
        StoreEntry added = store.add(gguf(2), "tiny");
        Files.delete(root.resolve("allow-list.json"));
        assertRefused("'tiny' is not on the allow-list", "models trust tiny --digest sha256:" + added.digest());
        assertThat(store.trust().find("tiny")).isEmpty();
        store.verify("tiny"); // may be looked at
        assertThatThrownBy(() -> store.trust().allow("tiny", "0".repeat(64))).hasMessageContaining("given was 000");
        store.trust().allow("tiny", added.digest());
        store.open("tiny").close();
    }

    @Test
    void V4_1_aDistrustedNameIsRefusedUntilItIsTrustedAgain() throws IOException {
        StoreEntry added = store.add(gguf(2), "tiny");
        assertThat(store.trust().isDistrusted("tiny")).isFalse();
        assertThat(store.trust().distrust("tiny")).isTrue();
        assertThat(store.trust().distrust("tiny")).isFalse();
        assertThat(store.trust().isDistrusted("tiny")).isTrue();
        assertRefused("'tiny' was taken off the allow-list");
        assertThat(store.trust().allow("tiny", added.digest()).revision()).isEqualTo(1);
        store.open("tiny").close();
    }

    @Test
    void V4_1_anotherDigestThanTheListsIsRefused() throws IOException {
        store.add(gguf(2), "tiny");
        Path list = root.resolve("allow-list.json");
        String text = Files.readString(list);
        Files.writeString(list, text.replaceFirst("sha256:[0-9a-f]{8}", "sha256:00000000"));
        assertRefused("the allow-list has 00000000");
    }

    @Test
    void V4_1_anOldVersionNeverComesBackUnderItsName() throws IOException {
        StoreEntry first = store.add(gguf(2), "tiny");
        store.remove("tiny");
        assertThat(store.find("tiny")).isEmpty();
        store.add(gguf(3), "tiny");
        assertThat(store.trust().find("tiny").orElseThrow().revision()).isEqualTo(2);
        store.remove("tiny");
        assertThatThrownBy(() -> store.add(gguf(2), "tiny"))
                .hasMessageContainingAll(first.digest(), "old revision 1, the floor is 2");
        assertThat(root.resolve("tiny")).doesNotExist();
        assertThatThrownBy(() -> store.add(gguf(4), "tiny", revision(2))).hasMessageContaining("not above 2");
        store.add(gguf(4), "tiny", revision(7));
        try (VerifiedArtifact artifact = store.open("tiny")) {
            assertThat(artifact.trust().orElseThrow().revision()).isEqualTo(7);
        }
        store.add(gguf(2), "other"); // under another name it is another model
    }

    @Test
    void V6_1_theEntryStatesTheQuantizationThatTheFilesHave() throws IOException {
        store.add(gguf(2), "tiny");
        assertThat(store.trust().find("tiny").orElseThrow().quantization()).contains(Quantization.F32);
        Path list = root.resolve("allow-list.json");
        String text = Files.readString(list);
        Files.writeString(list, text.replace("\"f32\"", "\"gguf-q4_k\""));
        assertRefusedMethod("'tiny' is stored as f32, stated is gguf-q4_k");
        Files.writeString(list, text.replace("\"f32\"", "\"int3\""));
        assertThatThrownBy(() -> store.open("tiny")).hasMessageContaining("has a quantization that is none");
        Files.writeString(list, text.replaceFirst(",\\s*\"quantization\" : \"f32\"", ""));
        assertRefusedMethod(
                "'tiny' states no quantization on the allow-list, nothing is guessed: redoubt models trust");
        StoreEntry entry = store.show("tiny");
        assertThat(store.trust().allow("tiny", entry.digest()).quantization()).contains(Quantization.F32);
        store.open("tiny").close();
    }

    @Test
    void V6_1_anotherQuantizationThanStatedIsNotAdded() throws IOException {
        Path file = gguf(2);
        var stated = new Vouch(
                Optional.empty(), Optional.empty(), OptionalLong.empty(), Optional.of(Quantization.GGUF_Q8_0));
        assertThatThrownBy(() -> store.add(file, "tiny", stated))
                .isInstanceOfSatisfying(
                        ArtifactException.class, e -> assertThat(e.rule()).isEqualTo("V6.1"))
                .hasMessageContaining("'tiny' is stored as f32, stated is gguf-q8_0");
        assertThat(store.find("tiny")).isEmpty();
        assertThat(store.trust().find("tiny")).isEmpty();
        Path folder = TinyModels.folder(temp.resolve("folder"));
        Path config = folder.resolve("config.json");
        Files.writeString(config, "{\"quantization_config\":{\"quant_method\":\"gptq\",\"bits\":8}}");
        store.add(folder, "declared");
        assertThat(store.trust().find("declared").orElseThrow().quantization()).contains(Quantization.GPTQ_8);
        Files.writeString(config, "{\"quantization_config\":{\"quant_method\":\"magic\",\"bits\":8}}");
        assertThatThrownBy(() -> store.add(folder, "magic"))
                .hasMessageContaining("'quant_method' in 'quantization_config' of config.json is 'magic'");
        Files.writeString(config, "{\"quantization_config\":{\"quant_method\":\"gptq\",\"bits\":3}}");
        assertThatThrownBy(() -> store.add(folder, "three")).hasMessageContaining("'bits'");
    }

    private static Vouch adapterOf(String base) {
        return new Vouch(Optional.empty(), Optional.empty(), OptionalLong.empty(), Optional.empty(), Optional.of(base));
    }

    private Path adapter() throws IOException {
        Path folder = Files.createDirectories(temp.resolve("adapter"));
        Files.write(folder.resolve("adapter_model.safetensors"), TinyModels.safetensors("a", "b"));
        Files.writeString(folder.resolve("adapter_config.json"), "{\"base_model_name_or_path\":\"../elsewhere\"}");
        return folder;
    }

    @Test
    void V4_1_anAdapterIsAnEntryOfItsOwnThatNamesItsBase() throws IOException {
        String base = store.add(gguf(2), "tiny").digest();
        StoreEntry added = store.add(adapter(), "shout", adapterOf(base));
        assertThat(added.adapter()).isTrue();
        assertThat(store.show("tiny").adapter()).isFalse();
        assertThat(store.trust().find("shout").orElseThrow().base()).contains(base);
        assertThat(store.findByDigest(base).orElseThrow().name()).isEqualTo("tiny");
        Path another = gguf(3);
        store.add(another, "other");
        try (VerifiedArtifact adapter = store.open("shout");
                VerifiedArtifact own = store.open("tiny");
                VerifiedArtifact other = store.open("other")) {
            adapter.requireBase(own);
            assertThatThrownBy(() -> adapter.requireBase(other))
                    .isInstanceOfSatisfying(
                            ArtifactException.class, e -> assertThat(e.rule()).isEqualTo("V4.1"))
                    .hasMessageContainingAll("'shout' belongs to the base sha256:" + base, "'other'");
        }
        store.trust().distrust("shout");
        store.trust().allow("shout", added.digest()); // and it is still that base's
        assertThat(store.trust().find("shout").orElseThrow().base()).contains(base);
    }

    @Test
    void V4_1_anAdapterWithoutABaseIsRefusedAndStaysWhereItWas() throws IOException {
        Path folder = adapter();
        assertThatThrownBy(() -> store.add(folder, "shout"))
                .isInstanceOf(ArtifactException.class)
                .hasMessageContaining("'shout' is an adapter, which belongs to one base");
        Path model = gguf(2);
        assertThatThrownBy(() -> store.add(model, "tiny", adapterOf("0".repeat(64))))
                .hasMessageContaining("'tiny' is no adapter");
        assertThat(store.quarantined()).isEmpty();
        assertThat(store.list()).isEmpty();
    }

    private void assertRefusedMethod(String named) {
        assertThatThrownBy(() -> store.open("tiny").close())
                .isInstanceOfSatisfying(
                        ArtifactException.class, e -> assertThat(e.rule()).isEqualTo("V6.1"))
                .hasMessageContaining(named);
    }

    private static Vouch revision(long revision) {
        return new Vouch(Optional.empty(), Optional.empty(), OptionalLong.of(revision), Optional.empty());
    }

    @Test
    void V4_1_theSignersSignatureIsCheckedAtEveryOpen() throws IOException {
        Path folder = signedFolder("signed");
        store.add(folder, "tiny", Vouch.signedBy(signer));
        try (VerifiedArtifact artifact = store.open("tiny")) {
            assertThat(artifact.trust().orElseThrow().signer())
                    .isEqualTo(signer.id())
                    .startsWith("key:sha256:");
        }
        ModelSigner.Keys strangers = ModelSigner.generateKeys();
        Signer stranger = Signer.ofPem(strangers.publicPem());
        assertThatThrownBy(() -> store.trust().allow("tiny", stranger, Optional.empty()))
                .hasMessageContaining("another key");
        assertThatThrownBy(() -> store.add(folder, "second", Vouch.signedBy(stranger)))
                .hasMessageContaining("another key");
        // Somebody who can write the list names another signer, but cannot sign for it.
        Path list = root.resolve("allow-list.json");
        String text = Files.readString(list);
        Files.writeString(
                list,
                text.replace(signer.id(), stranger.id())
                        .replace(
                                signer.pem().replace("\n", "\\n"),
                                stranger.pem().replace("\n", "\\n")));
        assertThatThrownBy(() -> store.open("tiny")).hasMessageContaining("another key");
        Files.writeString(list, text.replace(signer.id(), stranger.id()));
        assertRefused("of the allow-list is not that of its key");
    }

    @Test
    void V4_1_anUnsignedModelIsRefusedWhereASignerIsNamed() throws IOException {
        store.add(gguf(2), "tiny");
        assertThatThrownBy(() -> store.add(gguf(3), "second", Vouch.signedBy(signer)))
                .isInstanceOfSatisfying(
                        ArtifactException.class, e -> assertThat(e.rule()).isEqualTo("V4.1"))
                .hasMessageContaining("not signed");
        assertThatThrownBy(() -> store.trust().allow("tiny", signer, Optional.empty()))
                .hasMessageContaining("is not signed");
        store.open("tiny").close(); // as before
    }

    @Test
    void aSignatureMayLieBesideTheFilesAndMustBeOfThem() throws IOException {
        Path model = gguf(2);
        Path signature = Files.write(temp.resolve("a.sig"), ModelSigner.sign(model, privateKey));
        Path others = Files.write(temp.resolve("b.sig"), ModelSigner.sign(gguf(3), privateKey));
        store.add(model, "tiny");
        assertThatThrownBy(() -> store.trust().allow("tiny", signer, Optional.of(others)))
                .hasMessageContaining("has changed");
        assertThat(root.resolve("tiny"))
                .as("a wrong signature is no fault of the files")
                .isDirectory();
        assertThat(store.trust().allow("tiny", signer, Optional.of(signature)).signer())
                .isEqualTo(signer.id());
        store.open("tiny").close();
        store.verify("tiny");
        Files.copy(others, root.resolve("tiny/model.sig"), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        assertThatThrownBy(() -> store.open("tiny")).hasMessageContaining("has changed");
        Files.delete(root.resolve("tiny/model.sig"));
        assertRefused("'tiny' is not signed");
        var vouch = new Vouch(Optional.of(signer), Optional.of(signature), OptionalLong.empty(), Optional.empty());
        store.add(model, "tiny", vouch);
        store.open("tiny").close();
        store.add(model, "second", vouch);
        store.open("second").close();
    }

    @Test
    void V4_1_aListThatOthersCouldWriteOrThatIsMalformedAllowsNothing() throws IOException {
        store.add(gguf(2), "tiny");
        Path list = root.resolve("allow-list.json");
        String text = Files.readString(list);
        Files.setPosixFilePermissions(list, PosixFilePermissions.fromString("rw-rw----"));
        assertRefused("open to others than its owner");
        Files.setPosixFilePermissions(list, PosixFilePermissions.fromString("rw-------"));
        for (String changed : List.of(
                "",
                "{}",
                text.replace("\"version\" : 1", "\"version\" : 2"),
                text.replace("\"revision\" : 1", "\"revision\" : 0"),
                text.replace("\"revision\" : 1", "\"revision\" : \"1\""),
                text.replace("\"signer\"", "\"signers\""),
                text.replace("\"operator\"", "\"nobody\""),
                text.replace("sha256:", "md5:"),
                text.replace("\"trusted\" : true", "\"trusted\" : 1"),
                text.substring(0, text.length() - 10))) {
            assertThat(changed).isNotEqualTo(text);
            Files.writeString(list, changed);
            assertRefused("allow-list");
        }
        Files.delete(list);
        Files.createSymbolicLink(list, Files.writeString(temp.resolve("list.json"), text));
        assertRefused("cannot be read");
    }

    @Test
    void entriesAddedAtTheSameTimeAreAllOnTheList() throws Exception {
        Path model = gguf(2);
        try (var pool = Executors.newFixedThreadPool(8)) {
            List<Callable<StoreEntry>> adds = IntStream.range(0, 16)
                    .mapToObj(i -> (Callable<StoreEntry>) () -> new ModelStore(root).add(model, "m" + i))
                    .toList();
            for (Future<StoreEntry> added : pool.invokeAll(adds))
                store.open(added.get().name()).close();
        }
    }

    @Test
    void otherFilesUnderATakenNameChangeNothingOnTheList() throws IOException {
        store.add(gguf(2), "tiny");
        TrustEntry before = store.trust().find("tiny").orElseThrow();
        assertThatThrownBy(() -> store.add(gguf(3), "tiny")).hasMessageContaining("--revision");
        assertThat(store.trust().find("tiny")).contains(before);
        assertThatThrownBy(() -> store.add(gguf(3), "allow-list.json")).hasMessageContaining("model name");
    }
}
