package dev.redoubt.base;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DurableFilesTest {
    @TempDir
    Path folder;

    @Test
    void replacesTheWholeFileAndLeavesNothingElse() throws IOException {
        Path file = folder.resolve("state");
        DurableFiles.replace(file, "a longer first text".getBytes(StandardCharsets.UTF_8));
        DurableFiles.replace(file, "second".getBytes(StandardCharsets.UTF_8));
        assertThat(file).hasContent("second");
        try (Stream<Path> all = Files.list(folder)) {
            assertThat(all).containsExactly(file);
        }
    }

    @Test
    void whatAKilledWriterLeftIsSweptAwayByTheNext() throws IOException {
        Path left = Files.writeString(folder.resolve(".partial-1.tmp"), "half");
        Files.setLastModifiedTime(left, FileTime.from(Instant.now().minus(Duration.ofMinutes(11))));
        Path beingWritten = Files.writeString(folder.resolve(".partial-2.tmp"), "half");
        DurableFiles.replace(folder.resolve("state"), new byte[] {1});
        assertThat(left).doesNotExist();
        assertThat(beingWritten).exists();
    }

    @Test
    void aTreeIsRemovedAndWhatItLinksToIsNot() throws IOException {
        Path kept = Files.writeString(folder.resolve("kept"), "");
        Path tree = Files.createDirectories(folder.resolve("tree/branch"));
        Files.createSymbolicLink(tree.resolve("link"), kept);
        DurableFiles.deleteTree(folder.resolve("tree"));
        DurableFiles.deleteTree(folder.resolve("tree"));
        assertThat(folder.resolve("tree")).doesNotExist();
        assertThat(kept).exists();
    }

    @Test
    void onlyTheOwnerMayRead() throws IOException {
        Path file = DurableFiles.privateDirectory(folder.resolve("a/b")).resolve("state");
        DurableFiles.replace(file, new byte[] {1});
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("a"))))
                .isEqualTo("rwx------");
    }
}
