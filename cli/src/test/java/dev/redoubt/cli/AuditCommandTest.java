package dev.redoubt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `redoubt audit` as it is called.
class AuditCommandTest {
    @TempDir
    private Path folder;

    private Ran audit(String... args) {
        String[] all = new String[args.length + 1];
        all[0] = "audit";
        System.arraycopy(args, 0, all, 1, args.length);
        return Ran.command(folder.resolve("home"), all);
    }

    private Path project(String text) throws IOException {
        Path project = Files.createDirectories(folder.resolve("project"));
        Files.writeString(project.resolve("service.py"), text);
        return project;
    }

    @Test
    void exitCodesSayWhatWasFound() throws IOException {
        Path project = project("x = 1\n");
        assertThat(audit(project.toString()).exitCode()).isZero();
        project("from vllm import LLM\nllm = LLM('/models/a', trust_remote_code=True)\n");
        Ran found = audit(project.toString());
        assertThat(found.exitCode()).isEqualTo(1);
        assertThat(found.out())
                .contains("service.py:2:", "V2.4/trust-remote-code", "read 1 file")
                .doesNotContain("\u001B");
        assertThat(audit(project.toString(), folder.resolve("nowhere").toString())
                        .exitCode())
                .isEqualTo(2);
    }

    @Test
    void aBaselineLeavesOutWhatIsInIt() throws IOException {
        String project = project("from vllm import LLM\nllm = LLM('/models/a', trust_remote_code=True)\n")
                .toString();
        String baseline = folder.resolve("baseline.json").toString();
        assertThat(audit(project, "--write-baseline", baseline).exitCode()).isEqualTo(1);
        assertThat(audit(project, "--baseline", baseline).exitCode()).isZero();
        assertThat(audit(project, "--baseline", project + "/service.py").exitCode())
                .isEqualTo(66);
        assertThat(audit(project, "--baseline", folder.resolve("none").toString())
                        .exitCode())
                .isEqualTo(66);
    }

    @Test
    void formatsAndLevelsAreLowerCaseAndOthersAreRefused() throws IOException {
        String project =
                project("from vllm import LLM\nllm = LLM('/models/a')\n").toString();
        assertThat(audit(project, "--level", "note").exitCode()).isEqualTo(1);
        assertThat(audit(project, "--format", "sarif").out()).contains("\"2.1.0\"");
        assertThat(audit(project, "--report", "html").out()).startsWith("<!DOCTYPE html>");
        assertThat(audit(project, "--format", "pdf").exitCode()).isEqualTo(64);
    }

    @Test
    void aCheckIsExplainedByItsIdOrItsRule() {
        assertThat(audit("--explain", "R1.2/public-bind").out())
                .contains("why", "instead", "CWE-306")
                .doesNotContain("public-dashboard");
        assertThat(audit("--explain", "R1.2").out()).contains("public-bind", "public-dashboard");
        assertThat(audit("--explain", "R9.9").exitCode()).isEqualTo(64);
    }

    @Test
    void whatIsMechanicalIsShownAndOnlyWrittenWhereThatIsSaid() throws IOException {
        String text = "from vllm import LLM\nllm = LLM('/models/a', trust_remote_code=True)\n";
        Path project = project(text);
        Ran shown = audit(project.toString(), "--fix");
        assertThat(shown.exitCode()).isEqualTo(1);
        assertThat(shown.out())
                .contains("--- ", "+++ ", "-llm = LLM(", "+llm = LLM('/models/a', trust_remote_code=False)")
                .doesNotContain("V2.4/trust-remote-code");
        assertThat(project.resolve("service.py")).hasContent(text);
        assertThat(audit(project.toString(), "--write").exitCode()).isEqualTo(64);
        assertThat(audit(project.toString(), "--fix", "--write").exitCode()).isZero();
        assertThat(project.resolve("service.py")).hasContent(text.replace("True", "False"));
    }
}
