package dev.redoubt.serve.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ProcessUseTest {
    @TempDir
    Path folder;

    @Test
    void R4_2_whatAFolderHoldsIsCounted() throws IOException {
        Files.write(Files.createDirectories(folder.resolve("a/b")).resolve("one"), new byte[1000]);
        Files.write(folder.resolve("two"), new byte[24]);
        assertThat(ProcessUse.bytesIn(folder, 10_000, 10)).isEqualTo(1024);
        assertThat(ProcessUse.bytesIn(folder, 10_000, 2)).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void R4_2_aFolderTooDeepToBeCountedIsOverItsLimit() throws IOException {
        Files.write(Files.createDirectories(folder.resolve("d/".repeat(70))).resolve("one"), new byte[10]);
        assertThat(ProcessUse.bytesIn(folder, 1 << 20, 1000)).isEqualTo(Long.MAX_VALUE);
    }
}
