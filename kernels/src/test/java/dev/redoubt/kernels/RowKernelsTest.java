package dev.redoubt.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class RowKernelsTest {
    @Test
    void expIsWithinTwoUlpsAndSafeAtTheEdges() {
        for (float x = -87.3f; x < 88.3f; x += 0.0137f) {
            double expected = Math.exp(x);
            assertThat(Math.abs(Numbers.exp(x) - expected)).isLessThan(2 * Math.ulp((float) expected));
        }
        assertThat(Numbers.exp(0)).isEqualTo(1);
        assertThat(Numbers.exp(Float.NEGATIVE_INFINITY)).isZero();
        assertThat(Numbers.exp(-1e30f)).isZero();
        assertThat(Numbers.exp(1e30f)).isInfinite();
        assertThat(Numbers.exp(Float.NaN)).isNaN();
        assertThat(Numbers.exp(88.376f)).isFinite();
        assertThat(Numbers.exp(-87.336f)).isGreaterThanOrEqualTo(Float.MIN_NORMAL);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 15, 16, 17, 64, 172, 577, 1536})
    void everyProviderEqualsScalarToTheBit(int columns) {
        for (String provider : Providers.fast()) compareProviders(provider, columns);
    }

    private static void compareProviders(String provider, int columns) {
        Random random = new Random(columns);
        for (int threads = 1; threads <= 3; threads++) {
            try (Arena arena = Arena.ofShared();
                    Compute scalar = Compute.open("scalar", 1, 33, columns);
                    Compute vector = Compute.open(provider, threads, 33, columns)) {
                FloatMatrix in = Samples.matrix(random, 33, columns, arena);
                FloatMatrix up = Samples.matrix(random, 33, columns, arena);
                for (int i = 0; i < columns; i++) in.set(1, i, in.get(1, i) * 80);
                FloatMatrix weight = Samples.matrix(random, 1, columns, arena);
                FloatMatrix expected = FloatMatrix.allocate(33, columns, arena);
                FloatMatrix actual = FloatMatrix.allocate(33, columns, arena);
                scalar.rmsNorm(in, 33, weight, 1e-5f, expected);
                vector.rmsNorm(in, 33, weight, 1e-5f, actual);
                assertThat(Samples.difference(actual, expected)).isEmpty();

                FloatMatrix bias = Samples.matrix(random, 1, columns, arena);
                scalar.layerNorm(in, 33, weight, bias, 1e-12f, expected);
                vector.layerNorm(in, 33, weight, bias, 1e-12f, actual);
                assertThat(Samples.difference(actual, expected)).isEmpty();
                scalar.gelu(expected, 33);
                vector.gelu(actual, 33);
                assertThat(Samples.difference(actual, expected)).isEmpty();

                float[] sums = new float[33];
                float[] vectorSums = new float[33];
                int[] largest = new int[33];
                int[] vectorLargest = new int[33];
                Samples.logSumExp(scalar, in, 33, sums, largest);
                Samples.logSumExp(vector, in, 33, vectorSums, vectorLargest);
                assertThat(vectorSums).isEqualTo(sums);
                assertThat(vectorLargest).isEqualTo(largest);

                FloatMatrix powers = FloatMatrix.allocate(33, columns, arena);
                FloatMatrix vectorPowers = FloatMatrix.allocate(33, columns, arena);
                for (int row = 0; row < 33; row++) {
                    float max = in.get(row, largest[row]);
                    scalar.exponentials(in, row, max, 1.25f + row, powers, row);
                    vector.exponentials(in, row, max, 1.25f + row, vectorPowers, row);
                }
                assertThat(Samples.difference(vectorPowers, powers)).isEmpty();

                FloatMatrix gate = Samples.copy(in, arena);
                FloatMatrix vectorGate = Samples.copy(in, arena);
                for (GateFunction function : GateFunction.values()) {
                    scalar.activate(function, gate, up, 33);
                    vector.activate(function, vectorGate, up, 33);
                    assertThat(Samples.difference(vectorGate, gate)).isEmpty();
                }
                for (Compute compute : List.of(scalar, vector)) {
                    FloatMatrix sum = compute == scalar ? gate : vectorGate;
                    compute.add(in, 33, sum);
                    compute.addBias(weight, 33, sum);
                    compute.softCap(sum, 33, 1.7f);
                }
                assertThat(Samples.difference(vectorGate, gate)).isEmpty();
                for (int heads = 2; heads <= 4; heads++) {
                    if (columns % heads != 0) continue;
                    FloatMatrix headWeight = Samples.matrix(random, 1, columns / heads, arena);
                    scalar.rmsNormHeads(gate, 33, heads, headWeight, 1e-5f);
                    vector.rmsNormHeads(vectorGate, 33, heads, headWeight, 1e-5f);
                    assertThat(Samples.difference(vectorGate, gate)).isEmpty();
                }
            }
        }
    }

    @Test
    void scalarIsCloseToIndependentFormulas() {
        Random random = new Random(9);
        try (Arena arena = Arena.ofShared();
                Compute compute = Compute.open("scalar", 1, 4, 64)) {
            FloatMatrix in = Samples.matrix(random, 4, 50, arena);
            FloatMatrix weight = Samples.matrix(random, 1, 50, arena);
            FloatMatrix out = FloatMatrix.allocate(4, 50, arena);
            compute.rmsNorm(in, 4, weight, 1e-5f, out);
            float[] sums = new float[4];
            int[] largest = new int[4];
            Samples.logSumExp(compute, in, 4, sums, largest);
            FloatMatrix powers = FloatMatrix.allocate(1, 50, arena);
            compute.exponentials(in, 2, in.get(2, largest[2]), 0.5f, powers, 0);
            for (int i = 0; i < 50; i++)
                assertThat((double) powers.get(0, i))
                        .isCloseTo(Math.exp((in.get(2, i) - in.get(2, largest[2])) * 0.5), within(1e-6));
            FloatMatrix gate = Samples.copy(in, arena);
            compute.activate(GateFunction.SILU, gate, out, 4);
            for (int r = 0; r < 4; r++) {
                double squares = 0;
                double exponentials = 0;
                for (int i = 0; i < 50; i++) {
                    squares += (double) in.get(r, i) * in.get(r, i);
                    exponentials += Math.exp(in.get(r, i));
                }
                double rms = Math.sqrt(squares / 50 + 1e-5);
                assertThat((double) sums[r]).isCloseTo(Math.log(exponentials), within(1e-5));
                for (int i = 0; i < 50; i++) {
                    assertThat((double) out.get(r, i)).isCloseTo(in.get(r, i) / rms * weight.get(0, i), within(1e-5));
                    double silu = in.get(r, i) / (1 + Math.exp(-in.get(r, i)));
                    assertThat((double) gate.get(r, i)).isCloseTo(silu * out.get(r, i), within(1e-5));
                    assertThat(in.get(r, i)).isLessThanOrEqualTo(in.get(r, largest[r]));
                }
            }
        }
    }

    @Test
    void geluIsWithinItsBound() {
        for (float x = -13; x <= 13; x += 0.00037f) {
            double exact = x * upperTail(-x);
            assertThat(Math.abs(Numbers.gelu(x) - exact)).isLessThanOrEqualTo(2e-7 * Math.abs(x));
            if (x > -5 && x < 0) assertThat(Numbers.gelu(x) / exact).isCloseTo(1, within(8e-7));
        }
        assertThat(Numbers.gelu(0)).isZero();
        assertThat(Numbers.gelu(-0.0f)).isZero();
        assertThat(Numbers.gelu(1e30f)).isEqualTo(1e30f);
        assertThat(Numbers.gelu(-1e30f)).isZero();
        assertThat(Numbers.gelu(Float.NaN)).isNaN();
        assertThat(Numbers.gelu(Float.POSITIVE_INFINITY)).isNaN();
    }

    /// 1 - Φ(x): the series around 0, the continued fraction further out.
    private static double upperTail(double x) {
        if (x < 0) return 1 - upperTail(-x);
        double density = Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
        if (x < 3) {
            double term = x;
            double sum = x;
            for (int k = 1; k < 60; k++) {
                term *= x * x / (2 * k + 1);
                sum += term;
            }
            return 0.5 - density * sum;
        }
        double fraction = x;
        for (int k = 120; k > 0; k--) fraction = x + k / fraction;
        return density / fraction;
    }

    @Test
    void layerNormIsCloseToAnIndependentFormula() {
        Random random = new Random(12);
        try (Arena arena = Arena.ofShared();
                Compute compute = Compute.open("scalar", 1, 3, 64)) {
            FloatMatrix x = Samples.matrix(random, 3, 50, arena);
            FloatMatrix weight = Samples.matrix(random, 1, 50, arena);
            FloatMatrix bias = Samples.matrix(random, 1, 50, arena);
            FloatMatrix out = FloatMatrix.allocate(3, 50, arena);
            compute.layerNorm(x, 3, weight, bias, 1e-3f, out);
            for (int r = 0; r < 3; r++) {
                double mean = 0;
                for (int i = 0; i < 50; i++) mean += x.get(r, i) / 50.0;
                double variance = 0;
                for (int i = 0; i < 50; i++) variance += (x.get(r, i) - mean) * (x.get(r, i) - mean) / 50.0;
                for (int i = 0; i < 50; i++)
                    assertThat((double) out.get(r, i))
                            .isCloseTo(
                                    (x.get(r, i) - mean) / Math.sqrt(variance + 1e-3) * weight.get(0, i)
                                            + bias.get(0, i),
                                    within(1e-5));
            }
        }
    }

    @Test
    void gateFunctionsSumsCapsAndHeadNormsAreCloseToIndependentFormulas() {
        Random random = new Random(10);
        try (Arena arena = Arena.ofShared();
                Compute compute = Compute.open("scalar", 1, 4, 64)) {
            FloatMatrix in = Samples.matrix(random, 4, 48, arena);
            FloatMatrix up = Samples.matrix(random, 4, 48, arena);
            FloatMatrix weight = Samples.matrix(random, 1, 16, arena);
            FloatMatrix gelu = Samples.copy(in, arena);
            compute.activate(GateFunction.GELU_TANH, gelu, up, 4);
            FloatMatrix capped = Samples.copy(in, arena);
            compute.softCap(capped, 4, 0.5f);
            FloatMatrix sum = Samples.copy(in, arena);
            compute.add(up, 4, sum);
            compute.scale(sum, 4, 3);
            FloatMatrix heads = Samples.copy(in, arena);
            compute.rmsNormHeads(heads, 4, 3, weight, 1e-5f);
            for (int r = 0; r < 4; r++) {
                for (int i = 0; i < 48; i++) {
                    double x = in.get(r, i);
                    double tanh = Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x));
                    assertThat((double) gelu.get(r, i)).isCloseTo(0.5 * x * (1 + tanh) * up.get(r, i), within(1e-6));
                    assertThat((double) capped.get(r, i)).isCloseTo(0.5 * Math.tanh(x / 0.5), within(1e-6));
                    assertThat(sum.get(r, i)).isEqualTo((in.get(r, i) + up.get(r, i)) * 3);
                    double squares = 0;
                    for (int j = i / 16 * 16; j < i / 16 * 16 + 16; j++)
                        squares += (double) in.get(r, j) * in.get(r, j);
                    double norm = x / Math.sqrt(squares / 16 + 1e-5) * weight.get(0, i % 16);
                    assertThat((double) heads.get(r, i)).isCloseTo(norm, within(1e-5));
                }
            }
        }
    }

    @Test
    void gateFunctionsAndCapsAreSafeAtTheEdges() {
        assertThat(Numbers.softCap(Float.POSITIVE_INFINITY, 30)).isEqualTo(30);
        assertThat(Numbers.softCap(-1e30f, 30)).isEqualTo(-30);
        assertThat(Numbers.softCap(0, 30)).isZero();
        assertThat(Numbers.softCap(Float.NaN, 30)).isNaN();
        try (Arena arena = Arena.ofShared();
                Compute compute = Compute.open("scalar", 1, 1, 64)) {
            FloatMatrix gate = FloatMatrix.allocate(1, 3, arena);
            FloatMatrix up = FloatMatrix.allocate(1, 3, arena);
            for (int i = 0; i < 3; i++) up.set(0, i, 1);
            gate.set(0, 0, 1e30f);
            gate.set(0, 1, -1e30f);
            gate.set(0, 2, Float.NaN);
            compute.activate(GateFunction.GELU_TANH, gate, up, 1);
            assertThat(gate.get(0, 0)).isEqualTo(1e30f);
            assertThat(gate.get(0, 1)).isZero();
            assertThat(gate.get(0, 2)).isNaN();
        }
    }

    static List<String> providers() {
        List<String> all = new ArrayList<>(Providers.fast());
        all.add("scalar");
        return all;
    }

    @ParameterizedTest
    @MethodSource("providers")
    void aNaNReachesTheSumAndIsNobodysLargest(String provider) {
        for (int at : new int[] {0, 15, 16, 40, 69}) {
            try (Arena arena = Arena.ofShared();
                    Compute compute = Compute.open(provider, 1, 1, 64)) {
                FloatMatrix logits = FloatMatrix.allocate(1, 70, arena);
                for (int i = 0; i < 70; i++) logits.set(0, i, i);
                logits.set(0, at, Float.NaN);
                float[] sum = new float[1];
                int[] largest = {-1};
                Samples.logSumExp(compute, logits, 1, sum, largest);
                assertThat(sum[0]).as("NaN at " + at).isNaN();
                assertThat(largest[0]).as("NaN at " + at).isZero();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("providers")
    void aNaNInTheInputOfQuantizedWeightsReachesEveryOutput(String provider) {
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            try (Arena arena = Arena.ofShared();
                    Compute compute = Compute.open(provider, 1, 1, 64)) {
                FloatMatrix in = Samples.matrix(new Random(8), 1, 64, arena);
                in.set(0, 37, bad);
                WeightMatrix weights = WeightMatrix.of(
                        WeightFormat.Q4_1,
                        16,
                        64,
                        Samples.file(new Random(3), WeightFormat.Q4_1, 16, 64, arena),
                        arena);
                FloatMatrix out = FloatMatrix.allocate(1, 16, arena);
                compute.matmul(in, 1, Compute.Projection.into(weights, out));
                for (int o = 0; o < 16; o++)
                    assertThat(Float.isFinite(out.get(0, o))).as(bad + " " + o).isFalse();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("providers")
    void argMaxIsTheLowestOfEquals(String provider) {
        try (Arena arena = Arena.ofShared();
                Compute compute = Compute.open(provider, 1, 1, 64)) {
            FloatMatrix logits = FloatMatrix.allocate(1, 70, arena);
            for (int i = 0; i < 70; i++) logits.set(0, i, i % 23);
            int[] largest = new int[1];
            Samples.logSumExp(compute, logits, 1, new float[1], largest);
            assertThat(largest[0]).isEqualTo(22);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void ropeTurnsEachPairByItsAngle(boolean interleaved) {
        try (Arena arena = Arena.ofShared();
                Compute compute = Compute.open("scalar", 2, 40, 64)) {
            Random random = new Random(4);
            FloatMatrix cos = FloatMatrix.allocate(50, 4, arena);
            FloatMatrix sin = FloatMatrix.allocate(50, 4, arena);
            for (int p = 0; p < 50; p++) {
                for (int j = 0; j < 4; j++) {
                    cos.set(p, j, (float) Math.cos(p * Math.pow(0.1, j)));
                    sin.set(p, j, (float) Math.sin(p * Math.pow(0.1, j)));
                }
            }
            FloatMatrix x = Samples.matrix(random, 40, 24, arena);
            FloatMatrix before = Samples.copy(x, arena);
            AttentionBatch batch = new AttentionBatch(40, 1);
            batch.rows = 40;
            for (int r = 0; r < 40; r++) batch.position[r] = 49 - r;
            compute.rope(x, 3, new RopeTable(cos, sin, interleaved), batch);
            for (String provider : Providers.fast()) {
                try (Compute fast = Compute.open(provider, 2, 40, 64)) {
                    FloatMatrix same = Samples.copy(before, arena);
                    fast.rope(same, 3, new RopeTable(cos, sin, interleaved), batch);
                    assertThat(Samples.difference(same, x)).as(provider).isEmpty();
                }
            }
            for (int r = 0; r < 40; r++) {
                for (int head = 0; head < 3; head++) {
                    for (int j = 0; j < 4; j++) {
                        int first = head * 8 + (interleaved ? 2 * j : j);
                        int second = head * 8 + (interleaved ? 2 * j + 1 : j + 4);
                        double angle = (49 - r) * Math.pow(0.1, j);
                        double a = before.get(r, first);
                        double b = before.get(r, second);
                        assertThat((double) x.get(r, first))
                                .isCloseTo(a * Math.cos(angle) - b * Math.sin(angle), within(1e-5));
                        assertThat((double) x.get(r, second))
                                .isCloseTo(a * Math.sin(angle) + b * Math.cos(angle), within(1e-5));
                    }
                }
            }
        }
    }

    @Test
    void gatherTakesRowsInTheGivenOrder() {
        try (Arena arena = Arena.ofShared();
                Compute compute = Compute.open("vector", 1, 4, 64)) {
            FloatMatrix in = Samples.matrix(new Random(1), 4, 20, arena);
            FloatMatrix out = FloatMatrix.allocate(2, 20, arena);
            compute.gatherRows(in, new int[] {3, 1}, 2, out);
            assertThat(out.get(0, 19)).isEqualTo(in.get(3, 19));
            assertThat(out.get(1, 0)).isEqualTo(in.get(1, 0));
            assertThatThrownBy(() -> compute.gatherRows(in, new int[] {4}, 1, out))
                    .isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    @Test
    void anUnknownProviderIsNamed() {
        assertThatThrownBy(() -> Compute.open("cuda", 1, 1, 1))
                .hasMessage("kernel provider 'cuda', known are auto, scalar, vector, native");
    }
}
