package dev.redoubt.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.redoubt.audit.source.Coverage.Skipped;
import dev.redoubt.audit.source.FileText;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A whole project: what is read, what is left out, what comments and baselines allow, and what hostile files
/// cannot do.
class AuditTest {
    private static final String REMOTE = "from vllm import LLM\nllm = LLM(\"/models/a\", trust_remote_code=True)\n";

    @TempDir
    private Path folder;

    @BeforeEach
    void aFileThatIsFoundWhateverStandsBesideIt() throws IOException {
        Files.writeString(folder.resolve("service.py"), REMOTE);
    }

    private AuditReport audit(Level level, Set<String> known) {
        return assertTimeoutPreemptively(Duration.ofSeconds(20), () -> new Audit(level, known).run(List.of(folder)));
    }

    private AuditReport audit() {
        return audit(Level.WARNING, Set.of());
    }

    private static List<String> found(AuditReport report) {
        return report.findings().stream()
                .map(finding -> Path.of(finding.path()).getFileName() + ":"
                        + finding.span().line() + " " + finding.check().id())
                .toList();
    }

    private static Set<String> reasons(AuditReport report) {
        return report.coverage().skipped().stream().map(Skipped::reason).collect(Collectors.toSet());
    }

    private void write(String name, String text) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    @Test
    void isNamed() {
        assertThat(Audit.class.getModule().isNamed()).isTrue();
    }

    @Test
    void V2_4_aProjectIsReadAndTheLineNamed() {
        AuditReport report = audit();
        assertThat(found(report)).containsExactly("service.py:2 V2.4/trust-remote-code");
        assertThat(report.clean()).isFalse();
        assertThat(report.coverage().filesRead()).isEqualTo(1);
        assertThat(report.below()).isPositive();
        assertThat(audit(Level.NOTE, Set.of()).findings()).hasSizeGreaterThan(1);
    }

    @Test
    void whatOthersWroteAndWhatIsHiddenIsLeftOutWithItsReason() throws IOException {
        for (String place : List.of("node_modules/a.py", ".git/a.py", "env/lib/a.py", "site-packages/a.py"))
            write(place, REMOTE);
        write("env/pyvenv.cfg", "");
        AuditReport report = audit();
        assertThat(report.findings()).hasSize(1);
        assertThat(reasons(report))
                .containsExactlyInAnyOrder("holds what others wrote", "hidden", "a virtual environment");
    }

    @Test
    void aFolderOfTestsCountsBelowWhatIsNamedOnly() throws Exception {
        String listens = "import uvicorn, vllm\nuvicorn.run(\"web:app\", host=\"0.0.0.0\")\n";
        write("tests/server/web.py", listens);
        assertThat(found(audit())).doesNotContain("web.py:2 R1.2/public-bind");
        assertThat(found(audit(Level.NOTE, Set.of()))).contains("web.py:2 R1.2/public-bind");
        AuditReport named = new Audit(Level.WARNING, Set.of()).run(List.of(folder.resolve("tests")));
        assertThat(found(named)).containsExactly("web.py:2 R1.2/public-bind");
    }

    @Test
    void aConstantOfTheModuleBesideIsKnown() throws IOException {
        write("settings.py", "HOST = \"0.0.0.0\"\nENGINE = {\"trust_remote_code\": True}\n");
        write(
                "main.py",
                "import uvicorn\nfrom settings import HOST, ENGINE\nfrom vllm import LLM\nuvicorn.run(\"a:b\", host=HOST)\nllm = LLM(\"/a\", **ENGINE)\n");
        assertThat(found(audit())).contains("main.py:4 R1.2/public-bind", "main.py:5 V2.4/trust-remote-code");
    }

    @Test
    void whatCannotBeKnownIsANoteAndNotGuessed() throws IOException {
        write(
                "main.py",
                "import os\nimport uvicorn\nfrom vllm import LLM\nfrom elsewhere import remote\nuvicorn.run(\"a:b\", host=os.environ[\"HOST\"])\nllm = LLM(os.environ[\"MODEL\"], trust_remote_code=remote)\n");
        assertThat(found(audit())).noneMatch(line -> line.startsWith("main.py"));
        assertThat(audit(Level.NOTE, Set.of()).findings())
                .filteredOn(finding -> finding.message().contains(" is unknown: "))
                .extracting(finding -> finding.check().id())
                .containsExactly("R1.2/public-bind", "V2.4/trust-remote-code");
    }

    @Test
    void anAllowanceNeedsAReasonAndAPlace() throws IOException {
        write(
                "service.py",
                "from vllm import LLM\n# redoubt: allow V2.4 because the repository is ours\nllm = LLM(\"/models/a\", trust_remote_code=True)\n");
        write(
                "none.py",
                "from vllm import LLM\nllm = LLM(\"/models/a\", trust_remote_code=True)  # redoubt: allow V2.4/trust-remote-code\n");
        write("unused.py", "# redoubt: allow R1.2 because it was so once\nx = 1\n");
        AuditReport report = audit();
        assertThat(found(report)).containsExactly("none.py:2 V2.4/trust-remote-code");
        assertThat(report.allowed()).isEqualTo(1);
        assertThat(report.remarks()).extracting(AuditReport.Remark::line).containsExactly(2, 1);
        assertThat(report.remarks())
                .extracting(AuditReport.Remark::message)
                .satisfiesExactly(
                        reason -> assertThat(reason).contains("without a reason"),
                        unused -> assertThat(unused).contains("not found here"));
    }

    @Test
    void anAllowanceInANotebookCountsInItsCode() throws IOException {
        String cell = """
                {"cells": [{"cell_type": "code", "source": [
                "from fastapi import FastAPI\\n",
                "from vllm import LLM\\n",
                "REMARK\\n",
                "llm = LLM('/models/a', trust_remote_code=True)\\n",
                "other = LLM('/models/a', trust_remote_code=True)"]}]}
                """;
        write("rag.ipynb", cell.replace("REMARK", "# redoubt: allow V2.4 because the repository is ours"));
        AuditReport report = audit();
        assertThat(found(report))
                .contains("rag.ipynb:6 V2.4/trust-remote-code")
                .doesNotContain("rag.ipynb:5 V2.4/trust-remote-code");
        assertThat(report.allowed()).isEqualTo(1);
        write("rag.ipynb", cell.replace("REMARK", "# redoubt: allow V2.4"));
        assertThat(audit().remarks()).extracting(AuditReport.Remark::line).containsExactly(4);
        // In one line of the file, each line of code is still its own.
        write(
                "rag.ipynb",
                cell.replace("REMARK", "# redoubt: allow V2.4 because it is ours")
                        .replace("\n", ""));
        assertThat(audit().allowed()).isEqualTo(1);
    }

    @Test
    void fingerprintsStayWhenLinesMoveAndABaselineLeavesThemOut() throws IOException {
        Set<String> before =
                audit().findings().stream().map(Finding::fingerprint).collect(Collectors.toSet());
        Path baseline = Files.writeString(folder.resolve("baseline.json"), Baseline.write(audit().findings()));
        assertThat(Baseline.read(baseline)).contains(before);
        write("service.py", "# a line\n\n" + REMOTE + "llm = LLM(\"/models/b\", trust_remote_code=True)\n");
        AuditReport report = audit(Level.WARNING, before);
        assertThat(found(report)).containsExactly("service.py:5 V2.4/trust-remote-code");
        assertThat(report.known()).isEqualTo(1);
        assertThat(Baseline.read(Files.writeString(baseline, "{}"))).isEmpty();
    }

    @Test
    void V4_4_aSecretIsFoundAndNotShown() throws IOException {
        String secret = "hf_" + "QzTpWmRnBvKsLdJgHfYcXaEuIoQzTpWmRn";
        write("login.py", "from huggingface_hub import login\nlogin(token=\"" + secret + "\")\n");
        Finding finding = audit().findings().getFirst();
        assertThat(finding.check().id()).isEqualTo("V4.4/literal-token");
        assertThat(finding.line() + finding.message()).doesNotContain(secret.substring(3, 12));
    }

    @Test
    void whatDoesNotExistIsAnErrorAndNotAChoice() throws InterruptedException {
        AuditReport report = new Audit(Level.WARNING, Set.of()).run(List.of(folder.resolve("nowhere"), folder));
        assertThat(report.whole()).isFalse();
        assertThat(report.findings()).hasSize(1);
    }

    @Test
    void aFileLargerThanABoundIsSkippedUnread() throws IOException {
        try (RandomAccessFile file =
                new RandomAccessFile(folder.resolve("large.py").toFile(), "rw")) {
            file.setLength(500L << 20); // sparse
        }
        AuditReport report = audit();
        assertThat(reasons(report)).containsExactly("larger than 1 MiB");
        assertThat(report.findings()).hasSize(1);
    }

    @Test
    void nestingWithoutEndIsReadInBoundedTime() throws IOException {
        int depth = 100_000;
        write("a.py", "x = " + "(".repeat(depth) + "\n" + "def f(): pass\n");
        write("b.py", "x = " + "[".repeat(depth) + "]".repeat(depth));
        write("c.py", "x = " + "a.".repeat(depth) + "a\ny = " + "f(".repeat(depth));
        write(
                "d.py",
                "x = " + "1 + ".repeat(depth) + "1\ny = " + "-".repeat(depth) + "1\nz = " + "not ".repeat(depth) + "1");
        write("e.py", "if a: pass\n" + "elif a: pass\n".repeat(depth / 4));
        StringBuilder blocks = new StringBuilder();
        for (int i = 0; i < 1_000; i++) blocks.append(" ".repeat(i)).append("if a:\n");
        write("f.py", blocks.toString());
        write("g.py", "x = " + "f\"{".repeat(10_000) + "\nlambda: ".repeat(10_000));
        write("h.py", "x = " + "lambda: ".repeat(depth) + "1\n" + "x: ".repeat(depth) + "\nwith " + "(".repeat(depth));
        write("i.yaml", "a: " + "[".repeat(depth));
        write("j.yaml", "- ".repeat(depth) + "a");
        write("k.sh", "vllm serve " + "$(".repeat(depth) + "\"".repeat(depth));
        write("l.ipynb", "[".repeat(depth));
        int most = 1_000_000; // with one character each: what a file may hold
        write("m.py", "x = " + "(".repeat(most) + "\ndef f(): pass\n");
        write("n.py", "x = " + "[{".repeat(most / 2));
        write("o.py", "x = " + "-".repeat(most) + "1\ny = " + "~".repeat(9));
        write("p.py", "x = f" + "()".repeat(most / 2));
        write("q.yaml", "a: " + "[".repeat(most));
        write("r.yaml", "{".repeat(most));
        write("s.ipynb", "[".repeat(most));
        write("t.sh", "echo " + "(".repeat(most));
        write("Dockerfile", "CMD " + "[".repeat(most));
        AuditReport report = audit();
        assertThat(found(report)).containsExactly("service.py:2 V2.4/trust-remote-code");
        assertThat(report.coverage().unreadable()).isEmpty();
    }

    @Test
    void aFileThatChangesWhileItIsReadEndsNothing() throws Exception {
        Path changing = folder.resolve("changing.py");
        String small = REMOTE;
        String large = "# more\n".repeat(FileText.BYTES_MAX / 7);
        AtomicBoolean done = new AtomicBoolean();
        FutureTask<Integer> writer = new FutureTask<>(() -> {
            int rounds = 0;
            for (; !done.get(); rounds++) {
                Files.writeString(changing, small);
                Files.writeString(changing, large, StandardOpenOption.APPEND); // grows beyond the bound
                Files.deleteIfExists(changing);
            }
            return rounds;
        });
        Thread.ofPlatform().name("writer").start(writer);
        try {
            for (int i = 0; i < 8; i++) {
                AuditReport report = audit();
                assertThat(found(report)).contains("service.py:2 V2.4/trust-remote-code");
                assertThat(found(report)).allMatch(line -> line.endsWith(":2 V2.4/trust-remote-code"));
            }
        } finally {
            done.set(true);
        }
        assertThat(writer.get()).isPositive();
    }

    @Test
    void namesThatNameEachOtherAreFollowedToABound() throws IOException {
        StringBuilder text = new StringBuilder("from vllm import LLM\na0 = {\"x\": 1}\n");
        for (int i = 1; i < 200; i++) {
            text.append("a").append(i).append(" = {");
            for (int k = 0; k < 8; k++)
                text.append("\"k").append(k).append("\": a").append(i - 1).append(", ");
            text.append("}\nb")
                    .append(i)
                    .append(" = b")
                    .append(i + 1)
                    .append(" or b")
                    .append(i - 1)
                    .append("\n");
        }
        text.append("b0 = b1\n".repeat(2_000));
        text.append("LLM(**a199, model=b3)\n".repeat(500));
        write("circle.py", text.toString());
        assertThat(audit().findings()).isNotEmpty();
    }

    @Test
    void bombsOfAliasesEndTheFileAndNotTheScan() throws IOException {
        StringBuilder bomb = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for (int i = 1; i < 12; i++) {
            bomb.append("a").append(i).append(": &a").append(i).append(" [");
            for (int k = 0; k < 9; k++)
                bomb.append(k == 0 ? "" : ", ").append("*a").append(i - 1);
            bomb.append("]\n");
        }
        write("bomb.yaml", bomb.toString());
        write("circle.yaml", "a: &a\n  b: *a\n  <<: *a\n");
        AuditReport report = audit();
        assertThat(reasons(report)).containsExactly("is not what its name says, or nested beyond a bound");
        assertThat(report.findings()).hasSize(1);
    }

    @Test
    void manyServicesThatMergeOneTemplateAreRead() throws IOException {
        StringBuilder file = new StringBuilder("x-base: &base {image: 'vllm/vllm-openai:v0.10.0'}\nservices:\n");
        for (int i = 0; i < 100; i++)
            file.append("  s").append(i).append(": {<<: *base, command: --model /models/a --trust-remote-code}\n");
        write("compose.yaml", file.toString());
        AuditReport report = audit();
        assertThat(report.coverage().skipped()).isEmpty();
        assertThat(report.findings())
                .filteredOn(finding -> finding.path().endsWith("compose.yaml")
                        && finding.check().id().equals("V2.4/trust-remote-code"))
                .hasSize(100);
    }

    /// What makes a pattern go back again and again: each file is read within its time.
    @Test
    void textsThatPatternsRepeatThemselvesOnAreReadInBoundedTime() throws IOException {
        int most = 1_000_000;
        String serve = "vllm serve /models/a --host 0.0.0.0 &\ncurl http://localhost:8000\n";
        write("a.sh", serve + "\n".repeat(most));
        write("b.sh", serve + "kill ".repeat(most / 6));
        write("c.sh", "source " + "env".repeat(most / 4) + "!\n" + serve);
        write("d.sh", "cmd=(" + "a ".repeat(most / 3));
        write("e.sh", "a=(b\n)".repeat(most / 8));
        write("f.py", "import fastapi\n" + "\n".repeat(most) + "x = 1\n");
        write("g.py", "import fastapi\nx = a" + " ".repeat(most) + ".b\n");
        write("h.py", "from a import (" + "b, ".repeat(most / 4));
        write("i.yaml", "a: &a >\n" + "  b\n".repeat(most / 8) + "c:\n" + "- *a\n".repeat(100_000));
        write("j.yaml", "a: >\n" + "\n".repeat(most) + "  vllm serve\n");
        write("k.yaml", "apiVersion: v1\nkind: Job\na: localhost &\n" + "kill".repeat(most / 5));
        write("l.sh", "{{- if ".repeat(most / 8));
        write("m.sh", "f() {\n".repeat(most / 7));
        write("n.yaml", "kind: NetworkPolicy\na: \"podSelector" + " ".repeat(most / 2) + "\"\n");
        write("o.tf", "kind = \"NetworkPolicy\"\n" + "podSelector = { matchLabels = { ".repeat(most / 40));
        write("p.yaml", "containers:\n - image: vllm/vllm-openai:v1\n   args: [\"" + "a.".repeat(most / 3) + "\"]\n");
        write("q.py", "import requests\nfrom ray import serve\nserve.run(app)\n" + "\n        a".repeat(most / 10));
        AuditReport report = audit();
        assertThat(report.coverage().unreadable()).isEmpty();
        assertThat(report.findings())
                .extracting(finding -> finding.check().id())
                .contains("R1.2/public-bind");
    }

    @Test
    void linksAreNotFollowed() throws IOException {
        Files.createSymbolicLink(folder.resolve("loop"), folder);
        Files.createSymbolicLink(folder.resolve("again.py"), folder.resolve("service.py"));
        AuditReport report = audit();
        assertThat(report.findings()).hasSize(1);
        assertThat(reasons(report)).containsExactly("a link");
    }

    @Test
    void bytesThatAreNoTextAreSkippedOrRead() throws IOException {
        Files.write(folder.resolve("binary.py"), new byte[] {1, 2, 0, 3});
        Files.write(
                folder.resolve("broken.py"), new byte[] {(byte) 0xff, (byte) 0xfe, '\n', 'x', '=', (byte) 0xc3, '\n'});
        AuditReport report = audit();
        assertThat(reasons(report)).containsExactly("binary");
        assertThat(report.coverage().filesRead()).isEqualTo(2);
    }

    @Test
    void aLineOfANotebookIsNamedByItsCell() throws IOException {
        write("rag.ipynb", """
                {"cells": [
                  {"cell_type": "markdown", "source": "# about"},
                  {"cell_type": "code", "source": ["import os\\n", "from vllm import LLM"], "outputs": []},
                  {"cell_type": "code", "source": "\\nllm = LLM('/models/a', trust_remote_code=True)", "outputs": []}
                ]}
                """);
        // A notebook is a script: where nothing serves, its findings are notes.
        assertThat(audit(Level.NOTE, Set.of()).findings())
                .filteredOn(finding -> finding.path().endsWith("rag.ipynb")
                        && finding.check().id().equals("V2.4/trust-remote-code"))
                .singleElement()
                .satisfies(finding -> {
                    assertThat(finding.message()).contains("(cell 3, line 2)");
                    assertThat(finding.span().line()).isEqualTo(4); // of the file, where an editor looks
                });
        write("rag.ipynb", """
                {
                 "cells": [
                  {
                   "cell_type": "code",
                   "source": [
                    "from vllm import LLM\\n",
                    "\\n",
                    "llm = LLM('/models/a', trust_remote_code=True)"
                   ]
                  }
                 ]
                }
                """);
        assertThat(found(audit(Level.NOTE, Set.of()))).contains("rag.ipynb:8 V2.4/trust-remote-code");
    }

    @Test
    void aNotebookMayCarryOutputsThatAreLargerThanAProgramMayBe() throws IOException {
        write(
                "plots.ipynb",
                "{\"cells\": [{\"cell_type\": \"code\", \"source\": \"from vllm import LLM\\nLLM('/models/a', trust_remote_code=True)\","
                        + " \"outputs\": [{\"data\": \"" + "A".repeat(3 << 20) + "\"}]}]}");
        assertThat(found(audit(Level.NOTE, Set.of()))).contains("plots.ipynb:1 V2.4/trust-remote-code");
    }

    /// A pipe in the place of a file blocks whoever opens it, for as long as nobody writes into it.
    @Test
    void aFileThatBecomesAPipeHoldsUpNothing() throws Exception {
        Path pipe = folder.resolve("pipe");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                .isZero();
        Path plain = folder.resolve("plain");
        Path swapped = folder.resolve("swapped.py");
        Files.writeString(plain, REMOTE);
        AtomicBoolean stop = new AtomicBoolean();
        Thread swapping = Thread.ofPlatform().daemon().start(() -> {
            for (int i = 0; !stop.get(); i++) {
                Path from = i % 2 == 0 ? plain : pipe;
                try {
                    Files.move(from, swapped, StandardCopyOption.ATOMIC_MOVE);
                    Files.move(swapped, from, StandardCopyOption.ATOMIC_MOVE);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        });
        Duration little = Duration.ofMillis(300); // a busy machine may need more for any file, which is said then
        for (int i = 0; i < 300; i++) {
            AuditReport report = assertTimeoutPreemptively(
                    Duration.ofSeconds(60), () -> new Audit(Level.WARNING, Set.of(), little).run(List.of(folder)));
            assertThat(Stream.concat(
                            found(report).stream(),
                            report.coverage().unreadable().stream().map(Skipped::path)))
                    .anyMatch(said -> said.contains("service.py"));
        }
        stop.set(true);
        swapping.join();
    }

    @Test
    void aFragmentIsNoProgram() throws Exception {
        write("whole.py", "# a comment\nvalue = 1\n");
        write("part.py", "        content = await file.read()\nvalue = 1\n");
        AuditReport report = audit();
        assertThat(report.coverage().skipped())
                .singleElement()
                .satisfies(one -> assertThat(one.path()).endsWith("part.py"));
    }
}
