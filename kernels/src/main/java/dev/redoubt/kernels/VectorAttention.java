package dev.redoubt.kernels;

import static dev.redoubt.kernels.Lanes.COUNT;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/// Vector attention for one KV head: the query heads that share it, in a few neighbouring rows, go over its keys and values together.
final class VectorAttention {
    /* A query is a (row, member of the group), numbered row by row. Queries go in fours that share every load of K and V; the last
     * four are completed with copies of the last query, whose results are stored once or equal.
     *
     * 1. Scores, lanes are the 16 tokens of a block: every block that the longest row of the four sees, into scratch.
     * 2. Softmax per query; lanes past its own position become -infinity first, and exp gives them exactly 0.
     * 3. Values, lanes are dimensions: all four queries over the tokens that each of them sees, then each alone over the rest of its
     *    own. Tokens past a query's position are never read for it, so neighbours cannot show even in the sign of a zero.
     *
     * Scratch, in floats: 4 rows of scores, each a whole number of blocks. */
    private static final int FOUR = 4;

    private VectorAttention() {}

    static void attend(AttentionCall call, int rowFrom, int rowTo, int kvHead, Scratch scratch) {
        int tokensMax = (call.batch().position[rowTo - 1] + 16) / 16 * 16;
        MemorySegment scores = scratch.floats(4L * tokensMax + 16);
        int queries = (rowTo - rowFrom) * call.group();
        for (int query = 0; query < queries; query += FOUR)
            attendFour(call, rowFrom, query, queries - 1, kvHead, scores, tokensMax);
    }

    private static void attendFour(
            AttentionCall call, int rowFrom, int first, int last, int kvHead, MemorySegment scores, int tokensMax) {
        int group = call.group();
        int row0 = rowFrom + first / group;
        int row1 = rowFrom + Math.min(first + 1, last) / group;
        int row2 = rowFrom + Math.min(first + 2, last) / group;
        int row3 = rowFrom + Math.min(first + 3, last) / group;
        long head0 = call.headOffset(row0, kvHead, first % group);
        long head1 = call.headOffset(row1, kvHead, Math.min(first + 1, last) % group);
        long head2 = call.headOffset(row2, kvHead, Math.min(first + 2, last) % group);
        long head3 = call.headOffset(row3, kvHead, Math.min(first + 3, last) % group);
        int[] position = call.batch().position;
        int sequence = call.batch().sequence[row0];
        int count = Math.min(FOUR, last - first + 1);
        long step = 4L * tokensMax;

        for (int block = 0; block <= position[row3] / 16; block++) {
            long keys = call.keyOffset(sequence, block, kvHead);
            for (int part = 0; part < 16; part += COUNT)
                scoreFour(call, keys + 4L * part, head0, head1, head2, head3, scores, 64L * block + 4L * part, step);
        }
        float inverse0 = softmax(scores, 0, position[row0] + 1, 4 * step);
        float inverse1 = count > 1 ? softmax(scores, step, position[row1] + 1, 4 * step) : 0;
        float inverse2 = count > 2 ? softmax(scores, 2 * step, position[row2] + 1, 4 * step) : 0;
        float inverse3 = count > 3 ? softmax(scores, 3 * step, position[row3] + 1, 4 * step) : 0;
        int together = count == FOUR ? position[row0] + 1 : 0;
        if (together > 0) valuesFour(call, sequence, kvHead, head0, head1, head2, head3, together, scores, step);
        valuesOne(call, sequence, kvHead, head0, together, position[row0] + 1, scores, 0, inverse0);
        if (count > 1) valuesOne(call, sequence, kvHead, head1, together, position[row1] + 1, scores, step, inverse1);
        if (count > 2) valuesOne(call, sequence, kvHead, head2, together, position[row2] + 1, scores, 2 * step, inverse2);
        if (count > 3) valuesOne(call, sequence, kvHead, head3, together, position[row3] + 1, scores, 3 * step, inverse3);
    }

    private static void scoreFour(
            AttentionCall call, long keys, long head0, long head1, long head2, long head3,
            MemorySegment scores, long to, long step) {
        scoreFour(call.kv().segment(), keys, call.headDimension(), call.query().segment(), head0, head1, head2, head3,
                call.scale(), scores, to, step);
    }

    private static void scoreFour(
            MemorySegment pool, long keys, int dimension, MemorySegment query,
            long head0, long head1, long head2, long head3, float scale, MemorySegment scores, long to, long step) {
        FloatVector a = Lanes.broadcast(0);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector e = a;
        for (int d = 0; d < dimension; d++) {
            FloatVector key = Lanes.load(pool, keys + 64L * d);
            a = key.fma(Lanes.broadcast(query.get(ValueLayout.JAVA_FLOAT, head0 + 4L * d)), a);
            b = key.fma(Lanes.broadcast(query.get(ValueLayout.JAVA_FLOAT, head1 + 4L * d)), b);
            c = key.fma(Lanes.broadcast(query.get(ValueLayout.JAVA_FLOAT, head2 + 4L * d)), c);
            e = key.fma(Lanes.broadcast(query.get(ValueLayout.JAVA_FLOAT, head3 + 4L * d)), e);
        }
        Lanes.store(a.mul(scale), scores, to);
        Lanes.store(b.mul(scale), scores, to + step);
        Lanes.store(c.mul(scale), scores, to + 2 * step);
        Lanes.store(e.mul(scale), scores, to + 3 * step);
    }

    /// Scores become exp(score - max); returns 1 / their sum.
    private static float softmax(MemorySegment scores, long at, int tokens, long partials) {
        int padded = (tokens + 15) / 16 * 16;
        for (int t = tokens; t < padded; t++) scores.set(ValueLayout.JAVA_FLOAT, at + 4L * t, Float.NEGATIVE_INFINITY);
        FloatVector largest = Lanes.broadcast(Float.NEGATIVE_INFINITY);
        for (int t = 0; t < padded; t += COUNT) largest = largest.max(Lanes.load(scores, at + 4L * t));
        float max = largest.reduceLanes(VectorOperators.MAX);
        for (int part = 0; part < 16; part += COUNT) exponentials(scores, at, part, padded, max, partials);
        return 1 / Numbers.tree(scores, partials);
    }

    private static void exponentials(MemorySegment scores, long at, int part, int padded, float max, long partials) {
        FloatVector sum = Lanes.broadcast(0);
        for (int t = part; t < padded; t += 16) {
            FloatVector p = Lanes.exp(Lanes.load(scores, at + 4L * t).sub(max));
            Lanes.store(p, scores, at + 4L * t);
            sum = sum.add(p);
        }
        Lanes.store(sum, scores, partials + 4L * part);
    }

    /// The sums of four queries over tokens 0 to `tokens - 1`, not yet divided.
    private static void valuesFour(
            AttentionCall call, int sequence, int kvHead, long head0, long head1, long head2, long head3,
            int tokens, MemorySegment p, long step) {
        int dimension = call.headDimension();
        MemorySegment pool = call.kv().segment();
        MemorySegment out = call.out().segment();
        for (int t = 0; t < tokens; t += 16) {
            long values = call.keyOffset(sequence, t / 16, kvHead) + call.valueDistance();
            int count = Math.min(16, tokens - t);
            boolean begin = t == 0;
            int d = 0;
            for (; d + COUNT <= dimension; d += COUNT)
                blockFour(pool, values + 4L * d, 4L * dimension, count, p, 4L * t, step,
                        out, head0 + 4L * d, head1 + 4L * d, head2 + 4L * d, head3 + 4L * d, begin);
            for (; d < dimension; d++) {
                element(pool, values + 4L * d, 4L * dimension, count, p, 4L * t, out, head0 + 4L * d, begin);
                element(pool, values + 4L * d, 4L * dimension, count, p, 4L * t + step, out, head1 + 4L * d, begin);
                element(pool, values + 4L * d, 4L * dimension, count, p, 4L * t + 2 * step, out, head2 + 4L * d, begin);
                element(pool, values + 4L * d, 4L * dimension, count, p, 4L * t + 3 * step, out, head3 + 4L * d, begin);
            }
        }
    }

    private static void blockFour(
            MemorySegment pool, long values, long valueStep, int tokens, MemorySegment p, long pAt, long step,
            MemorySegment out, long to0, long to1, long to2, long to3, boolean begin) {
        FloatVector zero = Lanes.broadcast(0);
        FloatVector a = begin ? zero : Lanes.load(out, to0);
        FloatVector b = begin ? zero : Lanes.load(out, to1);
        FloatVector c = begin ? zero : Lanes.load(out, to2);
        FloatVector e = begin ? zero : Lanes.load(out, to3);
        for (int t = 0; t < tokens; t++) {
            FloatVector v = Lanes.load(pool, values + valueStep * t);
            long at = pAt + 4L * t;
            a = v.fma(Lanes.broadcast(p.get(ValueLayout.JAVA_FLOAT, at)), a);
            b = v.fma(Lanes.broadcast(p.get(ValueLayout.JAVA_FLOAT, at + step)), b);
            c = v.fma(Lanes.broadcast(p.get(ValueLayout.JAVA_FLOAT, at + 2 * step)), c);
            e = v.fma(Lanes.broadcast(p.get(ValueLayout.JAVA_FLOAT, at + 3 * step)), e);
        }
        Lanes.store(a, out, to0);
        Lanes.store(b, out, to1);
        Lanes.store(c, out, to2);
        Lanes.store(e, out, to3);
    }

    /// Goes on with one query over tokens `from` to `to - 1` and divides.
    private static void valuesOne(
            AttentionCall call, int sequence, int kvHead, long head, int from, int to, MemorySegment p, long pAt, float inverse) {
        int dimension = call.headDimension();
        MemorySegment pool = call.kv().segment();
        MemorySegment out = call.out().segment();
        int t = from;
        while (t < to) {
            int slot = t % 16;
            int count = Math.min(16 - slot, to - t);
            long values = call.keyOffset(sequence, t / 16, kvHead) + call.valueDistance() + 4L * slot * dimension;
            int d = 0;
            for (; d + COUNT <= dimension; d += COUNT)
                blockOne(pool, values + 4L * d, 4L * dimension, count, p, pAt + 4L * t, out, head + 4L * d, t == 0);
            for (; d < dimension; d++)
                element(pool, values + 4L * d, 4L * dimension, count, p, pAt + 4L * t, out, head + 4L * d, t == 0);
            t += count;
        }
        for (int d = 0; d < dimension; d++) {
            float sum = out.get(ValueLayout.JAVA_FLOAT, head + 4L * d);
            out.set(ValueLayout.JAVA_FLOAT, head + 4L * d, sum * inverse);
        }
    }

    private static void blockOne(
            MemorySegment pool, long values, long valueStep, int tokens, MemorySegment p, long pAt,
            MemorySegment out, long to, boolean begin) {
        FloatVector a = begin ? Lanes.broadcast(0) : Lanes.load(out, to);
        for (int t = 0; t < tokens; t++)
            a = Lanes.load(pool, values + valueStep * t)
                    .fma(Lanes.broadcast(p.get(ValueLayout.JAVA_FLOAT, pAt + 4L * t)), a);
        Lanes.store(a, out, to);
    }

    private static void element(
            MemorySegment pool, long values, long valueStep, int tokens, MemorySegment p, long pAt,
            MemorySegment out, long to, boolean begin) {
        float sum = begin ? 0 : out.get(ValueLayout.JAVA_FLOAT, to);
        for (int t = 0; t < tokens; t++)
            sum = Math.fma(
                    p.get(ValueLayout.JAVA_FLOAT, pAt + 4L * t), pool.get(ValueLayout.JAVA_FLOAT, values + valueStep * t), sum);
        out.set(ValueLayout.JAVA_FLOAT, to, sum);
    }
}
