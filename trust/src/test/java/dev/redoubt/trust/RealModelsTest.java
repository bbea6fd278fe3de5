package dev.redoubt.trust;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.redoubt.testkit.Shared;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Models that other tools made are read: a reader that refuses everything would pass the hostile corpus.
class RealModelsTest {
    @TempDir
    Path temp;

    @Test
    void stories260kIsReadFromGguf() {
        try (var artifact = ModelPath.open(Shared.testdata("stories260k/stories260K.gguf"))) {
            assertThat(artifact.name()).isEqualTo("stories260k");
            assertThat(artifact.container()).isEqualTo(VerifiedArtifact.Container.GGUF);
            assertThat(artifact.tensors()).hasSize(48);
            assertThat(artifact.gguf().string("general.architecture")).contains("llama");
            assertThat(artifact.gguf().strings("tokenizer.ggml.tokens").orElseThrow())
                    .hasSize(512);
            Tensor embedding = Objects.requireNonNull(artifact.tensors().get("token_embd.weight"));
            assertThat(embedding.shape()).containsExactly(512L, 64L); // rows, columns
            assertThat(embedding.data().byteSize()).isEqualTo(512 * 64 * 4);
        }
    }

    @Test
    void stories260kIsReadFromFolders() {
        for (String folder : List.of("hf-f32", "hf-f16", "hf-bf16")) {
            try (var artifact = ModelPath.open(Shared.testdata("stories260k/" + folder))) {
                assertThat(artifact.container()).isEqualTo(VerifiedArtifact.Container.SAFETENSORS);
                assertThat(artifact.file("config.json")).isPresent();
                assertThat(artifact.file("absent.json")).isEmpty();
                assertThat(artifact.tensors()).containsKey("model.embed_tokens.weight");
            }
        }
    }

    @Test
    void everyShakespeareGgufIsRead() throws IOException {
        try (Stream<Path> walk = Files.walk(Shared.testdata("shakespeare/gguf"))) {
            List<Path> files =
                    walk.filter(file -> file.toString().endsWith(".gguf")).toList();
            assertThat(files).isNotEmpty();
            for (Path file : files)
                try (var artifact = ModelPath.open(file)) {
                    assertThat(artifact.tensors()).as(file.toString()).isNotEmpty();
                }
        }
    }

    @Test
    void shakespeareAndArchitectureFoldersAreRead() throws IOException {
        int read = 0;
        for (String parent : List.of("shakespeare", "arch")) {
            try (Stream<Path> folders = Files.list(Shared.testdata(parent))) {
                for (Path folder : folders.filter(Files::isDirectory).sorted().toList()) {
                    try (Stream<Path> files = Files.list(folder)) {
                        if (files.noneMatch(file -> file.toString().endsWith(".safetensors"))) continue;
                    }
                    try (var artifact = ModelPath.open(modelOf(folder))) {
                        assertThat(artifact.tensors()).as(folder.toString()).isNotEmpty();
                        read++;
                    }
                }
            }
        }
        assertThat(read).isGreaterThanOrEqualTo(20);
    }

    /// The folder without the references that lie beside the model in the golden data.
    private Path modelOf(Path folder) throws IOException {
        Set<String> references = Set.of("logits.f32", "nll.f32", "top1.i32", "model.gguf", "golden.json", "1_Pooling");
        Path copy =
                Files.createDirectories(temp.resolve(folder.subpath(folder.getNameCount() - 2, folder.getNameCount())));
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList())
                if (!references.contains(String.valueOf(file.getFileName())) && Files.isRegularFile(file))
                    Files.copy(file, copy.resolve(String.valueOf(file.getFileName())));
        }
        return copy;
    }

    @Test
    void smolLm2IsAddedOpenedAndVerified() {
        Path file = smolLm2();
        var store = new ModelStore(temp.resolve("models"));
        long start = System.nanoTime();
        StoreEntry added = store.add(file, "smollm2-135m-instruct");
        long add = System.nanoTime() - start;
        assertThat(added.bytes()).isEqualTo(98_362_432);
        var opens = new StringBuilder();
        for (int i = 0; i < 5; i++) {
            start = System.nanoTime();
            try (var artifact = store.open("smollm2-135m-instruct")) {
                opens.append(' ').append((System.nanoTime() - start) / 1_000_000);
                assertThat(artifact.tensors()).hasSize(272);
                assertThat(artifact.digest()).isEqualTo(added.digest());
            }
        }
        start = System.nanoTime();
        assertThat(store.verify("smollm2-135m-instruct")).isEqualTo(added);
        System.out.printf(
                "SmolLM2: add %d ms, opens%s ms, verify %d ms%n",
                add / 1_000_000, opens, (System.nanoTime() - start) / 1_000_000);
    }

    private static Path smolLm2() {
        String given = System.getenv("REDOUBT_SMOLLM2");
        assumeTrue(given != null, "skipped: REDOUBT_SMOLLM2 does not name the SmolLM2 GGUF file");
        return Path.of(Objects.requireNonNull(given));
    }
}
