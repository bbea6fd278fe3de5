package dev.redoubt.engine.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.kernels.FloatMatrix;
import dev.redoubt.testkit.ShakespeareFiles;
import dev.redoubt.testkit.Shared;
import dev.redoubt.trust.ModelPath;
import dev.redoubt.trust.VerifiedArtifact;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class WeightMemoryTest {
    @Test
    void V6_2_everyBitOfEveryTensorIsSeen() {
        try (Arena arena = Arena.ofConfined()) {
            WeightMemory memory = new WeightMemory();
            MemorySegment first = arena.allocate(33);
            MemorySegment second = FloatMatrix.allocate(1, 5, arena).segment();
            memory.add("first", first);
            memory.add("second", second);
            assertThat(memory.changed()).isEmpty();
            assertThat(memory.changed()).isEmpty();
            flipEach(memory, "first", first);
            flipEach(memory, "second", second);
            assertThat(memory.changed()).isEmpty();
        }
    }

    @Test
    void V6_2_noTensorOfAModelOrAnAdapterIsLeftOut(@TempDir Path folder) throws IOException {
        Path base = ShakespeareFiles.base(folder.resolve("base"));
        Path adapter = ShakespeareFiles.adapter("lora-shout-qv", folder.resolve("adapter"));
        Path gguf = Shared.testdata("shakespeare").resolve("gguf/shakespeare-Q4_K_M.gguf");
        Path families = Shared.testdata("arch");
        assertThat(watched(base, List.of(adapter)))
                .containsAll(tensors(base))
                .hasSize(tensors(base).size() + 8);
        for (Path file : List.of(gguf, families.resolve("qwen2/model.gguf"), families.resolve("gemma3/model.gguf")))
            assertThat(watched(file, List.of())).isEqualTo(tensors(file));
    }

    private static Set<String> watched(Path model, List<Path> adapters) {
        try (PromptRunner runner = PromptRunner.open(model, adapters, "auto", 1, 16, 16)) {
            return ((Decoder) runner.model())
                    .watchedWeights().stream().map(WeightMemory.Held::tensor).collect(Collectors.toUnmodifiableSet());
        }
    }

    static Stream<String> variants() {
        return ShakespeareFiles.VARIANTS.stream();
    }

    /// Of every format as its kernels have it in memory, each tensor in turn: one bit, a hundredth of its nibbles, all
    /// of
    /// it. Matrices that are not quantized are read from the file as it is mapped, where this process cannot write.
    @ParameterizedTest
    @MethodSource("variants")
    void V6_2_whatChangesInMemoryIsNamed(String variant, @TempDir Path folder) throws IOException {
        try (PromptRunner runner = PromptRunner.open(ShakespeareFiles.variant(variant, folder), "auto", 16);
                RandomAccessFile memory = new RandomAccessFile("/proc/self/mem", "rw")) {
            Model model = runner.model();
            assertThat(model.changedWeights()).isEmpty();
            int mapped = 0;
            List<WeightMemory.Held> held = ((Decoder) model).watchedWeights();
            for (WeightMemory.Held each : held) {
                byte[] good = each.bytes().toArray(ValueLayout.JAVA_BYTE);
                for (byte[] damaged : List.of(oneBit(good), someNibbles(good), new byte[good.length]))
                    if (written(memory, each.bytes(), damaged))
                        assertThat(model.changedWeights()).contains(each.tensor());
                if (!written(memory, each.bytes(), good)) mapped++;
            }
            assertThat(model.changedWeights()).isEmpty();
            assertThat(mapped).isLessThan(held.size());
            System.out.printf(
                    "%s: by their sums all faults in %d tensors, %d more lie in the file%n",
                    variant, held.size() - mapped, mapped);
        }
    }

    private static boolean written(RandomAccessFile memory, MemorySegment where, byte[] bytes) {
        try {
            memory.seek(where.address());
            memory.write(bytes);
            return true;
        } catch (IOException mappedFromFile) {
            return false;
        }
    }

    private static byte[] oneBit(byte[] good) {
        byte[] damaged = good.clone();
        damaged[good.length / 2] ^= 1;
        return damaged;
    }

    private static byte[] someNibbles(byte[] good) {
        byte[] damaged = good.clone();
        Random random = new Random(1);
        damaged[0] ^= 15; // of the smallest tensors none may be drawn
        for (int i = 1; i < damaged.length; i++) if (random.nextInt(100) == 0) damaged[i] ^= 15;
        return damaged;
    }

    private static Set<String> tensors(Path model) {
        try (VerifiedArtifact artifact = ModelPath.open(model)) {
            return Set.copyOf(artifact.tensors().keySet());
        }
    }

    private static void flipEach(WeightMemory memory, String name, MemorySegment bytes) {
        for (long bit = 0; bit < 8 * bytes.byteSize(); bit++) {
            flip(bytes, bit);
            assertThat(memory.changed()).contains(name);
            flip(bytes, bit);
        }
    }

    private static void flip(MemorySegment bytes, long bit) {
        byte old = bytes.get(ValueLayout.JAVA_BYTE, bit / 8);
        bytes.set(ValueLayout.JAVA_BYTE, bit / 8, (byte) (old ^ 1 << bit % 8));
    }
}
