package dev.redoubt.engine.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.kernels.Compute;
import dev.redoubt.kernels.KvFormat;
import dev.redoubt.kernels.KvMemory;
import dev.redoubt.kernels.Providers;
import dev.redoubt.trust.ModelPath;
import dev.redoubt.trust.VerifiedArtifact;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/// V3.2 for every family: a row's logits are the same bits alone and in any company, chunk, provider and number of
/// threads. A failing schedule replays with `-Dredoubt.seed=N`.
class FamiliesNonInterferenceTest {
    private static final int[] LENGTHS = {1, 5, 40, 90};
    private static final int ROWS_MAX = 64;
    private static final int CONTEXT_TOKENS_MAX = 112;
    static final List<String> FAMILIES = Families.ALL;

    @TempDir
    Path folder;

    @ParameterizedTest
    @FieldSource("FAMILIES")
    void V3_2_logitsAreTheSameBitsAloneAndInAnyCompany(String family) throws IOException {
        long seed = Long.getLong("redoubt.seed", 20260101L);
        Path path = Families.with(family, Families.config(family), folder.resolve(family));
        int[][] ids = new int[LENGTHS.length][];
        float[][][] alone = new float[LENGTHS.length][][];
        try (PromptRunner runner = PromptRunner.open(path, "scalar", 1, CONTEXT_TOKENS_MAX, 1)) {
            int vocabulary = runner.model().spec().vocabularySize();
            for (int i = 0; i < ids.length; i++) {
                ids[i] = new Random(seed + i).ints(LENGTHS[i], 0, vocabulary).toArray();
                alone[i] = runner.logits(ids[i]);
            }
        }
        for (String provider : Providers.present())
            for (int threads = provider.equals("scalar") ? 2 : 1; threads <= 2; threads++) {
                float[][][] together = together(path, provider, threads, ids, new Random(seed));
                for (int i = 0; i < ids.length; i++)
                    assertThat(Arrays.deepEquals(together[i], alone[i]))
                            .as("sequence %d of %s, %s, %d threads, seed %d", i, family, provider, threads, seed)
                            .isTrue();
            }
    }

    /// All sequences at once, in chunks of random sizes, in blocks that lie anywhere.
    private static float[][][] together(Path path, String provider, int threads, int[][] ids, Random random) {
        VerifiedArtifact artifact = ModelPath.open(path);
        float[][][] result = new float[ids.length][][];
        try (Compute compute = Compute.open(
                        provider, threads, ROWS_MAX, Models.describe(artifact).widestInput());
                Model model = Models.load(artifact, compute, ROWS_MAX, CONTEXT_TOKENS_MAX);
                KvMemory kv = KvMemory.map(model.kvLayout(KvFormat.F32), 8 * ids.length)) {
            StepBatch step = new StepBatch(ROWS_MAX, ids.length);
            int[] done = new int[ids.length];
            for (int i = 0; i < ids.length; i++) {
                result[i] = new float[ids[i].length][];
                step.attention.blockTable[i] = new int[8];
                for (int b = 0; b < 8; b++) step.attention.blockTable[i][b] = b * ids.length + i;
            }
            step.attention.sequences = ids.length;
            while (fill(step, ids, done, random)) {
                List<int[]> rows = new ArrayList<>();
                for (int row = 0; row < step.attention.rows; row++)
                    rows.add(new int[] {step.attention.sequence[row], step.attention.position[row]});
                model.forward(step, kv, (first, logits, count) -> {
                    for (int r = 0; r < count; r++) {
                        float[] values = new float[logits.columns()];
                        for (int c = 0; c < values.length; c++) values[c] = logits.get(r, c);
                        int[] at = rows.get(first + r);
                        result[at[0]][at[1]] = values;
                    }
                });
            }
        }
        return result;
    }

    /// @return whether there was anything left
    private static boolean fill(StepBatch step, int[][] ids, int[] done, Random random) {
        int rows = 0;
        for (int i = 0; i < ids.length; i++) {
            int left = Math.min(ids[i].length - done[i], ROWS_MAX - rows);
            int count = left == 0 ? 0 : random.nextInt(Math.min(left, 20) + 1);
            for (int c = 0; c < count; c++, rows++) {
                step.attention.sequence[rows] = i;
                step.attention.position[rows] = done[i];
                step.tokenIds[rows] = ids[i][done[i]++];
                step.logitRows[rows] = rows;
            }
        }
        step.attention.rows = rows;
        step.logitRowCount = rows;
        if (rows > 0) return true;
        for (int i = 0; i < ids.length; i++) if (done[i] < ids[i].length) return fill(step, ids, done, random);
        return false;
    }
}
