package dev.redoubt.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.kernels.Compute;
import dev.redoubt.kernels.KvFormat;
import dev.redoubt.kernels.KvMemory;
import dev.redoubt.testkit.TinyModels;
import dev.redoubt.testkit.WeightKind;
import dev.redoubt.trust.ArtifactException;
import dev.redoubt.trust.ModelPath;
import dev.redoubt.trust.VerifiedArtifact;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The forward pass on tiny models of our own.
class LlamaTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @EnumSource(
            value = WeightKind.class,
            names = {"F32", "F16", "BF16"})
    void bothContainersGiveTheSameLogits(WeightKind kind) throws IOException {
        int[] ids = ids(40);
        try (PromptRunner gguf =
                        PromptRunner.open(TinyModels.gguf(folder.resolve("tiny.gguf"), kind, 3), "scalar", 64);
                PromptRunner huggingFace =
                        PromptRunner.open(TinyModels.huggingFace(folder.resolve("tiny"), kind, 3), "scalar", 64)) {
            float[][] left = gguf.logits(ids);
            float[][] right = huggingFace.logits(ids);
            // The features of a head are in another order, so scores are summed in another order. What then differs in
            // its last bit may be rounded to another bf16.
            assertThat(largestDifference(left, right)).isLessThan(kind == WeightKind.BF16 ? 0.1 : 2e-4);
        }
    }

    @ParameterizedTest
    @EnumSource(WeightKind.class)
    void V3_2_logitsAreTheSameBitsWhateverTheChunksAndKernels(WeightKind kind) throws IOException {
        Path file = TinyModels.gguf(folder.resolve("tiny.gguf"), kind, 5);
        int[] ids = ids(70);
        try (PromptRunner whole = PromptRunner.open(file, "auto", 96);
                PromptRunner chunks = PromptRunner.open(file, "auto", 2, 96, 7);
                PromptRunner single = PromptRunner.open(file, "scalar", 1, 96, 1)) {
            float[][] expected = whole.logits(ids);
            assertThat(Arrays.deepEquals(expected, chunks.logits(ids)))
                    .as("chunks of 7")
                    .isTrue();
            assertThat(Arrays.deepEquals(expected, single.logits(ids)))
                    .as("one by one, scalar")
                    .isTrue();
        }
    }

    @ParameterizedTest
    @EnumSource(WeightKind.class)
    void quantizedModelsAreCloseToTheirOriginal(WeightKind kind) throws IOException {
        int[] ids = ids(30);
        try (PromptRunner original =
                        PromptRunner.open(TinyModels.gguf(folder.resolve("a.gguf"), WeightKind.F32, 9), "auto", 32);
                PromptRunner other =
                        PromptRunner.open(TinyModels.gguf(folder.resolve("b.gguf"), kind, 9), "auto", 32)) {
            double correlation = correlation(original.logits(ids), other.logits(ids));
            assertThat(correlation).isGreaterThan(kind == WeightKind.Q4_0 || kind == WeightKind.Q4_1 ? 0.9 : 0.99);
        }
    }

    @Test
    void logitsOfMoreRowsThanASliceArriveInOrder() throws IOException {
        Path file = TinyModels.gguf(folder.resolve("tiny.gguf"), WeightKind.Q8_0, 5);
        try (PromptRunner runner = PromptRunner.open(file, "auto", 80)) {
            int[] ids = ids(75);
            float[][] all = runner.logits(ids);
            float[][] last = runner.logits(Arrays.copyOf(ids, 33));
            assertThat(all[32]).containsExactly(last[32]);
            assertThat(all[74]).hasSize(TinyModels.VOCABULARY_SIZE);
        }
    }

    @Test
    void quantizedModelNeedsItsFilesNoLonger() throws IOException {
        VerifiedArtifact artifact = ModelPath.open(TinyModels.gguf(folder.resolve("tiny.gguf"), WeightKind.Q4_0, 1));
        try (Compute compute = Compute.open("scalar", 1, 4, 96);
                Model model = Models.load(artifact, compute, 4, 32)) {
            assertThat(model.spec().quantization()).isEqualTo("Q4_0");
            assertThat(readable(artifact)).as("closed by load").isFalse();
        }
    }

    @Test
    void plainModelKeepsItsFilesUntilItIsClosed() throws IOException {
        VerifiedArtifact artifact = ModelPath.open(TinyModels.gguf(folder.resolve("tiny.gguf"), WeightKind.F16, 1));
        try (Compute compute = Compute.open("scalar", 1, 4, 96)) {
            try (Model model = Models.load(artifact, compute, 4, 32)) {
                assertThat(model.kvLayout(KvFormat.F16).kvHeads()).isEqualTo(2);
                assertThat(readable(artifact)).isTrue();
            }
            assertThat(readable(artifact)).isFalse();
        }
    }

    @Test
    void V4_2_aFileThatIsWrittenBetweenCheckAndLoadIsNotServed() throws IOException {
        for (WeightKind kind : new WeightKind[] {WeightKind.Q8_0, WeightKind.F32}) {
            Path file = TinyModels.gguf(folder.resolve("tiny-" + kind + ".gguf"), kind, 1);
            try (VerifiedArtifact artifact = ModelPath.open(file);
                    Compute compute = Compute.open("scalar", 1, 4, 96)) {
                byte[] bytes = Files.readAllBytes(file);
                bytes[bytes.length - 40] ^= 1;
                try (RandomAccessFile same = new RandomAccessFile(file.toFile(), "rw")) {
                    same.write(bytes);
                }
                assertThatThrownBy(() -> Models.load(artifact, compute, 4, 32))
                        .isInstanceOf(ArtifactException.class)
                        .hasMessageContaining("was written while it was loaded");
            }
        }
    }

    @Test
    void refusedLoadLeavesTheArtifactToTheCaller() throws IOException {
        Path model = TinyModels.huggingFace(folder.resolve("tiny"), WeightKind.F32, 1);
        Path config = model.resolve("config.json");
        Files.writeString(
                config,
                Files.readString(config)
                        .replace(
                                "\"rope_scaling\":null",
                                "\"rope_scaling\":{\"rope_type\":\"dynamic\",\"factor\":2.0}"));
        try (VerifiedArtifact artifact = ModelPath.open(model);
                Compute compute = Compute.open("scalar", 1, 4, 96)) {
            assertThatThrownBy(() -> Models.load(artifact, compute, 4, 512))
                    .hasMessageContaining("'dynamic'")
                    .hasMessageContaining("512");
            assertThat(readable(artifact)).isTrue();
        }
    }

    @Test
    void idsAndPositionsOutOfRangeNeverReachAKernel() throws IOException {
        VerifiedArtifact artifact = ModelPath.open(TinyModels.gguf(folder.resolve("tiny.gguf"), WeightKind.Q8_0, 1));
        try (Compute compute = Compute.open("scalar", 1, 4, 96);
                Model model = Models.load(artifact, compute, 4, 32);
                KvMemory kv = KvMemory.map(model.kvLayout(KvFormat.F16), 2)) {
            StepBatch step = new StepBatch(8, 1);
            step.attention.blockTable[0] = new int[] {0, 1};
            step.attention.sequences = 1;
            step.attention.rows = 1;
            step.tokenIds[0] = TinyModels.VOCABULARY_SIZE;
            assertThatThrownBy(() -> model.forward(step, kv, (first, logits, rows) -> {}))
                    .hasMessageContaining("token id 272");
            step.tokenIds[0] = 1;
            step.attention.position[0] = 32;
            assertThatThrownBy(() -> model.forward(step, kv, (first, logits, rows) -> {}))
                    .hasMessageContaining("position 32");
            step.attention.position[0] = 16;
            step.attention.blockTable[0] = new int[] {0, 2};
            assertThatThrownBy(() -> model.forward(step, kv, (first, logits, rows) -> {}))
                    .hasMessageContaining("no block");
            step.attention.rows = 5;
            assertThatThrownBy(() -> model.forward(step, kv, (first, logits, rows) -> {}))
                    .hasMessageContaining("5 rows");
        }
    }

    private static boolean readable(VerifiedArtifact artifact) {
        try {
            MemorySegment data = artifact.tensors().values().iterator().next().data();
            byte[] first = data.asSlice(0, 1).toArray(ValueLayout.JAVA_BYTE);
            return first.length == 1;
        } catch (IllegalStateException closed) {
            return false;
        }
    }

    private static int[] ids(int count) {
        SplittableRandom random = new SplittableRandom(17);
        return random.ints(count, 0, TinyModels.VOCABULARY_SIZE).toArray();
    }

    private static double largestDifference(float[][] left, float[][] right) {
        double largest = 0;
        for (int row = 0; row < left.length; row++)
            for (int column = 0; column < left[row].length; column++)
                largest = Math.max(largest, Math.abs(left[row][column] - right[row][column]));
        return largest;
    }

    private static double correlation(float[][] left, float[][] right) {
        double product = 0;
        double squaresLeft = 0;
        double squaresRight = 0;
        for (int row = 0; row < left.length; row++)
            for (int column = 0; column < left[row].length; column++) {
                product += (double) left[row][column] * right[row][column];
                squaresLeft += (double) left[row][column] * left[row][column];
                squaresRight += (double) right[row][column] * right[row][column];
            }
        return product / Math.sqrt(squaresLeft * squaresRight);
    }
}
