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
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

class SystemMemoryTest {
    private static final long MIB = 1 << 20;
    private static final Pattern RANGE = Pattern.compile("([0-9a-f]{1,15})-([0-9a-f]{1,15}) ");

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

    @Test
    void weightsLieOneBehindTheOtherInLargePagesCountedToTheByteAndGoneWithTheirArena() throws IOException {
        Assumptions.assumeTrue(
                Files.isReadable(Path.of("/proc/self/smaps")), "skipped: no /proc/self/smaps on this system");
        AtomicLong bytes = new AtomicLong();
        CountedArena arena = new CountedArena(bytes);
        MemorySegment first = arena.allocateDense(1000);
        MemorySegment second = arena.allocateDense(3 * MIB + 1);
        MemorySegment larger = arena.allocateDense(65 * MIB); // than what is left, and than a slab
        assertThat(second.address()).isEqualTo(first.address() + 1024);
        assertThat(bytes).hasValue(1000 + 3 * MIB + 1 + 65 * MIB);
        for (MemorySegment piece : List.of(first, second, larger)) {
            assertThat(piece.address() % 64).isZero();
            assertThat(piece.get(ValueLayout.JAVA_BYTE, piece.byteSize() - 1)).isZero();
            assertThat(flags(piece)).contains(" dd");
            if (Files.exists(Path.of("/sys/kernel/mm/transparent_hugepage")))
                assertThat(flags(piece)).contains(" hg");
        }
        arena.close();
        assertThatThrownBy(() -> second.get(ValueLayout.JAVA_BYTE, 0)).isInstanceOf(IllegalStateException.class);
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
        while (!holds(lines.get(at), segment.address())) at++;
        while (!lines.get(at).startsWith(name)) at++;
        return lines.get(at);
    }

    /// Whether a line begins a mapping, `from-to` in hexadecimal, that the address lies in.
    private static boolean holds(String line, long address) {
        Matcher range = RANGE.matcher(line);
        return range.lookingAt()
                && Long.parseLong(range.group(1), 16) <= address
                && address < Long.parseLong(range.group(2), 16);
    }
}
