package dev.redoubt.base;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TreeRemovalTest {
    @TempDir
    Path folder;

    @Test
    void whatIsDeeperThanAPathCanSayIsRemoved() throws IOException {
        Path top = folder.resolve("top");
        Files.writeString(Files.createDirectories(top.resolve("a/b")).resolve("file"), "x");
        for (int i = 0; i < 60; i++) { // each puts the tree into one more folder, of a long name
            Path around = Files.createDirectory(folder.resolve("around"));
            Files.move(top, around.resolve("n".repeat(200)));
            Files.move(around, top);
        }
        Path kept = Files.writeString(folder.resolve("kept"), "x");
        Files.createSymbolicLink(top.resolve("link"), kept);
        DurableFiles.deleteTree(top);
        assertThat(top).doesNotExist();
        assertThat(kept).exists();
    }

    @Test
    void aFolderThatHidesItselfIsRemoved() throws IOException {
        Path hidden = Files.createDirectories(folder.resolve("top/hidden"));
        Files.writeString(hidden.resolve("file"), "x");
        Files.setPosixFilePermissions(hidden, PosixFilePermissions.fromString("---------"));
        DurableFiles.deleteTree(folder.resolve("top"));
        assertThat(folder.resolve("top")).doesNotExist();
    }
}
