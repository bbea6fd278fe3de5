package dev.redoubt.audit.check;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.audit.Audit;
import dev.redoubt.audit.Level;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UnservedTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "test_engine.py",
                "app/engine_test.py",
                "app/conftest.py",
                "scripts/selftest-home.sh",
                "run_test.sh",
                "mock_server.py",
                "scripts/openai-stub.py",
                "tests/serve.sh",
                "deploy/e2e/pod.yaml",
                "_quarantine/app/main.py",
                "app/_old/main.py",
                "work/code_snapshot/api.py",
                "utils_bak/api.py",
                "app/server_bkp.py",
                "backend/archives/server.py",
                "hack/engine.py",
                "test_memory_leak/app.py",
                "examples/example-fakellm/service.yaml",
                "api/routers/legacy/router.py",
                "telemetry_legacy/router.py",
                "docs/vllm/examples/serve.sh",
                "benchmarks/serve.sh",
                "load_test/serve.yaml",
                "generation_time_experiments/chunked/server.sh",
                "issues/12/app.py",
                "research/a/compose.yaml",
                "third_parties/other/server.py",
                "docker/docker-compose.dev.yml",
                "compose-test.yaml",
                "lib/vllm_bak/entrypoints/openai/api_server.py",
            })
    void testsStandInsAndWhatIsSetAsideServeNobody(String path) {
        assertThat(Unserved.is(path, "")).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "serve.sh",
                "attest.py",
                "latest.sh",
                "app/contest.py",
                "examples/serve.py",
                "archive.py",
                "benchmark-results.yaml",
                "experimental/serve.py",
                "docker-compose.prod.yml",
                "developer/compose.yaml",
                "app/old_school/main.py",
                "mocking/tests.yaml",
                "dummy",
                "vllm/serve.py",
                "snapshot.py",
            })
    void allElseMayServe(String path) {
        assertThat(Unserved.is(path, "")).isFalse();
    }

    @Test
    void whatIsKeptOfVllmItselfServesNobody() {
        String head = """
                # SPDX-License-Identifier: Apache-2.0
                # SPDX-FileCopyrightText: Copyright contributors to the vLLM project
                """;
        assertThat(Unserved.is("docs/online_serving/serve.py", head)).isTrue();
        assertThat(Unserved.is("docs/online_serving/serve.py", "")).isFalse();
        assertThat(Unserved.is("app/serve.py", head)).isFalse();
    }

    @Test
    void aScriptThatEndsTheServerThatItHasStartedMeasures() {
        String start = "vllm serve /models/a --host 0.0.0.0 &\nPID=$!\n";
        String ask = "curl http://localhost:8000/v1/models\n";
        assertThat(Unserved.is("run.sh", start + ask + "kill $PID\nwait $PID\n"))
                .isTrue();
        assertThat(Unserved.is("run.sh", start + ask + "wait $PID\n")).isFalse();
        assertThat(Unserved.is("run.sh", start + ask + "trap \"kill $PID\" EXIT\nwait\n"))
                .isFalse();
        assertThat(Unserved.is("rotate.sh", "kill $OLD_PID\n" + start + ask)).isFalse();
        String program = "server = subprocess.Popen(command)\nget('http://localhost:8000/v1/models')\n";
        assertThat(Unserved.is("bench/compare.py", program + "server.terminate()\n"))
                .isTrue();
        assertThat(Unserved.is("manager.py", program + "server.terminate()\n")).isFalse();
        assertThat(Unserved.is("job.yaml", "kind: Job\n" + start + ask + "kill $PID\n"))
                .isTrue();
    }

    @Test
    void aProgramThatMeasuresWhatItDeploysServesNobody() {
        String program = "serve.run(app, route_prefix=None)\nhandle.remote()\n";
        assertThat(Unserved.is("main.py", program + "serve.shutdown()\n")).isTrue();
        assertThat(Unserved.is("main.py", program)).isFalse();
        assertThat(Unserved.is("main.py", "serve.run(app)\nserve.shutdown()\n")).isFalse();
        assertThat(Unserved.is("main.py", "serve.run(app)\nrun(['vllm', 'bench', 'serve'])\nserve.shutdown()\n"))
                .isTrue();
    }

    @Test
    void whatWasReadOutOfAClusterIsNoManifest() {
        String object = "kind: RayService\nmetadata:\n  name: a\n  uid: 9a7ce3e0\nspec: {}\n";
        assertThat(Unserved.is("output.yaml", object + "status:\n  serviceStatus: Running\n"))
                .isTrue();
        assertThat(Unserved.is("service.yaml", object)).isFalse();
    }

    @Test
    void whatLiesAboveTheFolderThatIsAuditedSaysNothingAndSecretsStayErrors(@TempDir Path above)
            throws IOException, InterruptedException {
        Path project = above.resolve("tests/service");
        Files.createDirectories(project.resolve("e2e"));
        Files.writeString(project.resolve("serve.sh"), "vllm serve /models/a --host 0.0.0.0\n");
        Files.writeString(
                project.resolve("e2e/serve.sh"),
                "vllm serve /models/a --host 0.0.0.0 --trust-remote-code --api-key 9f27c04be1d84c6c\n");
        var findings = new Audit(Level.WARNING, Set.of()).run(List.of(project)).findings();
        assertThat(findings.stream()
                        .map(finding -> project.relativize(Path.of(finding.path())) + " "
                                + finding.check().id()))
                .contains("serve.sh R1.2/public-bind", "e2e/serve.sh V4.4/literal-token")
                .doesNotContain("e2e/serve.sh R1.2/public-bind", "e2e/serve.sh V2.4/trust-remote-code");
    }
}
