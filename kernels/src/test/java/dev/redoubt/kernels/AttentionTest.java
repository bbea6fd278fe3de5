package dev.redoubt.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class AttentionTest {
    private static List<String> providers() {
        List<String> all = new ArrayList<>(Providers.fast());
        all.add("scalar");
        return all;
    }

    private static final int BLOCKS = 24;
    private static final AttentionRule FULL = AttentionRule.full(0.3f);
    private static final List<AttentionRule> RULES = List.of(
            FULL,
            new AttentionRule(0.3f, 0, 1),
            new AttentionRule(0.3f, 1.5f, 3),
            new AttentionRule(0.3f, 0, 16),
            new AttentionRule(0.3f, 0.7f, 17),
            new AttentionRule(0.3f, 0.7f, Integer.MAX_VALUE));

    /// One sequence of `tokens` tokens, computed in chunks, beside another one that shares the pool.
    private static FloatMatrix attend(
            String provider,
            KvFormat format,
            int threads,
            int dimension,
            int heads,
            int kvHeads,
            int tokens,
            int chunk,
            int[] blocks,
            AttentionRule rule,
            Arena arena) {
        Random random = new Random(17L * dimension + heads);
        FloatMatrix query = Samples.matrix(random, tokens, heads * dimension, arena);
        FloatMatrix keys = Samples.matrix(random, tokens, kvHeads * dimension, arena);
        FloatMatrix values = Samples.matrix(random, tokens, kvHeads * dimension, arena);
        FloatMatrix result = FloatMatrix.allocate(tokens, heads * dimension, arena);
        KvLayout layout = new KvLayout(format, 2, kvHeads, dimension);
        try (Compute compute = Compute.open(provider, threads, tokens + 2, 64);
                KvMemory kv = KvMemory.map(layout, BLOCKS)) {
            for (int from = 0; from < tokens; from += chunk) {
                int count = Math.min(chunk, tokens - from);
                AttentionBatch batch = new AttentionBatch(count + 2, 2);
                batch.rows = count + 2;
                batch.sequences = 2;
                batch.blockTable[0] = new int[] {BLOCKS - 1};
                batch.blockTable[1] = blocks;
                FloatMatrix q = Samples.matrix(random, count + 2, heads * dimension, arena);
                FloatMatrix k = Samples.matrix(random, count + 2, kvHeads * dimension, arena);
                FloatMatrix v = Samples.matrix(random, count + 2, kvHeads * dimension, arena);
                batch.position[1] = 1;
                for (int i = 0; i < count; i++) {
                    batch.sequence[i + 2] = 1;
                    batch.position[i + 2] = from + i;
                    copyRow(query, from + i, q, i + 2);
                    copyRow(keys, from + i, k, i + 2);
                    copyRow(values, from + i, v, i + 2);
                }
                FloatMatrix out = FloatMatrix.allocate(count + 2, heads * dimension, arena);
                compute.storeKv(k, v, batch, kv, 1);
                compute.attention(q, heads, batch, kv, 1, rule, out);
                for (int i = 0; i < count; i++) copyRow(out, i + 2, result, from + i);
            }
        }
        return result;
    }

    private static void copyRow(FloatMatrix from, int row, FloatMatrix to, int toRow) {
        for (int c = 0; c < from.columns(); c++) to.set(toRow, c, from.get(row, c));
    }

    private static int[] blocks(int first, int step) {
        int[] blocks = new int[7];
        for (int i = 0; i < blocks.length; i++) blocks[i] = first + i * step;
        return blocks;
    }

    @Test
    void scalarIsCloseToAnIndependentSoftmax() {
        for (AttentionRule rule : RULES) compareWithIndependentSoftmax(rule);
    }

    private static void compareWithIndependentSoftmax(AttentionRule rule) {
        try (Arena arena = Arena.ofShared()) {
            int dimension = 6;
            int tokens = 21;
            FloatMatrix out =
                    attend("scalar", KvFormat.F32, 1, dimension, 4, 2, tokens, tokens, blocks(0, 1), rule, arena);
            Random random = new Random(17L * dimension + 4);
            FloatMatrix query = Samples.matrix(random, tokens, 4 * dimension, arena);
            FloatMatrix keys = Samples.matrix(random, tokens, 2 * dimension, arena);
            FloatMatrix values = Samples.matrix(random, tokens, 2 * dimension, arena);
            for (int row = 0; row < tokens; row++) {
                for (int head = 0; head < 4; head++) {
                    double[] weights = new double[row + 1];
                    double sum = 0;
                    for (int t = 0; t <= row; t++) {
                        if (row - t >= rule.window()) continue;
                        double score = 0;
                        for (int d = 0; d < dimension; d++)
                            score += (double) query.get(row, head * dimension + d)
                                    * keys.get(t, head / 2 * dimension + d);
                        score *= 0.3f;
                        if (rule.cap() > 0) score = rule.cap() * Math.tanh(score / rule.cap());
                        weights[t] = Math.exp(score);
                        sum += weights[t];
                    }
                    for (int d = 0; d < dimension; d++) {
                        double expected = 0;
                        for (int t = 0; t <= row; t++)
                            expected += weights[t] / sum * values.get(t, head / 2 * dimension + d);
                        assertThat((double) out.get(row, head * dimension + d)).isCloseTo(expected, within(1e-5));
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(KvFormat.class)
    void everyProviderEqualsScalarToTheBit(KvFormat format) {
        for (int dimension : new int[] {2, 6, 8, 16, 20, 32, 64, 80, 96, 128}) {
            for (int[] heads : new int[][] {{1, 1}, {3, 1}, {4, 2}, {9, 3}, {5, 1}, {14, 2}}) {
                AttentionRule rule = RULES.get((dimension + heads[0]) % RULES.size());
                try (Arena arena = Arena.ofShared()) {
                    int tokens = 53;
                    FloatMatrix expected = attend(
                            "scalar",
                            format,
                            1,
                            dimension,
                            heads[0],
                            heads[1],
                            tokens,
                            tokens,
                            blocks(0, 1),
                            rule,
                            arena);
                    for (String provider : Providers.fast()) {
                        for (int threads = 1; threads <= 3; threads++) {
                            FloatMatrix actual = attend(
                                    provider,
                                    format,
                                    threads,
                                    dimension,
                                    heads[0],
                                    heads[1],
                                    tokens,
                                    tokens,
                                    blocks(0, 1),
                                    rule,
                                    arena);
                            assertThat(Samples.difference(actual, expected))
                                    .as("%s, %d of %d/%d heads, %s", provider, dimension, heads[0], heads[1], rule)
                                    .isEmpty();
                        }
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(KvFormat.class)
    void V3_2_chunksAndBlockTablesDoNotShow(KvFormat format) {
        try (Arena arena = Arena.ofShared()) {
            for (String provider : providers()) {
                for (AttentionRule rule : RULES) {
                    FloatMatrix expected = attend(provider, format, 1, 16, 6, 2, 100, 100, blocks(0, 1), rule, arena);
                    for (int chunk : rule.equals(FULL) ? new int[] {1, 3, 7, 16, 17, 64} : new int[] {1, 17}) {
                        FloatMatrix actual =
                                attend(provider, format, 2, 16, 6, 2, 100, chunk, blocks(20, -3), rule, arena);
                        assertThat(Samples.difference(actual, expected))
                                .as("%s, chunk %d, %s", provider, chunk, rule)
                                .isEmpty();
                    }
                }
            }
        }
    }

    /// Rows that all have the last position of their sequence: what an encoder asks for.
    @Test
    void V3_2_rowsOfTheLastPositionSeeTheWholeSequenceAndNoOther() {
        for (int tokens : new int[] {1, 15, 16, 17, 40}) {
            try (Arena arena = Arena.ofShared()) {
                FloatMatrix alone = attendToAll("scalar", 1, tokens, false, arena);
                for (String provider : providers())
                    for (int threads = 1; threads <= 2; threads++)
                        for (boolean neighbours : new boolean[] {false, true})
                            assertThat(Samples.difference(
                                            attendToAll(provider, threads, tokens, neighbours, arena), alone))
                                    .as("%s, %d tokens", provider, tokens)
                                    .isEmpty();
                Random random = new Random(tokens);
                FloatMatrix query = Samples.matrix(random, tokens, 24, arena);
                FloatMatrix keys = Samples.matrix(random, tokens, 24, arena);
                FloatMatrix values = Samples.matrix(random, tokens, 24, arena);
                for (int row = 0; row < tokens; row++) {
                    double[] weights = new double[tokens];
                    double sum = 0;
                    for (int t = 0; t < tokens; t++) {
                        double score = 0;
                        for (int d = 0; d < 12; d++) score += (double) query.get(row, 12 + d) * keys.get(t, 12 + d);
                        weights[t] = Math.exp(0.3f * score);
                        sum += weights[t];
                    }
                    double expected = 0;
                    for (int t = 0; t < tokens; t++) expected += weights[t] / sum * values.get(t, 15);
                    assertThat((double) alone.get(row, 15)).isCloseTo(expected, within(1e-5));
                }
            }
        }
    }

    private static FloatMatrix attendToAll(String provider, int threads, int tokens, boolean neighbours, Arena arena) {
        Random random = new Random(tokens);
        int before = neighbours ? 5 : 0;
        int rows = before + tokens + (neighbours ? 7 : 0);
        FloatMatrix[] own = new FloatMatrix[3];
        for (int i = 0; i < 3; i++) own[i] = Samples.matrix(random, tokens, 24, arena);
        FloatMatrix[] all = new FloatMatrix[3];
        for (int i = 0; i < 3; i++) {
            all[i] = Samples.matrix(random, rows, 24, arena);
            for (int row = 0; row < tokens; row++) copyRow(own[i], row, all[i], before + row);
        }
        AttentionBatch stored = new AttentionBatch(rows, 3);
        AttentionBatch seen = new AttentionBatch(rows, 3);
        int[][] tables = {{3}, {2, 0, 4}, {1}};
        for (AttentionBatch batch : List.of(stored, seen)) {
            batch.rows = rows;
            batch.sequences = 3;
            for (int row = 0; row < rows; row++) {
                int sequence = row < before ? 0 : row < before + tokens ? 1 : 2;
                int first = sequence == 0 ? 0 : sequence == 1 ? before : before + tokens;
                int length = sequence == 0 ? before : sequence == 1 ? tokens : rows - before - tokens;
                batch.sequence[row] = sequence;
                batch.position[row] = batch == stored ? row - first : length - 1;
            }
            System.arraycopy(tables, 0, batch.blockTable, 0, 3);
        }
        FloatMatrix out = FloatMatrix.allocate(rows, 24, arena);
        FloatMatrix result = FloatMatrix.allocate(tokens, 24, arena);
        try (Compute compute = Compute.open(provider, threads, rows, 64);
                KvMemory kv = KvMemory.map(new KvLayout(KvFormat.F32, 1, 2, 12), 5)) {
            compute.storeKv(all[1], all[2], stored, kv, 0);
            compute.attention(all[0], 2, seen, kv, 0, FULL, out);
        }
        for (int row = 0; row < tokens; row++) copyRow(out, before + row, result, row);
        return result;
    }

    /// The error of a format, seen through attention: what f16 and 8 bits may cost, and no more.
    @ParameterizedTest
    @CsvSource({"F16,0.004", "Q8,0.1"})
    void formatsAreCloseToF32(KvFormat format, double largest) {
        try (Arena arena = Arena.ofShared()) {
            FloatMatrix expected = attend("scalar", KvFormat.F32, 1, 64, 6, 2, 100, 100, blocks(0, 1), FULL, arena);
            FloatMatrix actual = attend("scalar", format, 1, 64, 6, 2, 100, 100, blocks(0, 1), FULL, arena);
            assertThat(Samples.difference(actual, expected)).isNotEmpty();
            for (int row = 0; row < 100; row++)
                for (int c = 0; c < expected.columns(); c++)
                    assertThat(actual.get(row, c)).isCloseTo(expected.get(row, c), within((float) largest));
        }
    }

    @ParameterizedTest
    @EnumSource(KvFormat.class)
    void whatIsNotFiniteSpoilsTheRowsThatSeeItAndNoOthers(KvFormat format) {
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            for (String provider : providers()) {
                for (boolean inKeys : new boolean[] {true, false}) spoil(provider, format, bad, inKeys);
            }
        }
    }

    /// Rows 0 to 19 of one sequence, row 17 bad, and row 20 of another.
    private static void spoil(String provider, KvFormat format, float bad, boolean inKeys) {
        try (Arena arena = Arena.ofShared();
                Compute compute = Compute.open(provider, 2, 21, 64);
                KvMemory kv = KvMemory.map(new KvLayout(format, 1, 2, 8), 3)) {
            FloatMatrix keys = Samples.matrix(new Random(1), 21, 16, arena);
            FloatMatrix values = Samples.matrix(new Random(2), 21, 16, arena);
            AttentionBatch batch = new AttentionBatch(21, 2);
            batch.rows = 21;
            batch.sequences = 2;
            batch.blockTable[0] = new int[] {2, 0};
            batch.blockTable[1] = new int[] {1};
            for (int i = 0; i < 20; i++) batch.position[i] = i;
            batch.sequence[20] = 1;
            FloatMatrix clean = FloatMatrix.allocate(21, 32, arena);
            FloatMatrix out = FloatMatrix.allocate(21, 32, arena);
            FloatMatrix query = Samples.matrix(new Random(3), 21, 32, arena);
            compute.storeKv(keys, values, batch, kv, 0);
            compute.attention(query, 4, batch, kv, 0, AttentionRule.full(1), clean);
            (inKeys ? keys : values).set(17, 11, bad);
            compute.storeKv(keys, values, batch, kv, 0);
            compute.attention(query, 4, batch, kv, 0, AttentionRule.full(1), out);
            for (int row = 0; row < 21; row++) {
                for (int c = 0; c < 32; c++) {
                    if (row >= 17 && row < 20) assertThat(out.get(row, c)).isNaN();
                    else assertThat(out.get(row, c)).isEqualTo(clean.get(row, c));
                }
            }
            kv.zero(0);
            assertThat(kv.allFinite()).as("a zeroed block forgets").isTrue();
        }
    }

    @ParameterizedTest
    @EnumSource(KvFormat.class)
    void whatIsNotFiniteSpoilsNoRowWhoseWindowIsPastIt(KvFormat format) {
        for (String provider : providers()) {
            try (Arena arena = Arena.ofShared();
                    Compute compute = Compute.open(provider, 1, 40, 64);
                    KvMemory kv = KvMemory.map(new KvLayout(format, 1, 1, 8), 3)) {
                FloatMatrix rows = Samples.matrix(new Random(1), 40, 8, arena);
                AttentionBatch batch = new AttentionBatch(40, 1);
                batch.rows = 40;
                batch.sequences = 1;
                batch.blockTable[0] = new int[] {2, 0, 1};
                for (int i = 0; i < 40; i++) batch.position[i] = i;
                AttentionRule rule = new AttentionRule(1, 0, 19);
                FloatMatrix clean = FloatMatrix.allocate(40, 8, arena);
                FloatMatrix out = FloatMatrix.allocate(40, 8, arena);
                FloatMatrix query = Samples.matrix(new Random(3), 40, 8, arena);
                compute.storeKv(rows, rows, batch, kv, 0);
                compute.attention(query, 1, batch, kv, 0, rule, clean);
                rows.set(5, 3, Float.NaN);
                compute.storeKv(rows, rows, batch, kv, 0);
                compute.attention(query, 1, batch, kv, 0, rule, out);
                for (int row = 0; row < 40; row++)
                    for (int c = 0; c < 8; c++) {
                        if (row >= 5 && row < 5 + 19)
                            assertThat(out.get(row, c)).isNaN();
                        else assertThat(out.get(row, c)).as("row %d", row).isEqualTo(clean.get(row, c));
                    }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(KvFormat.class)
    void tokensPastTheOwnPositionAreNeverRead(KvFormat format) {
        try (Arena arena = Arena.ofShared();
                Compute compute = Compute.open("vector", 1, 8, 64);
                KvMemory kv = KvMemory.map(new KvLayout(format, 1, 1, 32), 1)) {
            // What another sequence left in the rest of the block, NaN at worst, must not show.
            kv.segment().fill((byte) 0xFF);
            FloatMatrix rows = Samples.matrix(new Random(2), 3, 32, arena);
            AttentionBatch batch = new AttentionBatch(3, 1);
            batch.rows = 3;
            batch.sequences = 1;
            batch.blockTable[0] = new int[] {0};
            for (int i = 0; i < 3; i++) batch.position[i] = i;
            FloatMatrix out = FloatMatrix.allocate(3, 32, arena);
            compute.storeKv(rows, rows, batch, kv, 0);
            compute.attention(rows, 1, batch, kv, 0, AttentionRule.full(1), out);
            for (int r = 0; r < 3; r++)
                for (int c = 0; c < 32; c++) assertThat(out.get(r, c)).isFinite();
            for (int c = 0; c < 32; c++) assertThat(out.get(0, c)).isCloseTo(rows.get(0, c), within(0.02f));
        }
    }
}
