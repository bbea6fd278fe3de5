package dev.redoubt.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.redoubt.kernels.Compute.Projection;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class MatmulTest {
    private static final int[] ROW_COUNTS = IntStream.concat(IntStream.rangeClosed(1, 33), IntStream.of(48, 63, 64))
            .toArray();
    /// Outputs × inputs: whole and broken groups of 16 and 64 outputs, whole and broken panels of 256 inputs.
    private static final int[][] SHAPES = {{1, 32}, {16, 64}, {17, 96}, {40, 256}, {65, 288}, {130, 544}};
    /// As [#SHAPES], of formats whose rows are blocks of 256.
    private static final int[][] LONG_SHAPES = {{1, 256}, {17, 512}, {40, 256}, {65, 768}, {130, 512}};

    private static final int COLUMNS = 512;

    @ParameterizedTest
    @EnumSource
    void scalarIsCloseToAnIndependentProduct(WeightFormat format) {
        Random random = new Random(1);
        try (Arena arena = Arena.ofConfined();
                Compute compute = Compute.open("scalar", 1, 3, COLUMNS)) {
            MemorySegment file = Samples.file(random, format, 37, COLUMNS, arena);
            FloatMatrix in = Samples.matrix(random, 3, COLUMNS, arena);
            FloatMatrix out = FloatMatrix.allocate(3, 37, arena);
            compute.matmul(in, 3, Projection.into(WeightMatrix.of(format, 37, COLUMNS, file, arena), out));
            for (int row = 0; row < 3; row++) {
                for (int o = 0; o < 37; o++) {
                    double expected = 0;
                    double magnitude = 0;
                    for (int k = 0; k < COLUMNS; k++) {
                        double term = Samples.weight(file, format, COLUMNS, o, k) * in.get(row, k);
                        expected += term;
                        magnitude += term * term;
                    }
                    // Errors of the products that do not depend on each other: int8 activations half a step of about
                    // amax/127, bf16 activations 2^-9 of themselves
                    double tolerance =
                            Math.sqrt(magnitude) * (format.quantized() ? 0.05 : format.rounded() ? 0.01 : 1e-5);
                    assertThat((double) out.get(row, o)).isCloseTo(expected, within(tolerance));
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void everyProviderEqualsScalarToTheBit(WeightFormat format) {
        for (String provider : Providers.fast()) {
            for (int threads = 1; threads <= 3; threads++) {
                for (int[] shape : format.blockWeights() == 256 ? LONG_SHAPES : SHAPES) {
                    int columns = format.quantized() ? shape[1] : shape[1] - 5;
                    compareProviders(provider, format, shape[0], columns, threads);
                }
            }
        }
    }

    private static void compareProviders(String provider, WeightFormat format, int outputs, int columns, int threads) {
        Random random = new Random(31L * outputs + columns);
        try (Arena arena = Arena.ofShared();
                Compute scalar = Compute.open("scalar", 1, 64, columns);
                Compute fast = Compute.open(provider, threads, 64, columns)) {
            WeightMatrix weights = WeightMatrix.of(
                    format, outputs, columns, Samples.file(random, format, outputs, columns, arena), arena);
            FloatMatrix in = Samples.skewed(random, 64, columns, arena);
            FloatMatrix expected = FloatMatrix.allocate(64, outputs, arena);
            FloatMatrix expectedSum = Samples.matrix(random, 64, outputs, arena);
            FloatMatrix before = Samples.copy(expectedSum, arena);
            scalar.matmul(in, 64, Projection.into(weights, expected), Projection.addedTo(weights, expectedSum));
            for (int rows : ROW_COUNTS) {
                FloatMatrix out = Samples.copy(expected, arena);
                out.segment().asSlice(0, 4L * rows * out.stride()).fill((byte) 0);
                FloatMatrix sum = Samples.copy(expectedSum, arena);
                MemorySegment.copy(before.segment(), 0, sum.segment(), 0, 4L * rows * sum.stride());
                fast.matmul(in, rows, Projection.into(weights, out), Projection.addedTo(weights, sum));
                String what = provider + " " + format + " " + outputs + "×" + columns + ", " + rows + " rows, "
                        + threads + " threads";
                assertThat(Samples.difference(out, expected)).as(what).isEmpty();
                assertThat(Samples.difference(sum, expectedSum))
                        .as(what + ", added")
                        .isEmpty();
            }
        }
    }

    static List<String> providers() {
        return Providers.fast();
    }

    @ParameterizedTest
    @MethodSource("providers")
    void projectionsOfDifferentFormatsShareOneCall(String provider) {
        Random random = new Random(5);
        try (Arena arena = Arena.ofShared();
                Compute scalar = Compute.open("scalar", 1, 9, 256);
                Compute fast = Compute.open(provider, 2, 9, 256)) {
            FloatMatrix in = Samples.skewed(random, 9, 256, arena);
            List<Projection> one = new ArrayList<>();
            List<Projection> other = new ArrayList<>();
            for (WeightFormat format : WeightFormat.values()) {
                int outputs = 100 + 40 * one.size();
                WeightMatrix weights =
                        WeightMatrix.of(format, outputs, 256, Samples.file(random, format, outputs, 256, arena), arena);
                one.add(Projection.into(weights, FloatMatrix.allocate(9, outputs, arena)));
                other.add(Projection.into(weights, FloatMatrix.allocate(9, outputs, arena)));
            }
            scalar.matmul(in, 9, one.toArray(Projection[]::new));
            fast.matmul(in, 9, other.toArray(Projection[]::new));
            for (int i = 0; i < one.size(); i++)
                assertThat(Samples.difference(one.get(i).out(), other.get(i).out()))
                        .as("projection " + i)
                        .isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource
    void extremeQuantsAndActivationsStayExact(WeightFormat format) {
        if (format.quantized()) for (String provider : Providers.fast()) compareExtremes(provider, format);
    }

    private static void compareExtremes(String provider, WeightFormat format) {
        int columns = 2 * format.blockWeights();
        try (Arena arena = Arena.ofShared();
                Compute scalar = Compute.open("scalar", 1, 8, columns);
                Compute fast = Compute.open(provider, 1, 8, columns)) {
            // Every pattern of the largest codes and scales against activations of one sign and of alternating sign.
            for (int pattern : new int[] {0x80, 0x7F, 0x00, 0xFF, 0x0F, 0xF0}) {
                MemorySegment file =
                        arena.allocate(format.bytes(32, columns), 64).fill((byte) pattern);
                for (long at = Samples.scaleOffset(format); at < file.byteSize(); at += format.blockBytes()) {
                    file.set(java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED, at, Float.floatToFloat16(0.01f));
                    if (format.hasMinimum())
                        file.set(java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED, at + 2, (short) 0x3C00);
                }
                WeightMatrix weights = WeightMatrix.of(format, 32, columns, file, arena);
                FloatMatrix in = FloatMatrix.allocate(8, columns, arena);
                for (int row = 0; row < 8; row++)
                    for (int k = 0; k < columns; k++) in.set(row, k, (row >> (k % 3) & 1) == 0 ? 2.5f : -2.5f);
                for (int rows : new int[] {1, 8}) {
                    FloatMatrix expected = FloatMatrix.allocate(8, 32, arena);
                    FloatMatrix actual = FloatMatrix.allocate(8, 32, arena);
                    scalar.matmul(in, rows, Projection.into(weights, expected));
                    fast.matmul(in, rows, Projection.into(weights, actual));
                    assertThat(Samples.difference(expected, actual))
                            .as(provider)
                            .isEmpty();
                }
            }
        }
    }

    @Test
    void aBlockOfZerosAndATinyBlockQuantizeToZero() {
        List<String> all = new ArrayList<>(Providers.fast());
        all.add("scalar");
        for (String provider : all) {
            try (Arena arena = Arena.ofShared();
                    Compute compute = Compute.open(provider, 1, 1, 64)) {
                FloatMatrix in = FloatMatrix.allocate(1, 64, arena);
                for (int k = 32; k < 64; k++) in.set(0, k, 0x1p-120f);
                WeightMatrix weights = WeightMatrix.of(
                        WeightFormat.Q8_0,
                        16,
                        64,
                        Samples.file(new Random(3), WeightFormat.Q8_0, 16, 64, arena),
                        arena);
                FloatMatrix out = FloatMatrix.allocate(1, 16, arena);
                compute.matmul(in, 1, Projection.into(weights, out));
                for (int o = 0; o < 16; o++) assertThat(out.get(0, o)).isZero();
            }
        }
    }

    @Test
    void zeroRowsDoNothing() {
        try (Arena arena = Arena.ofShared();
                Compute compute = Compute.open("vector", 2, 4, 64)) {
            WeightMatrix weights = WeightMatrix.of(
                    WeightFormat.Q4_0, 16, 64, Samples.file(new Random(3), WeightFormat.Q4_0, 16, 64, arena), arena);
            FloatMatrix out = FloatMatrix.allocate(1, 16, arena);
            compute.matmul(FloatMatrix.allocate(1, 64, arena), 0, Projection.into(weights, out));
            assertThat(out.segment().mismatch(FloatMatrix.allocate(1, 16, arena).segment()))
                    .isEqualTo(-1);
        }
    }

    @Test
    void shapesThatDoNotMeetAreRefusedByName() {
        try (Arena arena = Arena.ofShared();
                Compute compute = Compute.open("vector", 1, 4, 64)) {
            WeightMatrix weights = WeightMatrix.of(
                    WeightFormat.Q4_0, 16, 64, Samples.file(new Random(3), WeightFormat.Q4_0, 16, 64, arena), arena);
            FloatMatrix in = FloatMatrix.allocate(8, 64, arena);
            assertThatThrownBy(
                            () -> compute.matmul(in, 1, Projection.into(weights, FloatMatrix.allocate(1, 17, arena))))
                    .hasMessage("output columns 17, must be 16");
            assertThatThrownBy(
                            () -> compute.matmul(in, 8, Projection.into(weights, FloatMatrix.allocate(8, 16, arena))))
                    .hasMessage("input of 8 × 64, Compute was opened for 4 × 64");
            assertThatThrownBy(
                            () -> compute.matmul(in, 9, Projection.into(weights, FloatMatrix.allocate(9, 16, arena))))
                    .hasMessage("rows 9, the matrix has 8");
        }
    }
}
