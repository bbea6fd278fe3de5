package dev.redoubt.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The bits do not depend on how wide vectors are. The width is a constant of a process, so other widths get a
/// process of their own.
class VectorWidthTest {
    @Test
    void thisProcessGivesTheReferencesBits() {
        assertThat(BitsOfThisMachine.checksum("vector")).isEqualTo(BitsOfThisMachine.checksum("scalar"));
    }

    @ParameterizedTest
    @ValueSource(ints = {16, 32})
    void narrowerVectorsGiveTheReferencesBits(int bytes) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx256m",
                        "-XX:MaxVectorSize=" + bytes,
                        "--module-path",
                        Path.of("target", "classes").toString(),
                        "--patch-module",
                        "dev.redoubt.kernels=" + Path.of("target", "test-classes"),
                        "--enable-native-access=dev.redoubt.kernels",
                        "-m",
                        "dev.redoubt.kernels/dev.redoubt.kernels.BitsOfThisMachine")
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        String[] lanesAndSum = output.strip().split(" ", 2);
        assertThat(Integer.parseInt(lanesAndSum[0])).isLessThanOrEqualTo(bytes / 4);
        assertThat(lanesAndSum[1]).isEqualTo(Long.toHexString(BitsOfThisMachine.checksum("scalar")));
    }
}
