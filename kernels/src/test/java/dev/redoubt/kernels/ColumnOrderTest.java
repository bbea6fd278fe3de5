package dev.redoubt.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.kernels.Compute.Projection;
import java.lang.foreign.Arena;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ColumnOrderTest {
    static java.util.List<String> providers() {
        return Providers.present();
    }

    @ParameterizedTest
    @MethodSource("providers")
    void matricesOfAnyOrdersShareACallAndEqualProductsOfGatheredInputs(String provider) {
        Random random = new Random(11);
        int[][] orders = {shuffled(random, 96), shuffled(random, 192)}; // the second one takes every feature twice
        for (int k = 0; k < 192; k++) orders[1][k] %= 96;
        try (Arena arena = Arena.ofShared();
                Compute compute = Compute.open(provider, 2, 9, 192)) {
            FloatMatrix in = Samples.skewed(random, 9, 96, arena);
            WeightMatrix plain = weights(random, 96, arena);
            WeightMatrix first = weights(random, 96, arena);
            WeightMatrix alsoFirst = weights(random, 96, arena);
            WeightMatrix second = weights(random, 192, arena);
            ColumnOrder shuffled = new ColumnOrder(96, orders[0]);
            for (int rows : new int[] {1, 9}) {
                FloatMatrix[] out = new FloatMatrix[4];
                for (int i = 0; i < 4; i++) out[i] = FloatMatrix.allocate(9, 40, arena);
                compute.matmul(
                        in,
                        rows,
                        Projection.into(first.ordered(shuffled), out[0]),
                        Projection.into(plain, out[1]),
                        Projection.into(second.ordered(new ColumnOrder(96, orders[1])), out[2]),
                        Projection.addedTo(alsoFirst.ordered(shuffled), out[3]));
                assertThat(difference(compute, first, gathered(in, orders[0], arena), rows, out[0], arena))
                        .isEmpty();
                assertThat(difference(compute, plain, in, rows, out[1], arena)).isEmpty();
                assertThat(difference(compute, second, gathered(in, orders[1], arena), rows, out[2], arena))
                        .isEmpty();
                assertThat(difference(compute, alsoFirst, gathered(in, orders[0], arena), rows, out[3], arena))
                        .isEmpty();
            }
        }
    }

    @Test
    void R4_2_gatheredInputsCountFromTheStart() {
        try (Arena arena = Arena.ofShared();
                Compute compute = Compute.open("scalar", 1, 4, 96)) {
            Random random = new Random(1);
            WeightMatrix ordered = weights(random, 96, arena).ordered(new ColumnOrder(96, new int[96]));
            long before = compute.bytes();
            compute.prepare(ordered);
            assertThat(compute.bytes()).isEqualTo(before + 4 * 4 * 96);
            FloatMatrix in = Samples.skewed(random, 4, 96, arena);
            compute.matmul(in, 4, Projection.into(ordered, FloatMatrix.allocate(4, 40, arena)));
            assertThat(compute.bytes()).isEqualTo(before + 4 * 4 * 96);
        }
    }

    @Test
    void whatDoesNotFitIsRefused() {
        try (Arena arena = Arena.ofShared();
                Compute compute = Compute.open("scalar", 1, 2, 96)) {
            WeightMatrix weights = weights(new Random(1), 96, arena);
            assertThatThrownBy(() -> new ColumnOrder(96, new int[] {96})).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> weights.ordered(new ColumnOrder(96, new int[64])))
                    .hasMessageContaining("64 columns, the matrix has 96");
            WeightMatrix ordered = weights.ordered(new ColumnOrder(128, new int[96]));
            assertThat(ordered.inputColumns()).isEqualTo(128);
            FloatMatrix out = FloatMatrix.allocate(2, 96, arena);
            assertThatThrownBy(() -> compute.embed(ordered, new int[] {0}, 1, out))
                    .hasMessageContaining("order of their own");
        }
    }

    private static String difference(
            Compute compute, WeightMatrix weights, FloatMatrix in, int rows, FloatMatrix actual, Arena arena) {
        FloatMatrix expected = FloatMatrix.allocate(9, 40, arena);
        compute.matmul(in, rows, Projection.into(weights, expected));
        return Samples.difference(actual, expected);
    }

    private static WeightMatrix weights(Random random, int columns, Arena arena) {
        return WeightMatrix.of(
                WeightFormat.Q4_1, 40, columns, Samples.file(random, WeightFormat.Q4_1, 40, columns, arena), arena);
    }

    private static FloatMatrix gathered(FloatMatrix in, int[] order, Arena arena) {
        FloatMatrix out = FloatMatrix.allocate(in.rows(), order.length, arena);
        for (int row = 0; row < in.rows(); row++)
            for (int k = 0; k < order.length; k++) out.set(row, k, in.get(row, order[k]));
        return out;
    }

    private static int[] shuffled(Random random, int count) {
        int[] order = new int[count];
        for (int i = 0; i < count; i++) {
            int other = random.nextInt(i + 1);
            order[i] = order[other];
            order[other] = i;
        }
        return order;
    }
}
