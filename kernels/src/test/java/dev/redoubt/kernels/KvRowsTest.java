package dev.redoubt.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What is stored of a token, read back from where the layout says it lies.
class KvRowsTest {
    private static final int DIMENSION = 10;
    private static final int POSITION = 21; // block 1 of the table, slot 5

    /// One token's keys and values of two heads in layer 1, stored and widened: `[keys or values][head][d]`.
    private static float[][][] stored(KvFormat format, FloatMatrix keys, FloatMatrix values) {
        KvLayout layout = new KvLayout(format, 2, 2, DIMENSION);
        try (KvMemory kv = KvMemory.map(layout, 4)) {
            AttentionBatch batch = new AttentionBatch(1, 1);
            batch.rows = 1;
            batch.sequences = 1;
            batch.position[0] = POSITION;
            batch.blockTable[0] = new int[] {3, 2};
            KvRows.store(keys, values, batch, 0, kv, 1);
            assertThat(kv.isZero(0) && kv.isZero(1) && kv.isZero(3)).isTrue();
            float[][][] result = new float[2][2][DIMENSION];
            for (int head = 0; head < 2; head++) {
                long key = kv.offset(2) + layout.keyOffset(1, head);
                long value = kv.offset(2) + layout.valueOffset(1, head);
                for (int d = 0; d < DIMENSION; d++) {
                    result[0][head][d] = format.element(kv.segment(), key + layout.keyElement(5, d))
                            * format.scale(kv.segment(), key, 5);
                    result[1][head][d] = format.element(kv.segment(), value + layout.valueElement(5, d))
                            * format.scale(kv.segment(), value, 5);
                }
            }
            return result;
        }
    }

    @ParameterizedTest
    @EnumSource(KvFormat.class)
    void whatComesBackIsTheValueWithinTheFormatsError(KvFormat format) {
        try (Arena arena = Arena.ofShared()) {
            Random random = new Random(4);
            for (int magnitude = -30; magnitude <= 13; magnitude++) {
                FloatMatrix keys = Samples.matrix(random, 1, 2 * DIMENSION, arena);
                FloatMatrix values = Samples.matrix(random, 1, 2 * DIMENSION, arena);
                for (int c = 0; c < 2 * DIMENSION; c++) keys.set(0, c, Math.scalb(keys.get(0, c), magnitude));
                float[][][] stored = stored(format, keys, values);
                for (int head = 0; head < 2; head++) {
                    assertClose(format, keys, head, stored[0][head]);
                    assertClose(format, values, head, stored[1][head]);
                }
            }
        }
    }

    private static void assertClose(KvFormat format, FloatMatrix rows, int head, float[] stored) {
        double amax = 0;
        for (int d = 0; d < DIMENSION; d++) amax = Math.max(amax, Math.abs(rows.get(0, head * DIMENSION + d)));
        for (int d = 0; d < DIMENSION; d++) {
            double x = rows.get(0, head * DIMENSION + d);
            double bound = switch (format) {
                case F32 -> 0;
                case F16 -> Math.max(Math.abs(x) * 0x1p-11, 0x1p-25); // half a step, of subnormals too
                case Q8 -> amax / 127 * 0.5001;
            };
            assertThat(Math.abs(x - stored[d])).as(format + " of " + x).isLessThanOrEqualTo(bound);
        }
    }

    @Test
    void largeFiniteValuesAreClampedToWhatF16Holds() {
        try (Arena arena = Arena.ofShared()) {
            FloatMatrix rows = Samples.matrix(new Random(6), 1, 2 * DIMENSION, arena);
            rows.set(0, 0, 65_519);
            rows.set(0, 1, 65_520);
            rows.set(0, 2, -Float.MAX_VALUE);
            float[][][] stored = stored(KvFormat.F16, rows, rows);
            assertThat(stored[0][0]).startsWith(65_504, 65_504, -65_504);
            assertThat(stored[1][0]).startsWith(65_504, 65_504, -65_504);
        }
    }

    @Test
    void eightBitsHaveAScaleForEachTokenAndHead() {
        try (Arena arena = Arena.ofShared()) {
            FloatMatrix keys = FloatMatrix.allocate(1, 2 * DIMENSION, arena);
            keys.set(0, 0, -254);
            keys.set(0, 1, 5); // 2.5 steps: to even
            keys.set(0, 2, 7); // 3.5 steps
            keys.set(0, 3, 0.9f);
            for (int d = 0; d < DIMENSION; d++) keys.set(0, DIMENSION + d, Float.MIN_VALUE * (d + 1));
            float[][][] stored = stored(KvFormat.Q8, keys, keys);
            assertThat(stored[0][0]).startsWith(-254, 4, 8, 0);
            assertThat(stored[0][1]).as("too small for a scale").containsOnly(0);
            float[][][] largest = stored(KvFormat.Q8, filled(Float.MAX_VALUE / 2, arena), keys);
            assertThat(largest[0][0][0]).isBetween(Float.MAX_VALUE * 0.499f, Float.MAX_VALUE * 0.501f);
        }
    }

    private static FloatMatrix filled(float value, Arena arena) {
        FloatMatrix matrix = FloatMatrix.allocate(1, 2 * DIMENSION, arena);
        for (int c = 0; c < 2 * DIMENSION; c++) matrix.set(0, c, value);
        return matrix;
    }

    @ParameterizedTest
    @EnumSource(KvFormat.class)
    void everythingBeginsOnA64ByteBorder(KvFormat format) {
        for (int dimension = 2; dimension <= 256; dimension += 2) {
            KvLayout layout = new KvLayout(format, 3, 2, dimension);
            assertThat(layout.headBytes() % 64).isZero();
            assertThat(layout.keyElement(15, dimension - 1) + format.elementBytes())
                    .isLessThanOrEqualTo(layout.headBytes());
            assertThat(layout.valueElement(15, dimension - 1)).isEqualTo(layout.keyElement(15, dimension - 1));
            assertThat(layout.valueOffset(2, 1) + layout.headBytes()).isEqualTo(layout.blockBytes());
        }
        assertThat(ValueLayout.JAVA_FLOAT.byteSize() * KvLayout.BLOCK_TOKENS).isEqualTo(KvFormat.Q8.headerBytes());
    }
}
