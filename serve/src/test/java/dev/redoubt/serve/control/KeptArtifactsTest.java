package dev.redoubt.serve.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.serve.replica.Artifact;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.replica.Outgoing;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.replica.Servant;
import dev.redoubt.serve.replica.ServantFactory;
import dev.redoubt.serve.schema.Schema;
import dev.redoubt.serve.spec.ApplicationSpec;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.spec.RuntimeSpec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@SuppressWarnings("NullAway.Init")
final class KeptArtifactsTest {
    private static final String KIND = "reader";
    private static final Outgoing NOBODY = (target, input, call, replies) -> {
        throw new AssertionError("nobody is called here");
    };

    /// Describes what is what it must be, and starts without looking.
    private static final class ReaderRuntime implements ServantFactory {
        Path read = Path.of("none");
        int described;

        @Override
        public Interface describe(DeploymentSpec spec) throws RuntimeRefusal {
            described++;
            Artifact file = artifact(spec.runtime()).orElseThrow();
            file.check();
            read = file.file();
            return new Interface(new Schema.Text(), new Schema.Text(), false, List.of());
        }

        @Override
        public Optional<Artifact> artifact(RuntimeSpec runtime) {
            return Artifact.of(runtime, "file", "digest", 100);
        }

        @Override
        public Servant start(String application, DeploymentSpec spec, String replicaId, Outgoing outgoing)
                throws RuntimeRefusal {
            read = artifact(spec.runtime()).orElseThrow().file();
            throw new RuntimeRefusal("not here");
        }
    }

    @TempDir
    private Path folder;

    private final ReaderRuntime runtime = new ReaderRuntime();
    private final List<String> tampered = new ArrayList<>();
    private KeptArtifacts artifacts;
    private ServantFactory reader;
    private Path file;
    private DeploymentSpec front;
    private String stored;

    @BeforeEach
    void setUp() throws Exception {
        artifacts = new KeptArtifacts(folder.resolve("artifacts"), Map.of(KIND, runtime), new ChangeListener() {
            @Override
            public void changed(Change change, String application, long version, String reason) {
                throw new AssertionError("nothing that is wanted changes here");
            }

            @Override
            public void tampered(String digest, boolean healed) {
                tampered.add(digest + (healed ? " healed" : " refused"));
            }
        });
        reader = Objects.requireNonNull(artifacts.readers().get(KIND));
        file = Files.writeString(folder.resolve("h.jar"), "one");
        front = spec("Front", file, "one");
        stored = SpecJson.write(application(front));
    }

    private static DeploymentSpec spec(String name, Path file, String content) {
        return Specs.deployment(name, 1)
                .with(new RuntimeSpec(KIND, Map.of("file", file.toString(), "digest", digest(content))));
    }

    private static ApplicationSpec application(DeploymentSpec... deployments) {
        return Specs.application("shop", deployments);
    }

    private static String digest(String content) {
        return HexFormat.of().formatHex(Artifact.sha256().digest(content.getBytes(StandardCharsets.UTF_8)));
    }

    private void keep(DeploymentSpec... deployments) throws RuntimeRefusal {
        assertThat(artifacts.<String>keeping(application(deployments), () -> "stored"))
                .isEqualTo("stored");
    }

    private Path copy(String content) {
        return folder.resolve("artifacts").resolve("sha256-" + digest(content));
    }

    private List<Path> kept() throws IOException {
        if (!Files.exists(folder.resolve("artifacts"))) return List.of();
        try (Stream<Path> all = Files.list(folder.resolve("artifacts"))) {
            return all.sorted().toList();
        }
    }

    @Test
    void aFileIsCopiedOnceAndForItsOwnerAlone() throws Exception {
        keep(front, spec("Back", file, "one"));
        assertThat(kept()).containsExactly(copy("one"));
        assertThat(copy("one")).hasContent("one");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(copy("one"))))
                .isEqualTo("rw-------");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("artifacts"))))
                .isEqualTo("rwx------");
        FileTime before = FileTime.fromMillis(1_000_000);
        Files.setLastModifiedTime(copy("one"), before);
        keep(spec("Front", Files.copy(file, folder.resolve("same.jar")), "one"));
        assertThat(Files.getLastModifiedTime(copy("one"))).isEqualTo(before);
    }

    @Test
    void whatRunsReadsTheCopyWhateverBecomesOfTheFile() throws Exception {
        keep(front);
        Files.writeString(file, "the next build");
        reader.describe(front);
        assertThat(runtime.read).isEqualTo(copy("one"));
        Files.delete(file);
        reader.describe(front);
        assertThat(runtime.read).isEqualTo(copy("one"));
    }

    @Test
    void aVersionWithoutACopyHasItsFileWhereItSays() throws Exception {
        reader.describe(front);
        assertThat(runtime.read).isEqualTo(file);
        assertThat(kept()).isEmpty();
    }

    @Test
    void aStartReadsNothingButWhatTheRuntimeReads() throws Exception {
        keep(front);
        Files.writeString(copy("one"), "changed");
        assertThatThrownBy(() -> reader.start("shop", front, "shop-Front-1", NOBODY))
                .hasMessage("not here");
        assertThat(runtime.read).isEqualTo(copy("one"));
        assertThat(copy("one")).hasContent("changed");
        Files.writeString(copy("one"), "one");
        reader.describe(front);
        assertThat(runtime.described).isEqualTo(1);
    }

    @Test
    void R1_6_aCopyThatWasChangedIsTakenAgainOrRefused() throws Exception {
        keep(front);
        Files.writeString(copy("one"), "changed");
        reader.describe(front);
        assertThat(copy("one")).hasContent("one");
        assertThat(tampered).containsExactly(digest("one") + " healed");
        Files.writeString(copy("one"), "changed");
        Files.writeString(file, "the next build");
        assertThatThrownBy(() -> reader.describe(front))
                .isInstanceOf(RuntimeRefusal.class)
                .hasMessageContaining(copy("one") + " was changed (R1.6): it is taken again from " + file)
                .hasMessageContaining("allowed is " + digest("one"));
        assertThat(tampered.getLast()).isEqualTo(digest("one") + " refused");
        assertThat(kept()).containsExactly(copy("one"));
        Files.writeString(file, "one");
        keep(front);
        assertThat(copy("one")).hasContent("one");
        assertThat(tampered).hasSize(3).last().isEqualTo(digest("one") + " healed");
    }

    @Test
    void R1_6_aFolderInTheCopysPlaceIsSomebodysChangeToo() throws Exception {
        keep(front);
        Files.delete(copy("one"));
        Files.createDirectories(copy("one").resolve("in-the-way"));
        Files.writeString(file, "the next build");
        assertThatThrownBy(() -> reader.describe(front)).hasMessageContaining("was changed (R1.6)");
        assertThat(copy("one").resolve("in-the-way")).isDirectory();
        Files.writeString(file, "one");
        reader.describe(front);
        assertThat(copy("one")).hasContent("one");
        assertThat(tampered).containsExactly(digest("one") + " refused", digest("one") + " healed");
    }

    @Test
    void aCopyThatIsGoneIsTakenAgainWhereAVersionIsMadeOfIt() throws Exception {
        keep(front);
        artifacts.sweep(List.of(stored));
        Files.delete(copy("one"));
        reader.describe(front);
        assertThat(runtime.read).isEqualTo(copy("one"));
        assertThat(copy("one")).hasContent("one");
        Files.delete(copy("one"));
        Files.writeString(file, "the next build");
        assertThatThrownBy(() -> reader.describe(front))
                .isInstanceOf(RuntimeRefusal.class)
                .hasMessageContaining("the file " + file + " has the digest ");
        assertThat(kept()).isEmpty();
        assertThat(tampered).isEmpty();
    }

    @Test
    void whatIsNotWhatItMustBeIsNotStored() throws Exception {
        Files.writeString(file, "changed since it was looked at");
        assertThatThrownBy(() -> keep(front))
                .isInstanceOf(RuntimeRefusal.class)
                .hasMessageContaining("deployment 'Front': the file " + file + " has the digest ");
        assertThat(kept()).isEmpty();
        Files.writeString(file, "x".repeat(101));
        assertThatThrownBy(() -> keep(front)).hasMessageContaining("over 100 bytes");
        assertThat(kept()).isEmpty();
    }

    @Test
    void aCopyThatCannotBeWrittenIsNotStored() throws Exception {
        Files.writeString(folder.resolve("artifacts"), "in the way");
        assertThatThrownBy(() -> keep(front))
                .isInstanceOf(RuntimeRefusal.class)
                .hasMessageContaining("cannot be copied to " + folder.resolve("artifacts"))
                .hasMessageContaining("make room on that disk");
    }

    @Test
    void onlyADigestIsANameOfACopy() throws Exception {
        DeploymentSpec strange = front.with(front.runtime().with("digest", "../../etc/passwd"));
        keep(strange);
        assertThat(kept()).isEmpty();
    }

    @Test
    void whatNoVersionNamesIsRemovedAndNothingElse() throws Exception {
        Path other = Files.writeString(folder.resolve("other.jar"), "two");
        keep(front, spec("Back", other, "two"));
        artifacts.sweep(List.of(stored));
        assertThat(kept()).containsExactly(copy("one"));
        artifacts.sweep(List.of("{\"of\": \"a later Redoubt\", \"with\": \"sha256:" + digest("one") + "\"}"));
        assertThat(kept()).containsExactly(copy("one"));
        artifacts.sweep(List.of());
        assertThat(kept()).isEmpty();
    }

    @Test
    void whatIsBeingDeployedStaysAndWhatAKilledServerHasHalfWrittenGoes() throws Exception {
        String outcome = artifacts.keeping(application(front), () -> {
            artifacts.sweep(List.of());
            return "swept";
        });
        assertThat(outcome).isEqualTo("swept");
        assertThat(kept()).containsExactly(copy("one"));
        Files.writeString(folder.resolve("artifacts/.partial-1.tmp"), "on");
        artifacts.sweep(List.of(stored));
        assertThat(kept()).containsExactly(copy("one"));
    }
}
