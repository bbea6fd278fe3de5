package dev.redoubt.serve.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WorkerJvmTest {
    @TempDir
    private Path folder;

    @Test
    void theModulesAreThoseOfItsReleaseFile() throws IOException {
        assertThat(WorkerJvm.own().modules()).contains("java.base", "java.desktop");
        assertThat(WorkerJvm.at(folder, Optional.empty()).modules()).isEmpty();
        Files.writeString(folder.resolve("release"), "JAVA_VERSION=\"25\"\nMODULES=\"java.base java.sql\"\n");
        assertThat(WorkerJvm.at(folder, Optional.empty()).modules()).containsExactlyInAnyOrder("java.base", "java.sql");
    }

    @Test
    void anArchiveIsUsedAsSoonAsItIsThere() throws IOException {
        Path archive = folder.resolve("archive");
        WorkerJvm jvm = WorkerJvm.at(folder, Optional.of(archive));
        assertThat(jvm.options(folder, false)).isEmpty();
        Files.writeString(archive, "classes");
        assertThat(jvm.options(folder, false)).contains("-XX:SharedArchiveFile=" + archive);
        assertThat(jvm.options(folder, true)).contains("-XX:SharedArchiveFile=" + archive);
        assertThat(WorkerJvm.own().options(folder, false)).isEmpty();
    }

    /// A JVM that has recorded what it loads, and one that starts from what was made of it.
    @Test
    void whatAWorkerRecordsBecomesAnArchive() throws Exception {
        Path archive = folder.resolve("archive");
        Path worker = Files.createDirectory(folder.resolve("worker"));
        WorkerJvm jvm = WorkerJvm.own().recordingFor(archive);
        assertThat(jvm.options(worker, true)).isEmpty(); // one that only describes loads less
        List<String> recording = command(jvm.options(worker, false));
        assertThat(new ProcessBuilder(recording)
                        .redirectErrorStream(true)
                        .redirectOutput(folder.resolve("said").toFile())
                        .start()
                        .waitFor())
                .isZero();
        jvm.keep(worker);
        assertThat(worker).isEmptyDirectory();
        List<String> using = command(List.of("-Xshare:on", "-XX:SharedArchiveFile=" + archive)); // or it does not start
        assertThat(new ProcessBuilder(using)
                        .redirectErrorStream(true)
                        .redirectOutput(folder.resolve("said").toFile())
                        .start()
                        .waitFor())
                .isZero();
    }

    private static List<String> command(List<String> options) {
        List<String> command = new java.util.ArrayList<>();
        command.add(WorkerJvm.own().home().resolve("bin/java").toString());
        command.addAll(options);
        command.addAll(List.of("-XX:+UseSerialGC", "-version"));
        return command;
    }

    @Test
    void withoutARecordingThereIsNoArchive() throws Exception {
        Path archive = folder.resolve("archive");
        WorkerJvm.own().recordingFor(archive).keep(folder);
        assertThat(archive).doesNotExist();
    }
}
