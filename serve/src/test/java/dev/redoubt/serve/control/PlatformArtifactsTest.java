package dev.redoubt.serve.control;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.DurableFiles;
import dev.redoubt.serve.replica.Artifact;
import dev.redoubt.serve.spec.ApplicationSpec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What the platform keeps of the files that versions are made of, and until when.
@SuppressWarnings("NullAway.Init")
final class PlatformArtifactsTest {
    @TempDir
    private Path folder;

    private Path home;
    private Path file;
    private TestPlatform test;

    @BeforeEach
    void open() {
        home = folder.resolve("home");
        file = folder.resolve("h.jar");
        test = new TestPlatform(home);
    }

    @AfterEach
    void close() {
        test.close();
    }

    private static String digest(String content) {
        return HexFormat.of().formatHex(Artifact.sha256().digest(content.getBytes(StandardCharsets.UTF_8)));
    }

    /// A version made of that file, which has just been built.
    private ApplicationSpec built(String content, String... settings) throws IOException {
        Files.writeString(file, content);
        return spec(content, settings);
    }

    private ApplicationSpec spec(String content, String... settings) {
        List<String> all = new ArrayList<>(List.of(settings));
        all.addAll(List.of("file", file.toString(), "digest", digest(content), "version", content));
        return Specs.application("shop", Specs.deployment("Front", 1, all.toArray(String[]::new)));
    }

    private List<String> kept() throws IOException {
        if (!Files.exists(home.resolve("artifacts"))) return List.of();
        try (Stream<Path> all = Files.list(home.resolve("artifacts"))) {
            return all.map(one -> String.valueOf(one.getFileName())).sorted().toList();
        }
    }

    private static List<String> copies(String... contents) {
        return Stream.of(contents).map(one -> "sha256-" + digest(one)).sorted().toList();
    }

    @Test
    void aRollbackNeedsNoFileThatTheNextBuildHasOverwritten() throws Exception {
        test.deployed(built("one"));
        test.deployed(built("two"));
        assertThat(kept()).isEqualTo(copies("one", "two"));
        assertThat(test.platform.rollback("shop")).isEqualTo(new Outcome.Accepted(1));
        test.settled("shop");
        test.until("old", () -> test.runtime.living.size() == 1);
        assertThat(test.call("shop")).isEqualTo("one");
    }

    @Test
    void aStartNeedsNoFileThatHasGone() throws Exception {
        ApplicationSpec spec = built("one");
        test.deployed(spec);
        test.close();
        Files.delete(file);
        test = new TestPlatform(home);
        assertThat(test.settled("shop").state()).isEqualTo(ApplicationState.RUNNING);
        assertThat(test.call("shop")).isEqualTo("one");
        test.close();
        test = new TestPlatform(home, spec);
        assertThat(test.settled("shop").state()).isEqualTo(ApplicationState.RUNNING);
        assertThat(kept()).isEqualTo(copies("one"));
    }

    @Test
    void aReplacementNeedsNoFileThatIsAnotherNow() throws Exception {
        test.deployed(built("one"));
        Files.writeString(file, "an older build");
        test.runtime.living.values().iterator().next().lost = true;
        for (int i = 0; i < 10 && test.runtime.started.get() < 2; i++)
            test.start("shop").exceptionally(Throwable::toString).join();
        test.until("replaced", () -> test.runtime.started.get() == 2);
        test.settled("shop");
        assertThat(test.call("shop")).isEqualTo("one");
    }

    @Test
    void aDeployIsHeldAgainstTheFileThatItNames() throws Exception {
        ApplicationSpec one = built("one");
        test.deployed(one);
        Files.writeString(file, "the next build");
        assertThat(((Outcome.Refused) test.platform.deploy(one)).problems())
                .singleElement()
                .asString()
                .contains("has the digest " + digest("the next build"));
        assertThat(test.platform.plan(one).problems()).hasSize(1);
        assertThat(test.call("shop")).isEqualTo("one");
    }

    @Test
    void whatIsNotDeployedLeavesNoCopy() throws Exception {
        ApplicationSpec spec = built("one");
        assertThat(test.platform.plan(spec).problems()).isEmpty();
        assertThat(test.platform.problems(spec)).isEmpty();
        assertThat(kept()).isEmpty();
        assertThat(test.platform.deploy(built("one", "fault", "undescribed"))).isInstanceOf(Outcome.Refused.class);
        assertThat(kept()).isEmpty();
        Path folder = home.resolve("artifacts");
        DurableFiles.deleteTree(folder);
        Files.writeString(folder, "in the way");
        assertThat(((Outcome.Refused) test.platform.deploy(spec)).problems())
                .singleElement()
                .asString()
                .contains("deployment 'Front': the file " + file + " cannot be copied to " + folder);
        assertThat(test.platform.history("shop")).isEmpty();
        Files.delete(folder);
        assertThat(test.deployed(spec).state()).isEqualTo(ApplicationState.RUNNING);
        assertThat(kept()).isEqualTo(copies("one"));
    }

    @Test
    void aCopyGoesWithTheLastVersionThatNamesIt() throws Exception {
        test.deployed(built("0"));
        for (int i = 1; i < GoalStore.VERSIONS_MAX; i++) test.platform.deploy(built("" + i));
        assertThat(kept()).hasSize(GoalStore.VERSIONS_MAX).containsAll(copies("0"));
        test.deployed(built("last"));
        test.until("proven", () -> test.changes.contains("PROVEN shop 11"));
        test.deployed(built("one more"));
        assertThat(kept()).hasSize(GoalStore.VERSIONS_MAX).doesNotContainAnyElementsOf(copies("0"));
        test.platform.delete("shop");
        test.until("gone", () -> test.changes.contains("DELETED shop 12"));
        test.until("removed", () -> {
            try {
                return kept().isEmpty();
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
    }

    @Test
    void whatAKilledServerLeftOverGoesAtTheNextStart() throws Exception {
        test.deployed(built("one"));
        test.close();
        Files.writeString(home.resolve("artifacts/sha256-" + digest("two")), "two");
        Files.writeString(home.resolve("artifacts/.partial-1.tmp"), "thr");
        test = new TestPlatform(home);
        assertThat(kept()).isEqualTo(copies("one"));
    }
}
