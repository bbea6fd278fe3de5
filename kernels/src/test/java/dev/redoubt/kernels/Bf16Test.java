package dev.redoubt.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.kernels.Compute.Projection;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The arithmetic of BF16 weights at its edges: what is subnormal, infinite or no number, and what cancels.
class Bf16Test {
    /// Zeros, subnormal, smallest, ordinary, largest, infinite, not a number.
    private static final int[] HOSTILE = {
        0x0000, 0x8000, 0x0001, 0x8040, 0x0080, 0x8080, 0x1F80, 0x2001, 0x3F80, 0xBF81, 0x7F7F, 0xFF7F, 0x7F80, 0xFF80,
        0x7FC0
    };

    @Test
    void roundingIsToNearestEven() {
        assertThat(Bf16.round(1f)).isEqualTo((short) 0x3F80);
        assertThat(Bf16.round(Float.intBitsToFloat(0x3F808000))).isEqualTo((short) 0x3F80);
        assertThat(Bf16.round(Float.intBitsToFloat(0x3F808001))).isEqualTo((short) 0x3F81);
        assertThat(Bf16.round(Float.intBitsToFloat(0x3F818000))).isEqualTo((short) 0x3F82);
        assertThat(Bf16.round(-Float.MAX_VALUE)).isEqualTo((short) 0xFF80);
        assertThat(Bf16.round(Float.MIN_NORMAL)).isEqualTo((short) 0x0080);
        assertThat(Bf16.round(-Math.nextDown(Float.MIN_NORMAL))).isEqualTo((short) 0x8000);
        assertThat(Bf16.round(Float.intBitsToFloat(0xFFFFFFFF))).isEqualTo((short) 0x7FC0);
        assertThat(Bf16.round(Float.POSITIVE_INFINITY)).isEqualTo((short) 0x7F80);
    }

    @Test
    void aSumIsExactThenRoundedTo24BitsThenFlushed() {
        Random random = new Random(4);
        int kept = 0;
        int flushed = 0;
        for (int i = 0; i < 60_000; i++) {
            float w = Bf16.widen(bits(random, random.nextInt(1, 255)));
            float x = Bf16.widen(bits(random, random.nextInt(1, 255)));
            // Sums and products near each other, every third near the smallest normal number.
            int exponent = Math.getExponent(w) + Math.getExponent(x);
            if (i % 3 == 0) {
                x = Bf16.widen(bits(random, Math.clamp(-126 - Math.getExponent(w) + 127 - random.nextInt(28), 1, 254)));
                exponent = -126 + random.nextInt(3);
            }
            int biased = Math.clamp(exponent + 127L + random.nextInt(-12, 13), 1, 254);
            float sum = Float.intBitsToFloat(random.nextInt() & 0x807FFFFF | biased << 23);
            if (i % 6 == 0) sum = Math.copySign(Float.MIN_NORMAL, sum);
            float expected = exactlyFlushed(w, x, sum);
            assertThat(Float.floatToRawIntBits(Bf16.fma(w, x, sum)))
                    .as("%a * %a + %a", w, x, sum)
                    .isEqualTo(Float.floatToRawIntBits(expected));
            if (Math.abs(Math.fma(w, x, sum)) == Float.MIN_NORMAL) {
                if (expected == 0) flushed++;
                else kept++;
            }
        }
        assertThat(kept).isPositive();
        assertThat(flushed).isPositive();
    }

    private static short bits(Random random, int exponent) {
        return (short) (random.nextInt() & 0x807F | exponent << 7);
    }

    private static float exactlyFlushed(float w, float x, float sum) {
        BigDecimal exact = new BigDecimal(w).multiply(new BigDecimal(x)).add(new BigDecimal(sum));
        if (exact.signum() == 0) return 0;
        BigInteger units = exact.multiply(BigDecimal.TWO.pow(300)).toBigIntegerExact();
        int drop = Math.max(0, units.abs().bitLength() - 24);
        BigInteger magnitude = units.abs();
        BigInteger rest = magnitude.and(BigInteger.ONE.shiftLeft(drop).subtract(BigInteger.ONE));
        BigInteger rounded = magnitude.shiftRight(drop);
        int half = drop == 0 ? -1 : rest.compareTo(BigInteger.ONE.shiftLeft(drop - 1));
        if (half > 0 || half == 0 && rounded.testBit(0)) rounded = rounded.add(BigInteger.ONE);
        rounded = rounded.shiftLeft(drop);
        boolean tiny = rounded.compareTo(BigInteger.ONE.shiftLeft(300 - 126)) < 0;
        float value = tiny
                ? 0
                : new BigDecimal(rounded).divide(BigDecimal.TWO.pow(300)).floatValue();
        return exact.signum() < 0 ? -value : value;
    }

    static List<String> providers() {
        return Providers.fast();
    }

    @ParameterizedTest
    @MethodSource("providers")
    void hostileNumbersGiveTheBitsOfScalar(String provider) {
        Random random = new Random(9);
        for (int columns : new int[] {1, 2, 15, 31, 32, 33, 64, 95, 131}) {
            for (int oneIn : new int[] {1, 2, 7, 40, 1000}) {
                compare(provider, columns, new Source(random, true, oneIn));
                compare(provider, columns, new Source(random, false, oneIn));
            }
        }
    }

    private static void compare(String provider, int columns, Source source) {
        int outputs = 21;
        int rows = 23;
        try (Arena arena = Arena.ofShared();
                Compute scalar = Compute.open("scalar", 1, rows, columns);
                Compute fast = Compute.open(provider, 2, rows, columns)) {
            MemorySegment file = arena.allocate(2L * outputs * columns + 2, 64).asSlice(2);
            for (long i = 0; i < (long) outputs * columns; i++)
                file.set(ValueLayout.JAVA_SHORT_UNALIGNED, 2 * i, source.next());
            WeightMatrix weights = WeightMatrix.of(WeightFormat.BF16, outputs, columns, file, arena);
            FloatMatrix in = source.matrix(rows, columns, arena);
            FloatMatrix residual = source.matrix(rows, outputs, arena);
            for (int count : new int[] {1, 2, 3, 4, 5, 6, 7, rows}) {
                FloatMatrix expected = FloatMatrix.allocate(rows, outputs, arena);
                FloatMatrix actual = FloatMatrix.allocate(rows, outputs, arena);
                FloatMatrix expectedSum = Samples.copy(residual, arena);
                FloatMatrix actualSum = Samples.copy(residual, arena);
                scalar.matmul(in, count, Projection.into(weights, expected), Projection.addedTo(weights, expectedSum));
                fast.matmul(in, count, Projection.into(weights, actual), Projection.addedTo(weights, actualSum));
                String what = provider + ", " + source + ", " + count + " × " + columns;
                same(expected, actual, what);
                same(expectedSum, actualSum, what + ", added");
            }
        }
    }

    /// @param finite leaves out what is infinite or no number
    /// @param oneIn of so many numbers one is hostile
    private record Source(Random random, boolean finite, int oneIn) {
        short next() {
            if (random.nextInt(oneIn) > 0)
                return (short) (Float.floatToRawIntBits((float) random.nextGaussian()) >> 16);
            if (random.nextBoolean())
                return bits(random, random.nextInt(50, 80)); // products near the smallest normal number
            return (short) HOSTILE[random.nextInt(finite ? HOSTILE.length - 3 : HOSTILE.length)];
        }

        FloatMatrix matrix(int rows, int columns, Arena arena) {
            FloatMatrix matrix = FloatMatrix.allocate(rows, columns, arena);
            for (int row = 0; row < rows; row++)
                for (int k = 0; k < columns; k++)
                    matrix.set(row, k, Float.intBitsToFloat(next() << 16 | random.nextInt() & 0xFFFF));
            return matrix;
        }
    }

    /// To the bit; a NaN is a NaN, whichever bits it has.
    private static void same(FloatMatrix expected, FloatMatrix actual, String what) {
        for (int row = 0; row < expected.rows(); row++)
            for (int o = 0; o < expected.columns(); o++)
                assertThat(Float.floatToIntBits(actual.get(row, o)))
                        .as("%s: row %d, output %d: %a and %a", what, row, o, actual.get(row, o), expected.get(row, o))
                        .isEqualTo(Float.floatToIntBits(expected.get(row, o)));
    }
}
