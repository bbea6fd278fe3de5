package dev.redoubt.audit;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Functions that nothing calls.
class UncalledTest {
    @TempDir
    private Path folder;

    private List<String> found(Path named) throws InterruptedException {
        return new Audit(Level.WARNING, Set.of())
                .run(List.of(named)).findings().stream()
                        .map(finding -> finding.check().id())
                        .toList();
    }

    private static final String PROGRAM = """
            import torch
            import uvicorn
            from fastapi import FastAPI

            app = FastAPI()


            def listen_everywhere():
                uvicorn.run(app, host="0.0.0.0")
            """;

    @Test
    void whatAFunctionDoesThatNothingCallsIsANote() throws Exception {
        Path file = folder.resolve("server.py");
        Files.writeString(file, PROGRAM);
        assertThat(found(folder)).isEmpty();
        assertThat(found(file)).as("whatever calls it may lie elsewhere").contains("R1.2/public-bind");
        Files.writeString(folder.resolve("start.sh"), "python -c 'import server; server.listen_everywhere()'\n");
        assertThat(found(folder)).contains("R1.2/public-bind");
    }

    @Test
    void whatAFrameworkMayCallIsNot() throws Exception {
        Path file = folder.resolve("server.py");
        Files.writeString(file, PROGRAM.replace("listen_everywhere", "main"));
        assertThat(found(folder)).contains("R1.2/public-bind");
        Files.writeString(file, PROGRAM.replace("def listen", "@app.on_event('startup')\ndef listen"));
        assertThat(found(folder)).contains("R1.2/public-bind");
        String method = PROGRAM.replace(
                "def listen_everywhere():\n    ", "class Server(Base):\n    def listen_everywhere(self):\n        ");
        Files.writeString(file, method);
        assertThat(found(folder)).contains("R1.2/public-bind");
        Files.writeString(file, method.replace("(Base)", ""));
        assertThat(found(folder)).isEmpty();
    }

    @Test
    void theSameOfAFunctionOfAShell() throws Exception {
        Path file = folder.resolve("start.sh");
        String script = """
                start_ray() {
                  ray start --head --dashboard-host=0.0.0.0
                }
                echo ready
                """;
        Files.writeString(file, script);
        assertThat(found(folder)).isEmpty();
        Files.writeString(file, script + "start_ray\n");
        assertThat(found(folder)).contains("R1.2/public-dashboard");
    }

    @Test
    void namesThatStandInTwoFilesStandTwice() {
        Words one = new Words();
        one.add("alpha beta beta _gamma");
        Words two = new Words();
        two.add("alpha delta");
        assertThat(one.isOnce("alpha")).isTrue();
        assertThat(one.isOnce("beta")).isFalse();
        one.add(two);
        assertThat(one.isOnce("alpha")).isFalse();
        assertThat(one.isOnce("_gamma")).isTrue();
        assertThat(one.isOnce("delta")).isTrue();
    }
}
