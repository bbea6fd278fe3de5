package dev.redoubt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.testkit.TinyModels;
import dev.redoubt.testkit.WeightKind;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What is recorded for the next start is a start that succeeds: of one that fails there is no cache.
class WarmUpTest {
    @TempDir
    private Path folder;

    @Test
    void aModelIsServedWithAnApplicationBesideIt() throws Exception {
        Path model = TinyModels.gguf(folder.resolve("tiny.gguf"), WeightKind.F32, 3);
        warmUp("--model", model.toString());
    }

    @Test
    void anApplicationIsServedAlone() {
        warmUp("--without-model");
    }

    private void warmUp(String... what) {
        Path home = folder.resolve("warm");
        List<String> command = new ArrayList<>(List.of("warm-up", "--home", home.toString()));
        command.addAll(List.of(what));
        Ran ran = Ran.command(folder.resolve("home"), command.toArray(String[]::new));
        assertThat(ran.err()).isEmpty();
        assertThat(ran.exitCode()).isZero();
        assertThat(home).doesNotExist();
    }
}
