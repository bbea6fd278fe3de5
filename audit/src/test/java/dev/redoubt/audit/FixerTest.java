package dev.redoubt.audit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Changes that are made by themselves: on every sample of what checks must find, and on files with edges.
class FixerTest {
    private static final Path SAMPLES = Path.of("src/test/resources/samples");

    @TempDir
    private Path folder;

    private static AuditReport audit(Path file) throws InterruptedException {
        return new Audit(Level.NOTE, Set.of()).run(List.of(file));
    }

    private static Map<String, Long> counts(Path file) throws InterruptedException {
        return audit(file).findings().stream()
                .collect(Collectors.groupingBy(finding -> finding.check().id(), Collectors.counting()));
    }

    private static List<Fixer.Change> changes(Path file) throws Exception {
        return new Fixer().changes(audit(file));
    }

    private Path file(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text);
    }

    private static List<Path> bad() throws IOException {
        try (Stream<Path> files = Files.walk(SAMPLES)) {
            return files.filter(file -> file.getFileName().toString().startsWith("bad"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void whatIsChangedHasLostItsFindingsAndGainedNone() throws Exception {
        Set<String> fixed = new TreeSet<>();
        for (Path sample : bad()) {
            Path folderOfIt = Files.createTempDirectory(folder, "sample");
            Path file = Files.copy(sample, folderOfIt.resolve(sample.getFileName()));
            Map<String, Long> before = counts(file);
            List<Fixer.Change> changes = changes(file);
            if (changes.isEmpty()) continue;
            assertThat(changes).as("%s", sample).hasSize(1);
            assertThat(changes.getFirst().write()).isTrue();
            Map<String, Long> after = counts(file);
            after.forEach((id, count) -> assertThat(count)
                    .as(
                            "%s after the change of %s:%n%s",
                            id, sample, changes.getFirst().diff())
                    .isLessThanOrEqualTo(before.getOrDefault(id, 0L)));
            for (String id : before.keySet()) if (after.getOrDefault(id, 0L) < before.get(id)) fixed.add(id);
            assertThat(changes(file)).as("%s, changed once more", sample).isEmpty();
        }
        assertThat(fixed)
                .contains(
                        "R1.2/public-bind",
                        "R1.2/public-dashboard",
                        "V1.1/shared-prefix-cache",
                        "V1.6/request-logging",
                        "V2.2/swap-space",
                        "V2.4/trust-remote-code");
    }

    @Test
    void theDiffIsOneThatPatchReads() throws Exception {
        Path file = file(
                "a.py",
                "from vllm import LLM\n\n\n\n# é\nllm = LLM(\"/models/a\", trust_remote_code=True, enable_prefix_caching=True)\na = 1\nb = 2\nc = 3\nd = 4");
        String path = file.toString();
        assertThat(changes(file).getFirst().diff())
                .isEqualTo(
                        "--- " + path + "\n+++ " + path
                                + "\n@@ -3,7 +3,7 @@\n \n \n # é\n-llm = LLM(\"/models/a\", trust_remote_code=True, enable_prefix_caching=True)\n"
                                + "+llm = LLM(\"/models/a\", trust_remote_code=False, enable_prefix_caching=False)\n a = 1\n b = 2\n c = 3\n");
        Files.writeString(file, "from vllm import LLM\nllm = LLM(\"/m\", trust_remote_code=True)");
        assertThat(changes(file).getFirst().diff()).endsWith("""
                -llm = LLM("/m", trust_remote_code=True)
                \\ No newline at end of file
                +llm = LLM("/m", trust_remote_code=False)
                \\ No newline at end of file
                """);
    }

    @Test
    void changesThatAreFarApartAreHunksOfTheirOwn() throws Exception {
        String engine = "LLM(\"/models/a\", trust_remote_code=True)\n";
        Path file = file("a.py", "from vllm import LLM\na = " + engine + "x = 1\n".repeat(20) + "b = " + engine);
        Fixer.Change change = changes(file).getFirst();
        assertThat(change.count()).isEqualTo(2);
        assertThat(change.diff()).contains("@@ -1,5 +1,5 @@", "@@ -20,4 +20,4 @@");
    }

    @Test
    void modeAndLineEndsAreKeptAndNothingIsLeftBeside() throws Exception {
        Path file = file("serve.sh", "#!/bin/sh\r\nvllm serve /models/a \\\r\n  --host 0.0.0.0 --api-key \"$KEY\"\r\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-x--x"));
        assertThat(changes(file).getFirst().write()).isTrue();
        assertThat(Files.readString(file))
                .isEqualTo("#!/bin/sh\r\nvllm serve /models/a \\\r\n  --host 127.0.0.1 --api-key \"$KEY\"\r\n");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rwxr-x--x");
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).containsExactly(file);
        }
    }

    @Test
    void aFileThatChangedMeanwhileIsLeftAlone() throws Exception {
        Path file = file("a.py", "from vllm import LLM\nllm = LLM(\"/m\", trust_remote_code=True)\n");
        Fixer.Change change = changes(file).getFirst();
        String changed = "# somebody was here\n";
        Files.writeString(file, changed);
        assertThat(change.write()).isFalse();
        assertThat(file).hasContent(changed);
    }

    @Test
    void whatIsNotMechanicalIsLeftToPeople() throws Exception {
        List<Path> files = new ArrayList<>();
        files.add(file("constant.py", "from vllm import LLM\nON = True\nllm = LLM(\"/m\", trust_remote_code=ON)\n"));
        files.add(file("Dockerfile", "CMD vllm serve /m --host 0.0.0.0 --api-key a\n"));
        files.add(file("load.py", "import torch\nimport vllm\nmodel = torch.load(\"a.pt\")\n"));
        Path broken = folder.resolve("broken.py");
        byte[] text =
                "from vllm import LLM\nllm = LLM(\"/m?\", trust_remote_code=True)\n".getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < text.length; i++) if (text[i] == '?') text[i] = (byte) 0xff;
        files.add(Files.write(broken, text));
        for (Path file : files) {
            assertThat(audit(file).findings()).as("%s", file).isNotEmpty();
            assertThat(changes(file)).as("%s", file).isEmpty();
        }
    }

    @Test
    void whatIsAllowedIsNotChanged() throws Exception {
        Path file = file(
                "a.py",
                "from vllm import LLM\n# redoubt: allow V2.4 because it is ours\nllm = LLM(\"/m\", trust_remote_code=True)\n");
        assertThat(changes(file)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "start.sh   | vllm serve /models/a \\~  --trust-remote-code \\~  --port 8000~ | vllm serve /models/a \\~  \\~  --port 8000~",
                "start.sh   | vllm serve /models/a --trust-remote-code~ | vllm serve /models/a~",
                "Dockerfile | FROM vllm/vllm-openai:v0.9.2~CMD [\"--model\", \"/models/a\", \"--trust-remote-code\"]~ | FROM vllm/vllm-openai:v0.9.2~CMD [\"--model\", \"/models/a\"]~",
                "Dockerfile | FROM vllm/vllm-openai:v0.9.2~CMD [\"--trust-remote-code\", \"--model\", \"/models/a\"]~ | FROM vllm/vllm-openai:v0.9.2~CMD [\"--model\", \"/models/a\"]~",
                "pod.yaml   | containers:~- image: vllm/vllm-openai:v0.9.2~  args:~  - --model=/models/a~  - --trust-remote-code~  - --port=8000~ | containers:~- image: vllm/vllm-openai:v0.9.2~  args:~  - --model=/models/a~  - --port=8000~",
            })
    void V2_4_aSwitchOfACommandIsLeftOut(String name, String text, String expected) throws Exception {
        Path file = file(name.strip(), text.strip().replace('~', '\n'));
        assertThat(changes(file))
                .singleElement()
                .extracting(Fixer.Change::after)
                .isEqualTo(expected.strip().replace('~', '\n'));
    }
}
