package dev.redoubt.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ExpertChoiceTest {
    private static FloatMatrix scores(Arena arena, float[]... rows) {
        FloatMatrix scores = FloatMatrix.allocate(rows.length, rows[0].length, arena);
        for (int r = 0; r < rows.length; r++) for (int e = 0; e < rows[r].length; e++) scores.set(r, e, rows[r][e]);
        return scores;
    }

    @Test
    void theBestAreChosenAndTheirWeightsAddUpToOneWhereNormalised() {
        try (Arena arena = Arena.ofShared();
                Compute compute = Compute.open("scalar", 1, 2, 64)) {
            FloatMatrix scores = scores(arena, new float[] {1, 3, 2, 0}, new float[] {2, 2, -1, 2});
            ExpertChoice normalised = new ExpertChoice(4, 2, true, 2);
            compute.chooseExperts(scores, 2, normalised);
            // Row 0 has 1 and 2; row 1 has 0 and 1, the lower ones of three equals.
            assertThat(new int[] {normalised.rows(0), normalised.rows(1), normalised.rows(2), normalised.rows(3)})
                    .containsExactly(1, 2, 1, 0);
            double e = Math.E;
            assertThat((double) normalised.weight(1, 0)).isCloseTo(e / (1 + e), within(1e-6));
            assertThat((double) normalised.weight(2, 0)).isCloseTo(1 / (1 + e), within(1e-6));
            assertThat(normalised.row(1, 1)).isEqualTo(1);
            assertThat(normalised.weight(1, 1)).isEqualTo(0.5f);
            ExpertChoice plain = new ExpertChoice(4, 2, false, 2);
            compute.chooseExperts(scores, 1, plain);
            double all = 1 + e + e * e + e * e * e;
            assertThat((double) plain.weight(1, 0)).isCloseTo(e * e * e / all, within(1e-6));
            assertThat((double) plain.weight(2, 0)).isCloseTo(e * e / all, within(1e-6));
        }
    }

    @Test
    void aScoreThatIsNoNumberSpoilsItsRowAndNoOther() {
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
            try (Arena arena = Arena.ofShared();
                    Compute compute = Compute.open("scalar", 1, 2, 64)) {
                FloatMatrix scores = scores(arena, new float[] {1, bad, 2, 0}, new float[] {3, 2, -1, 2});
                ExpertChoice choice = new ExpertChoice(4, 2, true, 2);
                compute.chooseExperts(scores, 2, choice);
                for (int expert = 0; expert < 4; expert++)
                    for (int i = 0; i < choice.rows(expert); i++) {
                        boolean spoilt = choice.row(expert, i) == 0;
                        assertThat(Float.isNaN(choice.weight(expert, i))).isEqualTo(spoilt);
                    }
            }
        }
    }

    @Test
    void V3_2_rowsThatExpertsComputeDoNotDependOnTheirCompany() {
        Random random = new Random(4);
        for (String provider : RowKernelsTest.providers()) {
            try (Arena arena = Arena.ofShared();
                    Compute compute = Compute.open(provider, 2, 37, 64)) {
                FloatMatrix scores = Samples.matrix(random, 37, 6, arena);
                FloatMatrix in = Samples.matrix(random, 37, 20, arena);
                FloatMatrix together = sumOfExperts(compute, in, scores, 37, arena);
                for (int row = 0; row < 37; row++) {
                    FloatMatrix one = FloatMatrix.allocate(1, 20, arena);
                    FloatMatrix oneScores = FloatMatrix.allocate(1, 6, arena);
                    compute.gatherRows(in, new int[] {row}, 1, one);
                    compute.gatherRows(scores, new int[] {row}, 1, oneScores);
                    FloatMatrix alone = sumOfExperts(compute, one, oneScores, 1, arena);
                    for (int c = 0; c < 20; c++)
                        assertThat(together.get(row, c)).as(provider).isEqualTo(alone.get(0, c));
                }
            }
        }
    }

    /// As experts that return their input times one more than their number.
    private static FloatMatrix sumOfExperts(
            Compute compute, FloatMatrix in, FloatMatrix scores, int rows, Arena arena) {
        FloatMatrix out = FloatMatrix.allocate(in.rows(), in.columns(), arena);
        FloatMatrix gathered = FloatMatrix.allocate(in.rows(), in.columns(), arena);
        ExpertChoice choice = new ExpertChoice(6, 3, true, rows);
        compute.chooseExperts(scores, rows, choice);
        for (int expert = 0; expert < 6; expert++) {
            compute.gatherRows(in, choice, expert, gathered);
            for (int r = 0; r < choice.rows(expert); r++)
                for (int c = 0; c < in.columns(); c++) gathered.set(r, c, gathered.get(r, c) * (expert + 1));
            compute.addWeighted(gathered, choice, expert, out);
        }
        return out;
    }

    @Test
    void moreExpertsThanThereAreAreRefused() {
        assertThatThrownBy(() -> new ExpertChoice(4, 5, true, 1)).hasMessage("5 experts of 4, allowed is 1 to all");
    }
}
