package dev.redoubt.engine.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.kernels.FloatMatrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

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
