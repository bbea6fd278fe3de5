package dev.redoubt.bench.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.testkit.Shared;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostileRunTest {
    /// No ONNX is loaded here: it is refused as a whole, the good ones too, and does not say
    /// what else is wrong with the others.
    private static final Set<String> NOT_LOADED =
            Set.of("ox-ok-matmul", "ox-ok-loop", "ox-loop-endless", "ox-value-nan", "ox-output-4tib");

    @TempDir
    Path temp;

    private final ByteArrayOutputStream said = new ByteArrayOutputStream();

    private HostileRun run(Path corpus) throws IOException {
        HostileRun run = new HostileRun(corpus, new PrintStream(said, true, StandardCharsets.UTF_8));
        run.all();
        return run;
    }

    private String said() {
        return said.toString(StandardCharsets.UTF_8);
    }

    @Test
    void V4_3_R1_6_everyCaseGetsItsVerdictButThoseThatThisVersionDoesNotLoad() throws IOException {
        HostileRun run = run(Shared.testdata("hostile"));
        System.out.print(said());
        Set<String> failed = said().lines()
                .filter(line -> line.startsWith("FAILED "))
                .map(line -> line.split(" ")[1])
                .collect(Collectors.toSet());
        assertThat(failed).isEqualTo(NOT_LOADED);
        assertThat(said().lines()).last().isEqualTo(run.passed() + " passed, " + run.failed() + " failed");
    }

    private Path corpus(String cases) throws IOException {
        Files.writeString(temp.resolve("manifest.json"), "{\"version\":1,\"cases\":[" + cases + "]}");
        return temp;
    }

    @Test
    void differencesArePrintedAndCounted() throws IOException {
        Files.writeString(temp.resolve("t.jinja"), "{{ x }}");
        Files.writeString(temp.resolve("data.json"), "{\"x\":\"out\"}");
        Files.writeString(temp.resolve("out.txt"), "out");
        String common =
                "\"kind\":\"templates\",\"level\":\"template\",\"path\":\"t.jinja\",\"render_with\":\"data.json\",";
        HostileRun run = run(corpus("{\"id\":\"a\"," + common + "\"expect\":\"accept\",\"expected\":\"out.txt\"},"
                + "{\"id\":\"b\"," + common + "\"expect\":\"refuse\",\"reason_contains\":[]},"
                + "{\"id\":\"c\"," + common + "\"expect\":\"refuse\",\"or_output\":\"out\"},"
                + "{\"id\":\"d\"," + common + "\"expect\":\"refuse\",\"or_output_without\":[\"OUT\"]},"
                + "{\"id\":\"e\",\"kind\":\"gguf\",\"level\":\"reader\",\"path\":\"t.gguf\",\"expect\":\"refuse\","
                + "\"reason_contains\":[\"truncated\",\"flux\"],\"recipe\":{\"parts\":[{\"utf8\":\"GGUF\"}]}},"
                + "{\"id\":\"f\",\"kind\":\"gguf\",\"level\":\"reader\",\"path\":\"t.gguf\",\"expect\":\"refuse\","
                + "\"reason_contains\":[\"TRUNCATED|flux\"],\"recipe\":{\"parts\":[{\"utf8\":\"GGUF\"}]}},"
                + "{\"id\":\"g\",\"kind\":\"http\",\"path\":\"x\",\"expect\":\"refuse\"}"));
        assertThat(run.passed()).isEqualTo(3);
        assertThat(run.failed()).isEqualTo(3);
        assertThat(said())
                .contains(
                        "FAILED b ",
                        "FAILED d ",
                        "FAILED e ",
                        "does not name [flux]",
                        "left out g",
                        "3 passed, 3 failed")
                .doesNotContain("FAILED a", "FAILED c", "FAILED f");
    }

    @Test
    void aCaseThatDoesNotEndIsCutOff() throws IOException {
        String slow =
                "{\"id\":\"slow\",\"kind\":\"gguf\",\"level\":\"reader\",\"path\":\"t.gguf\",\"expect\":\"refuse\","
                        + "\"max_seconds\":0.000001,\"recipe\":{\"parts\":[{\"utf8\":\"GGUF\"}]}}";
        assertThat(run(corpus(slow)).failed()).isEqualTo(1);
        assertThat(said()).contains("no verdict within");
    }

    @Test
    void recipesAreCarriedOut() throws IOException {
        Files.createDirectories(temp.resolve("m"));
        Files.writeString(temp.resolve("m/config.json"), "{}");
        String ops = "{\"op\":\"write\",\"at\":\"../outside.txt\",\"utf8\":\"o\"},"
                + "{\"op\":\"symlink\",\"at\":\"link\",\"to\":\"../outside.txt\"},"
                + "{\"op\":\"hardlink\",\"at\":\"hard\",\"to\":\"../outside.txt\"},"
                + "{\"op\":\"copy\",\"from\":\"m/config.json\",\"at\":\"copy.json\"},"
                + "{\"op\":\"fifo\",\"at\":\"pipe\"},"
                + "{\"op\":\"parts\",\"at\":\"big\",\"parts\":[{\"hex\":\"01\"},{\"repeat_hex\":\"00\",\"times\":9000000000},"
                + "{\"repeat_utf8\":\"ab\",\"times\":3},{\"counter\":\"%03d\",\"from\":0,\"to\":3,\"between\":\",\"}]}";
        HostileCase hostile = HostileCase.all(
                        corpus("{\"id\":\"x\",\"path\":\"m\",\"recipe\":{\"ops\":[" + ops + "]}}"))
                .getFirst();
        Path root = Files.createDirectory(temp.resolve("root"));
        Path folder = new Expansion(temp, root).path(hostile);
        assertThat(folder.resolve("config.json")).hasContent("{}");
        assertThat(folder.resolve("copy.json")).hasContent("{}");
        assertThat(Files.readSymbolicLink(folder.resolve("link"))).isEqualTo(Path.of("../outside.txt"));
        assertThat(Files.getAttribute(folder.resolve("hard"), "unix:nlink")).isEqualTo(2);
        assertThat(Files.isRegularFile(folder.resolve("pipe"), LinkOption.NOFOLLOW_LINKS))
                .isFalse();
        assertThat(folder.resolve("big")).hasSize(1 + 9_000_000_000L + 6 + 11);
        try (var file = Files.newByteChannel(folder.resolve("big"))) {
            file.position(9_000_000_001L);
            var end = java.nio.ByteBuffer.allocate(17);
            while (end.hasRemaining() && file.read(end) >= 0) end.position(end.position());
            assertThat(new String(end.array(), StandardCharsets.US_ASCII)).isEqualTo("ababab000,001,002");
        }
        HostileCase escaping = HostileCase.all(corpus("{\"id\":\"y\",\"path\":\"m\",\"recipe\":{\"ops\":["
                        + "{\"op\":\"write\",\"at\":\"../../../evil\",\"utf8\":\"o\"}]}}"))
                .getFirst();
        assertThatThrownBy(() -> new Expansion(temp, Files.createDirectory(temp.resolve("root2"))).path(escaping))
                .hasMessageContaining("leads out of its folder");
    }
}
