package dev.redoubt.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

final class QuantizerTest {
    private static final int COLUMNS = 512;

    private static double[] roundTrip(WeightFormat format, float[] row) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(format.bytes(1, row.length) + 1);
            new Quantizer(format).quantize(row, 0, row.length, out, 1); // at an odd address, as in a file
            double[] back = new double[row.length];
            for (int i = 0; i < row.length; i++) {
                long block = 1 + (long) i / format.blockWeights() * format.blockBytes();
                back[i] = new GgufWeights(out, block).weight(format, i % format.blockWeights());
            }
            return back;
        }
    }

    private static double error(float[] row, double[] back) {
        double miss = 0;
        double all = 0;
        for (int i = 0; i < row.length; i++) {
            miss += (back[i] - row[i]) * (back[i] - row[i]);
            all += (double) row[i] * row[i];
        }
        return Math.sqrt(miss / all);
    }

    private static float[] gaussian(long seed) {
        Random random = new Random(seed);
        float[] row = new float[COLUMNS];
        for (int i = 0; i < COLUMNS; i++) row[i] = (float) (0.02 * random.nextGaussian());
        return row;
    }

    /// Root mean square of what is lost, as a share of that of the weights: a little over what a search through all
    /// scales would leave.
    @ParameterizedTest
    @CsvSource({
        "Q8_0, 0.006",
        "Q6_K, 0.020",
        "Q5_1, 0.037",
        "Q5_K, 0.040",
        "Q5_0, 0.046",
        "Q4_1, 0.079",
        "Q4_K, 0.082",
        "Q4_0, 0.092",
        "Q3_K, 0.17",
        "Q2_K, 0.34"
    })
    void gaussianWeightsLoseLittle(WeightFormat format, double most) {
        for (int seed = 0; seed < 20; seed++) {
            float[] row = gaussian(seed);
            double error = error(row, roundTrip(format, row));
            assertThat(error).isBetween(most / 4, most);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = WeightFormat.class,
            names = {"Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"})
    void whatIsZeroStaysZero(WeightFormat format) {
        assertThat(roundTrip(format, new float[COLUMNS])).containsOnly(0);
        float[] half = gaussian(1);
        Arrays.fill(half, 0, 256, 0);
        assertThat(Arrays.copyOf(roundTrip(format, half), 256)).containsOnly(0);
    }

    @ParameterizedTest
    @EnumSource(
            value = WeightFormat.class,
            names = {"Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"})
    void oneNumberIsKept(WeightFormat format) {
        for (float number : new float[] {0.5f, -0.5f, 0.01f, -3000}) {
            float[] row = new float[COLUMNS];
            Arrays.fill(row, number);
            double[] back = roundTrip(format, row);
            assertThat(error(row, back)).as("%s of %s", number, format).isLessThan(0.02);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = WeightFormat.class,
            names = {"Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"})
    void largeWeightsStayFinite(WeightFormat format) {
        float[] row = gaussian(3);
        row[17] = 3e30f;
        row[300] = -3e30f;
        for (double value : roundTrip(format, row)) assertThat(value).isFinite();
    }

    @Test
    void whatIsNoWholeBlockIsRefused() {
        Quantizer quantizer = new Quantizer(WeightFormat.Q4_K);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> quantizer.quantize(new float[300], 0, 300, MemorySegment.NULL, 0))
                .withMessage("300 weights of a row, Q4_K takes a multiple of 256");
        assertThatIllegalArgumentException().isThrownBy(() -> new Quantizer(WeightFormat.F16));
        assertThatIllegalArgumentException().isThrownBy(() -> new Quantizer(WeightFormat.IQ4_NL));
    }
}
