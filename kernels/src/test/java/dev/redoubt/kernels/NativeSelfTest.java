package dev.redoubt.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The C side by itself.
class NativeSelfTest {
    @TempDir
    private Path folder;

    @Test
    void nothingIsReadOrWrittenPastABuffer() throws IOException, InterruptedException {
        assumeTrue(
                NativeLibrary.find() instanceof NativeLibrary.Found.Present,
                () -> "skipped: no native kernels here: " + Providers.nativeKernels());
        Process process = new ProcessBuilder(
                        Path.of("src/main/native/build.sh").toAbsolutePath().toString(),
                        folder.resolve("out").toString(),
                        folder.resolve("cache").toString(),
                        "selftest")
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        assertThat(output).contains("avx2: ");
    }

    @Test
    void anInstructionSetThatIsNotHereIsRefusedByName() {
        assumeTrue(NativeLibrary.find() instanceof NativeLibrary.Found.Present);
        assertThatThrownBy(() -> Compute.open("native-mmx", 1, 1, 32))
                .hasMessageStartingWith("kernel provider 'native-mmx', this machine has native-");
    }

    @Test
    void theFeaturesOfAProcessorAreItsSetsTheBestFirst() {
        assertThat(InstructionSet.of(0)).isEmpty();
        assertThat(InstructionSet.of(1)).containsExactly(InstructionSet.AVX2);
        assertThat(InstructionSet.of(31))
                .containsExactly(
                        InstructionSet.AMX,
                        InstructionSet.AVX512BF16,
                        InstructionSet.AVX512,
                        InstructionSet.AVXVNNI,
                        InstructionSet.AVX2);
    }
}
