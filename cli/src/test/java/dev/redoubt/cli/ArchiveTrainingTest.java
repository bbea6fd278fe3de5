package dev.redoubt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ArchiveTrainingTest {
    @TempDir
    private Path folder;

    @Test
    void whatKilledTrainingsLeftIsSweptAwayAndWhatLivesIsKept() throws IOException, InterruptedException {
        Process dead = new ProcessBuilder("true").start();
        dead.waitFor();
        Path cache = Files.writeString(folder.resolve("redoubt-25.jsa"), "cache");
        Path other = Files.writeString(folder.resolve("redoubt-25.jsas"), "another file");
        List<Path> left = leftovers(cache, dead.pid());
        List<Path> living = leftovers(cache, ProcessHandle.current().pid());
        ArchiveTraining.sweep(cache);
        assertThat(left).allMatch(Files::notExists);
        assertThat(living).allMatch(Files::exists);
        assertThat(cache).exists();
        assertThat(other).exists();
    }

    @Test
    void aTrainingRemovesItsOwnFilesAndNotThoseOfOneWhoseProcessNumberBeginsAlike() throws IOException {
        long pid = ProcessHandle.current().pid();
        Path cache = Files.writeString(folder.resolve("redoubt-25.jsa"), "cache");
        List<Path> own = leftovers(cache, pid);
        List<Path> others = leftovers(cache, pid * 10);
        new ArchiveTraining(
                        cache,
                        folder.resolve("redoubt-25.jsaw"),
                        Console.of(OutputStream.nullOutputStream(), OutputStream.nullOutputStream()))
                .clean();
        assertThat(own).allMatch(Files::notExists);
        assertThat(others).allMatch(Files::exists);
        assertThat(cache).exists();
    }

    private static List<Path> leftovers(Path cache, long pid) throws IOException {
        Path home = Files.createDirectories(Path.of(cache + "." + pid + ".home"));
        Files.writeString(home.resolve("redoubt.db"), "keys");
        return List.of(
                Files.writeString(Path.of(cache + "." + pid), "half"),
                Files.writeString(Path.of(cache + "." + pid + ".config"), "half"),
                home);
    }
}
