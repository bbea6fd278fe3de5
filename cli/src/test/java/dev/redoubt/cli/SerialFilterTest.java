package dev.redoubt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Starts in processes of their own: the filter of a JVM is set once.
final class SerialFilterTest {
    @TempDir
    private Path folder;

    @Test
    void R3_1_aStartWithAWeakerFilterIsRefused() throws Exception {
        for (String filter : List.of("*", "java.base/*;!*", "maxdepth=5", "!java.**"))
            assertThat(serve("-Djdk.serialFilter=" + filter))
                    .as(filter)
                    .isEqualTo("REFUSED rule=R3.1 found=jdk.serialFilter:" + filter
                            + " allowed=\"!*\" fix=\"leave -Djdk.serialFilter out of REDOUBT_JAVA_OPTIONS\"");
    }

    @Test
    void R3_1_aStartWithoutAFilterSetsIt() throws Exception {
        for (String options : List.of("-Dnone=none", "-Djdk.serialFilter=!*"))
            assertThat(serve(options)).startsWith("REFUSED rule=R1.7 found=model:./nope");
    }

    /// @return what it says on stderr, without the last line break
    private String serve(String option) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                ProcessHandle.current().info().command().orElseThrow(), "--enable-native-access=ALL-UNNAMED", option));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
        command.addAll(List.of("serve", "--model", "./nope", "--port", "0"));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("REDOUBT_HOME", folder.toString());
        Process process = builder.start();
        String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(err).isEqualTo(78);
        return err.strip();
    }
}
