package dev.redoubt.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

class KvMemoryTest {
    private static final KvLayout LAYOUT = new KvLayout(KvFormat.F16, 2, 3, 8);

    @Test
    void V1_3_zeroClearsOneBlockAndNoOther() {
        try (KvMemory kv = KvMemory.map(LAYOUT, 4)) {
            for (int block = 0; block < 4; block++) assertThat(kv.isZero(block)).isTrue();
            kv.segment().fill((byte) 0x5A);
            kv.zero(2);
            assertThat(kv.isZero(2)).isTrue();
            for (int block : new int[] {0, 1, 3}) {
                MemorySegment bytes = kv.segment().asSlice(kv.offset(block), LAYOUT.blockBytes());
                for (long at = 0; at < bytes.byteSize(); at++)
                    assertThat(bytes.get(ValueLayout.JAVA_BYTE, at)).isEqualTo((byte) 0x5A);
            }
            kv.segment().set(ValueLayout.JAVA_BYTE, kv.offset(2) + LAYOUT.blockBytes() - 1, (byte) 1);
            assertThat(kv.isZero(2)).isFalse();
        }
    }

    @Test
    void blocksOutOfRangeAndClosedMemoryThrow() {
        KvMemory kv = KvMemory.map(LAYOUT, 4);
        assertThatThrownBy(() -> kv.zero(4)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> kv.isZero(-1)).isInstanceOf(IndexOutOfBoundsException.class);
        kv.close();
        kv.close();
        assertThatThrownBy(() -> kv.zero(0)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> KvMemory.map(LAYOUT, 0)).hasMessage("KV memory of 0 blocks, at least 1");
    }

    @Test
    void V2_2_memoryIsLockedAndLeftOutOfCoreDumpsWhereTheHostAllows() throws IOException {
        Path maps = Path.of("/proc/self/smaps");
        Assumptions.assumeTrue(Files.isReadable(maps), "skipped: no /proc/self/smaps on this system");
        try (KvMemory kv = KvMemory.map(LAYOUT, 1000)) {
            String start = Long.toHexString(kv.segment().address());
            List<String> lines = Files.readAllLines(maps);
            int at = 0;
            while (!lines.get(at).startsWith(start + "-")) at++;
            while (!lines.get(at).startsWith("VmFlags:")) at++;
            assertThat(lines.get(at)).contains(" dd");
            assertThat(lines.get(at).contains(" lo")).isEqualTo(kv.locked());
        }
    }

    @Test
    void V2_2_whatIsTouchedLaterIsLockedToo() throws IOException {
        Path maps = Path.of("/proc/self/smaps");
        Assumptions.assumeTrue(Files.isReadable(maps), "skipped: no /proc/self/smaps on this system");
        KvLayout large = new KvLayout(KvFormat.F32, 16, 8, 64);
        try (KvMemory kv = KvMemory.map(large, 8)) { // 8 MiB
            Assumptions.assumeTrue(kv.locked(), "skipped: this host refuses the lock");
            assertThat(kilobytes("Locked:", kv)).as("nothing is committed").isLessThan(64);
            assertThat(kilobytes("VmLck:", Path.of("/proc/self/status"), 0))
                    .as("all of it counts against the limit at once, so a page that comes later cannot be refused")
                    .isGreaterThanOrEqualTo(8 * 1024);
            for (int block = 0; block < 8; block++)
                kv.segment().set(ValueLayout.JAVA_BYTE, kv.offset(block) + 5000, (byte) 1);
            long touched = kilobytes("Rss:", kv);
            assertThat(touched).isGreaterThanOrEqualTo(8 * 4);
            assertThat(kilobytes("Locked:", kv)).isEqualTo(touched);
        }
    }

    private static long kilobytes(String name, KvMemory kv) throws IOException {
        Path maps = Path.of("/proc/self/smaps");
        List<String> lines = Files.readAllLines(maps);
        int at = 0;
        while (!lines.get(at).startsWith(Long.toHexString(kv.segment().address()) + "-")) at++;
        return kilobytes(name, maps, at);
    }

    private static long kilobytes(String name, Path file, int from) throws IOException {
        List<String> lines = Files.readAllLines(file);
        int at = from;
        while (!lines.get(at).startsWith(name)) at++;
        return Long.parseLong(lines.get(at).replaceAll("[^0-9]", ""));
    }

    @Test
    void pagesAreCommittedWhenTouched() throws IOException {
        Path maps = Path.of("/proc/self/smaps");
        Assumptions.assumeTrue(Files.isReadable(maps), "skipped: no /proc/self/smaps on this system");
        KvLayout large = new KvLayout(KvFormat.F32, 16, 8, 64);
        try (KvMemory kv = KvMemory.map(large, 512)) { // 512 MiB
            kv.segment().set(ValueLayout.JAVA_BYTE, 0, (byte) 1);
            List<String> lines = Files.readAllLines(maps);
            int at = 0;
            while (!lines.get(at).startsWith(Long.toHexString(kv.segment().address()) + "-")) at++;
            while (!lines.get(at).startsWith("Rss:")) at++;
            long kilobytes = Long.parseLong(lines.get(at).replaceAll("[^0-9]", ""));
            assertThat(kilobytes).isLessThan(8 * 1024);
        }
    }

    @Test
    void aMappingTheSystemRefusesNamesItsSize() {
        KvLayout large = new KvLayout(KvFormat.F32, 1 << 10, 1 << 6, 1 << 8);
        assertThatThrownBy(() -> KvMemory.map(large, Integer.MAX_VALUE))
                .isInstanceOfAny(OutOfMemoryError.class, ArithmeticException.class);
    }
}
