package dev.redoubt.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import dev.redoubt.kernels.Compute;
import dev.redoubt.kernels.KvFormat;
import dev.redoubt.kernels.KvMemory;
import dev.redoubt.trust.ModelPath;
import dev.redoubt.trust.VerifiedArtifact;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A forward pass makes no garbage, whatever its layers are.
class FamiliesAllocationTest {
    private static final int ROUNDS_MAX = 60;
    private static final int STEPS = 40;

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"gemma2", "gemma3", "qwen2", "qwen3-moe", "olmo2"})
    void aStepAllocatesNothing(String family) throws IOException {
        VerifiedArtifact artifact =
                ModelPath.open(Families.with(family, Families.config(family), folder.resolve(family)));
        try (Compute compute =
                        Compute.open("auto", 1, 4, Models.describe(artifact).widestInput());
                Model model = Models.load(artifact, compute, 4, 64);
                KvMemory kv = KvMemory.map(model.kvLayout(KvFormat.F16), 16)) {
            assumeTrue(compute.description().contains("native"), "native kernels are not there");
            StepBatch step = new StepBatch(4, 4);
            step.attention.rows = 4;
            step.attention.sequences = 4;
            step.logitRowCount = 4;
            for (int i = 0; i < 4; i++) {
                step.attention.blockTable[i] = new int[] {4 * i, 4 * i + 1, 4 * i + 2, 4 * i + 3};
                step.attention.sequence[i] = i;
                step.logitRows[i] = i;
            }
            long least = Long.MAX_VALUE;
            for (int round = 0; round < ROUNDS_MAX && least > 0; round++)
                least = Math.min(least, bytesOfOneRound(model, step, kv));
            assertThat(least).as("bytes in %d steps", STEPS).isZero();
        }
    }

    private static long bytesOfOneRound(Model model, StepBatch step, KvMemory kv) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int position = 0; position < STEPS; position++) {
            for (int i = 0; i < 4; i++) {
                step.attention.position[i] = position;
                step.tokenIds[i] = (position * 37 + i * 11) % 384;
            }
            model.forward(step, kv, (first, logits, rows) -> {});
        }
        return threads.getCurrentThreadAllocatedBytes() - before;
    }
}
