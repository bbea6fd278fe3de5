package dev.redoubt.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

class SystemMemoryTest {
    private static final long MIB = 1 << 20;

    @Test
    void activationsOfALargestStepCostWhatIsWritten() throws IOException {
        Assumptions.assumeTrue(
                Files.isReadable(Path.of("/proc/self/smaps")), "skipped: no /proc/self/smaps on this system");
        try (Arena arena = Arena.ofShared()) {
            FloatMatrix matrix = FloatMatrix.allocate(131_072, 1024, arena); // 512 MiB
            for (int row = 0; row < 1024; row++) matrix.set(row, 5, 1);
            assertThat(matrix.get(1023, 5)).isEqualTo(1);
            assertThat(matrix.get(1023, 6)).isZero();
            assertThat(matrix.get(131_071, 1023)).isZero();
            assertThat(residentKilobytes(matrix.segment())).isBetween(4 * 1024L, 16 * 1024L);
            assertThat(flags(matrix.segment())).contains(" dd");
        }
    }

    @Test
    void smallAndLargePiecesAreZeroAlignedAndGoneWithTheirArena() {
        for (long bytes : new long[] {1, 4096, 128 << 10, 3 * MIB + 1}) {
            Arena arena = Arena.ofShared();
            MemorySegment piece = SystemMemory.allocate(bytes, arena);
            assertThat(piece.byteSize()).isEqualTo(bytes);
            assertThat(piece.address() % 64).isZero();
            assertThat(piece.get(ValueLayout.JAVA_BYTE, bytes - 1)).isZero();
            arena.close();
            assertThatThrownBy(() -> piece.get(ValueLayout.JAVA_BYTE, 0)).isInstanceOf(IllegalStateException.class);
        }
    }

    private static long residentKilobytes(MemorySegment segment) throws IOException {
        return Long.parseLong(entry(segment, "Rss:").replaceAll("[^0-9]", ""));
    }

    private static String flags(MemorySegment segment) throws IOException {
        return entry(segment, "VmFlags:");
    }

    private static String entry(MemorySegment segment, String name) throws IOException {
        List<String> lines = Files.readAllLines(Path.of("/proc/self/smaps"));
        int at = 0;
        while (!lines.get(at).startsWith(Long.toHexString(segment.address()) + "-")) at++;
        while (!lines.get(at).startsWith(name)) at++;
        return lines.get(at);
    }
}
