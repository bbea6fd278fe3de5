package dev.redoubt.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/// The tests of `./redoubt dev bench peers`, which is written in Python.
class PeersBenchTest {
    @Test
    void theToolsOwnTestsPass() throws IOException, InterruptedException {
        assumeTrue(
                run("-c", "import sys; sys.exit(sys.version_info < (3, 10))").status == 0, "no Python 3.10 or later");
        Run tests = run("-B", "-m", "unittest", "discover", "-s", "../bench/peers");
        assertThat(tests.status).as(tests.output).isZero();
        assertThat(tests.output).containsPattern("Ran [1-9]\\d* tests");
    }

    private record Run(int status, String output) {}

    private static Run run(String... arguments) throws InterruptedException {
        String[] command = new String[arguments.length + 1];
        command[0] = "python3";
        System.arraycopy(arguments, 0, command, 1, arguments.length);
        try {
            Process process = new ProcessBuilder(command)
                    .directory(Path.of("").toAbsolutePath().toFile())
                    .redirectErrorStream(true)
                    .start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return new Run(process.waitFor(), output);
        } catch (IOException e) {
            return new Run(-1, String.valueOf(e.getMessage()));
        }
    }
}
