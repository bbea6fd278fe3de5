package dev.redoubt.audit;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Projects that say that they measure servers.
class StudyTest {
    @TempDir
    private Path above;

    private List<String> errors(String name, String readme) throws Exception {
        Path project = Files.createDirectories(above.resolve(name));
        Files.writeString(
                project.resolve("serve.sh"),
                "vllm serve /models/a --host 0.0.0.0 --trust-remote-code --api-key 9f27c04be1d84c6c\n");
        if (!readme.isEmpty()) Files.writeString(project.resolve("README.md"), readme);
        return new Audit(Level.WARNING, Set.of())
                .run(List.of(project)).findings().stream()
                        .map(finding -> finding.check().id())
                        .toList();
    }

    @ParameterizedTest
    @CsvSource({
        "ray_comparisons, ''",
        "vllm-bench, ''",
        "a, '# Ray Serve Performance Benchmarks'",
        "a, '# LLM Benchmark: vLLM and others'",
        "a, '# Routers - load test - of 2025'"
    })
    void whatMeasuresServesNobodyAndSecretsStay(String name, String readme) throws Exception {
        assertThat(errors(name, readme)).containsExactly("V4.4/literal-token");
    }

    @Test
    void whatItsPackageSaysCountsToo() throws Exception {
        Path project = Files.createDirectories(above.resolve("speech"));
        Files.writeString(
                project.resolve("pyproject.toml"), "[project]\ndescription = \"Whisper serving benchmark\"\n");
        assertThat(errors("speech", "# Speech\n")).containsExactly("V4.4/literal-token");
    }

    @ParameterizedTest
    @CsvSource({
        "server, ''",
        "vllm-bench, '# vLLM Distributed Cluster'",
        "a, '# Benchmarking Framework'",
        "a, '# A server with benchmarks of its own'",
        "benchmark-driven-server, ''"
    })
    void whatOnlySpeaksOfMeasuringMayServe(String name, String readme) throws Exception {
        assertThat(errors(name, readme)).contains("R1.2/public-bind", "V2.4/trust-remote-code", "V4.4/literal-token");
    }
}
