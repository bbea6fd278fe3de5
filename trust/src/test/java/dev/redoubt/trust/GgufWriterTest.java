package dev.redoubt.trust;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class GgufWriterTest {
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    @TempDir
    private Path folder;

    private static GgufWriter.Rows counting(int columns) {
        return (first, count, to) -> {
            for (long i = 0; i < (long) count * columns; i++) to.set(F32, 4 * i, (float) (first * columns + i));
        };
    }

    @Test
    void whatIsWrittenIsRead() throws IOException {
        Path file = folder.resolve("a.gguf");
        List<Long> progress = new ArrayList<>();
        GgufWriter writer = new GgufWriter()
                .text("general.architecture", "llama")
                .unsigned("a.unsigned", 4_000_000_000L)
                .real("a.real", 0.5f)
                .flag("a.flag", true)
                .texts("a.texts", List.of("ü", ""))
                .integers("a.integers", new int[] {-1, 7})
                .tensor("vector", TensorType.F32, List.of(5L), counting(5))
                .tensor("matrix", TensorType.F32, List.of(3000L, 700L), counting(700));
        assertThat(writer.tensorBytes()).isEqualTo(20 + 4 * 3000 * 700);
        writer.write(file, progress::add);
        assertThat(progress).isSorted().endsWith(writer.tensorBytes()).hasSizeGreaterThan(2);

        try (VerifiedArtifact read = ModelPath.open(file)) {
            assertThat(read.gguf().values().keySet())
                    .containsExactly("general.architecture", "a.unsigned", "a.real", "a.flag", "a.texts", "a.integers");
            assertThat(read.gguf().integer("a.unsigned")).hasValue(4_000_000_000L);
            assertThat(read.gguf().number("a.real")).hasValue(0.5);
            assertThat(read.gguf().bool("a.flag")).contains(true);
            assertThat(read.gguf().strings("a.texts")).contains(List.of("ü", ""));
            assertThat(read.gguf().integers("a.integers")).contains(new long[] {-1, 7});
            Tensor matrix = Objects.requireNonNull(read.tensors().get("matrix"));
            assertThat(matrix.shape()).containsExactly(3000L, 700L);
            for (int at : new int[] {0, 1, 699, 700, 2_099_999})
                assertThat(matrix.data().get(F32, 4L * at)).isEqualTo(at);
        }
    }

    @Test
    void metadataIsTakenOverAsItIs() throws IOException {
        Path first = folder.resolve("first.gguf");
        new GgufWriter()
                .text("general.architecture", "llama")
                .unsigned("kept", 3)
                .unsigned("left", 4)
                .tensor("t", TensorType.F32, List.of(1L), counting(1))
                .write(first, done -> {});
        Path second = folder.resolve("second.gguf");
        try (VerifiedArtifact read = ModelPath.open(first)) {
            new GgufWriter()
                    .copy(read.gguf(), Set.of("left"))
                    .tensor("t", TensorType.F32, List.of(1L), counting(1))
                    .write(second, done -> {});
            try (VerifiedArtifact copy = ModelPath.open(second)) {
                assertThat(copy.gguf().values().keySet()).containsExactly("general.architecture", "kept");
                assertThat(copy.gguf().encoded("kept").mismatch(read.gguf().encoded("kept")))
                        .isEqualTo(-1);
            }
        }
    }

    @Test
    void aFailureLeavesWhatWasThere() throws IOException {
        Path file = folder.resolve("a.gguf");
        Files.writeString(file, "before");
        GgufWriter writer = new GgufWriter().tensor("t", TensorType.F32, List.of(4L), (first, count, to) -> {
            throw new IOException("the disk is full");
        });
        assertThatIOException().isThrownBy(() -> writer.write(file, done -> {})).withMessage("the disk is full");
        assertThat(file).hasContent("before");
        assertThat(folder.toFile().list()).containsExactly("a.gguf");
    }

    @Test
    void whatGgufCannotHoldIsRefused() {
        GgufWriter writer = new GgufWriter().tensor("t", TensorType.F32, List.of(4L), counting(4));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> writer.tensor("t", TensorType.F32, List.of(4L), counting(4)))
                .withMessage("tensor 't' twice in one file");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> writer.tensor("u", TensorType.F8_E4M3, List.of(4L), counting(4)))
                .withMessage("GGUF has no tensors of F8_E4M3");
    }
}
