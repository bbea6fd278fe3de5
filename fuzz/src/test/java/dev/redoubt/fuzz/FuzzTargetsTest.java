package dev.redoubt.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Every target on its seeds, and some seconds of Jazzer: longer runs are `./redoubt dev fuzz`.
final class FuzzTargetsTest {
    private static final Path RESOURCES = Path.of("src/test/resources").toAbsolutePath();
    private static final Duration SHORT = Duration.ofSeconds(4);

    @TempDir
    Path folder;

    @ParameterizedTest
    @EnumSource(Target.class)
    void everySeedIsReadOrRefused(Target target) throws Exception {
        List<Path> seeds = FuzzRun.files(new FuzzRun(target, RESOURCES, folder).seeds());
        assertThat(seeds).isNotEmpty();
        for (Path seed : seeds) target.run(Files.readAllBytes(seed));
    }

    @ParameterizedTest
    @EnumSource(Target.class)
    void aShortRunFindsNothing(Target target) throws Exception {
        StringBuilder output = new StringBuilder();
        FuzzRun.Result result = new FuzzRun(target, RESOURCES, folder)
                .run(SHORT, line -> output.append(line).append('\n'));
        assertThat(result.findings()).as(output.toString()).isEmpty();
        assertThat(result.executions()).as(output.toString()).isPositive();
    }
}
