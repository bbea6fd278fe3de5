package dev.redoubt.engine.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.kernels.FloatMatrix;
import dev.redoubt.testkit.ShakespeareFiles;
import dev.redoubt.testkit.Shared;
import dev.redoubt.trust.ModelStore;
import dev.redoubt.trust.VerifiedArtifact;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
            return ((Decoder) runner.model()).watchedWeights();
        }
    }

    private static Set<String> tensors(Path model) {
        try (VerifiedArtifact artifact = ModelStore.openPath(model)) {
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
