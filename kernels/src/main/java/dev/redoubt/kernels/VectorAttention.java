package dev.redoubt.kernels;

import static dev.redoubt.kernels.Lanes.COUNT;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/// Vector attention for one KV head: the query heads that share it, in a few neighbouring rows, go over its
/// keys and values together.
final class VectorAttention {
    /* A query is a (row, member of the group), numbered row by row. Queries go in fours that share every load of K and V; in the last
     * four, copies of the last query fill the places that are free, and their results are dropped.
     *
     * 1. Scores, lanes are the 16 tokens of a block: every block that the longest row of the four sees.
     * 2. Softmax per query; lanes past its own position become -infinity first, and exp gives them exactly 0.
     * 3. Values, lanes are dimensions: all four queries over the tokens that each of them sees, then each alone over the rest of its
     *    own. Values past a query's position are never read for it, so that neighbours cannot show even in the sign of a zero.
     *
     * Scratch, in floats: queries [dimension][4], sums [4][dimension], partials [16], scores [4][tokens in whole blocks]. */
    private static final int FOUR = 4;

    private final AttentionCall call;
    private final int rowFrom;
    private final int kvHead;
    private final int sequence;
    private final int dimension;
    private final long pool;
    private final long queries;
    private final long sums;
    private final long partials;
    private final long scores;
    /// Bytes from the scores of one query to those of the next.
    private final long scoreBytes;
    /// By query of the four: 1 / the sum of its weights.
    private final float[] inverse = new float[FOUR];

    private VectorAttention(AttentionCall call, int rowFrom, int rowTo, int kvHead, Scratch scratch) {
        this.call = call;
        this.rowFrom = rowFrom;
        this.kvHead = kvHead;
        sequence = call.batch().sequence[rowFrom];
        dimension = call.headDimension();
        pool = Lanes.address(call.kv().segment());
        int tokens = (call.batch().position[rowTo - 1] / 16 + 1) * 16;
        queries = Lanes.address(scratch.floats(2L * FOUR * dimension + 16 + (long) FOUR * tokens));
        sums = queries + 4L * FOUR * dimension;
        partials = sums + 4L * FOUR * dimension;
        scores = partials + 64;
        scoreBytes = 4L * tokens;
    }

    static void attend(AttentionCall call, int rowFrom, int rowTo, int kvHead, Scratch scratch) {
        VectorAttention item = new VectorAttention(call, rowFrom, rowTo, kvHead, scratch);
        int queries = (rowTo - rowFrom) * call.group();
        for (int first = 0; first < queries; first += FOUR) item.attendFour(first, Math.min(FOUR, queries - first));
    }

    private void attendFour(int first, int count) {
        for (int i = 0; i < FOUR; i++) loadQuery(first + Math.min(i, count - 1), i);
        int longest = tokens(first + count - 1);
        for (int block = 0; block * 16 < longest; block++) {
            long keys = pool + call.keyOffset(sequence, block, kvHead);
            for (int part = 0; part < 16; part += COUNT)
                scores(
                        keys + 4L * part,
                        dimension,
                        queries,
                        call.scale(),
                        scores + 64L * block + 4L * part,
                        scoreBytes);
        }
        int together = count == FOUR ? tokens(first) : 0;
        for (int i = 0; i < count; i++) softmax(i, tokens(first + i));
        valuesOfFour(together);
        for (int i = 0; i < count; i++) {
            valuesOfOne(i, together, tokens(first + i));
            storeResult(first + i, i);
        }
    }

    /// How many tokens a query sees.
    private int tokens(int query) {
        return call.batch().position[rowFrom + query / call.group()] + 1;
    }

    private long headOffset(int query) {
        return call.headOffset(rowFrom + query / call.group(), kvHead, query % call.group());
    }

    private void loadQuery(int query, int i) {
        long from = Lanes.address(call.query().segment()) + headOffset(query);
        for (int d = 0; d < dimension; d++) Lanes.set(queries + 16L * d + 4L * i, Lanes.get(from + 4L * d));
    }

    private static void scores(long keys, int dimension, long queries, float scale, long to, long step) {
        FloatVector a = Lanes.broadcast(0);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector e = a;
        for (int d = 0; d < dimension; d++) {
            FloatVector key = Lanes.load(keys + 64L * d);
            long query = queries + 16L * d;
            a = key.fma(Lanes.broadcast(Lanes.get(query)), a);
            b = key.fma(Lanes.broadcast(Lanes.get(query + 4)), b);
            c = key.fma(Lanes.broadcast(Lanes.get(query + 8)), c);
            e = key.fma(Lanes.broadcast(Lanes.get(query + 12)), e);
        }
        Lanes.store(a.mul(scale), to);
        Lanes.store(b.mul(scale), to + step);
        Lanes.store(c.mul(scale), to + 2 * step);
        Lanes.store(e.mul(scale), to + 3 * step);
    }

    /// Scores of query `i` become exp(score - max).
    private void softmax(int i, int tokens) {
        long row = scores + i * scoreBytes;
        int padded = (tokens + 15) / 16 * 16;
        for (int t = tokens; t < padded; t++) Lanes.set(row + 4L * t, Float.NEGATIVE_INFINITY);
        float max = max(row, padded);
        for (int part = 0; part < 16; part += COUNT) exponentials(row + 4L * part, padded, max, partials + 4L * part);
        inverse[i] = 1 / Lanes.tree(partials);
    }

    private static float max(long row, int padded) {
        FloatVector largest = Lanes.broadcast(Float.NEGATIVE_INFINITY);
        for (int t = 0; t < padded; t += COUNT) largest = largest.max(Lanes.load(row + 4L * t));
        return largest.reduceLanes(VectorOperators.MAX);
    }

    private static void exponentials(long row, int padded, float max, long partial) {
        FloatVector sum = Lanes.broadcast(0);
        for (int t = 0; t < padded; t += 16) {
            FloatVector p = Lanes.exp(Lanes.load(row + 4L * t).sub(max));
            Lanes.store(p, row + 4L * t);
            sum = sum.add(p);
        }
        Lanes.store(sum, partial);
    }

    private long values(int token) {
        return pool
                + call.keyOffset(sequence, token / 16, kvHead)
                + call.valueDistance()
                + 4L * (token % 16) * dimension;
    }

    /// The sums of all four queries over tokens 0 to `to - 1`, not yet divided.
    private void valuesOfFour(int to) {
        long row = 4L * dimension;
        for (int t = 0; t < to; t += 16) {
            long values = values(t);
            long p = scores + 4L * t;
            int count = Math.min(16, to - t);
            int d = 0;
            for (; d + 2 * COUNT <= dimension; d += 2 * COUNT)
                twoColumns(values + 4L * d, row, count, p, scoreBytes, sums + 4L * d, t == 0);
            for (; d + COUNT <= dimension; d += COUNT)
                for (int i = 0; i < FOUR; i++)
                    column(values + 4L * d, row, count, p + i * scoreBytes, sums + i * row + 4L * d, t == 0);
            for (; d < dimension; d++)
                for (int i = 0; i < FOUR; i++)
                    element(values + 4L * d, row, count, p + i * scoreBytes, sums + i * row + 4L * d, t == 0);
        }
    }

    /// Goes on with query `i` over tokens `from` to `to - 1`.
    private void valuesOfOne(int i, int from, int to) {
        long row = 4L * dimension;
        int t = from;
        while (t < to) {
            long values = values(t);
            long p = scores + i * scoreBytes + 4L * t;
            int count = Math.min(16 - t % 16, to - t);
            int d = 0;
            for (; d + COUNT <= dimension; d += COUNT)
                column(values + 4L * d, row, count, p, sums + i * row + 4L * d, t == 0);
            for (; d < dimension; d++) element(values + 4L * d, row, count, p, sums + i * row + 4L * d, t == 0);
            t += count;
        }
    }

    private void storeResult(int query, int i) {
        long from = sums + 4L * i * dimension;
        long to = Lanes.address(call.out().segment()) + headOffset(query);
        for (int d = 0; d < dimension; d++) Lanes.set(to + 4L * d, Lanes.get(from + 4L * d) * inverse[i]);
    }

    /// Two vectors of dimensions of all four queries over the tokens of a block.
    private static void twoColumns(long values, long row, int tokens, long p, long step, long to, boolean begin) {
        FloatVector zero = Lanes.broadcast(0);
        long second = 4L * COUNT;
        FloatVector a0 = begin ? zero : Lanes.load(to);
        FloatVector a1 = begin ? zero : Lanes.load(to + second);
        FloatVector b0 = begin ? zero : Lanes.load(to + row);
        FloatVector b1 = begin ? zero : Lanes.load(to + row + second);
        FloatVector c0 = begin ? zero : Lanes.load(to + 2 * row);
        FloatVector c1 = begin ? zero : Lanes.load(to + 2 * row + second);
        FloatVector e0 = begin ? zero : Lanes.load(to + 3 * row);
        FloatVector e1 = begin ? zero : Lanes.load(to + 3 * row + second);
        for (int t = 0; t < tokens; t++) {
            FloatVector v0 = Lanes.load(values + row * t);
            FloatVector v1 = Lanes.load(values + row * t + second);
            long at = p + 4L * t;
            FloatVector weight = Lanes.broadcast(Lanes.get(at));
            a0 = v0.fma(weight, a0);
            a1 = v1.fma(weight, a1);
            weight = Lanes.broadcast(Lanes.get(at + step));
            b0 = v0.fma(weight, b0);
            b1 = v1.fma(weight, b1);
            weight = Lanes.broadcast(Lanes.get(at + 2 * step));
            c0 = v0.fma(weight, c0);
            c1 = v1.fma(weight, c1);
            weight = Lanes.broadcast(Lanes.get(at + 3 * step));
            e0 = v0.fma(weight, e0);
            e1 = v1.fma(weight, e1);
        }
        Lanes.store(a0, to);
        Lanes.store(a1, to + second);
        Lanes.store(b0, to + row);
        Lanes.store(b1, to + row + second);
        Lanes.store(c0, to + 2 * row);
        Lanes.store(c1, to + 2 * row + second);
        Lanes.store(e0, to + 3 * row);
        Lanes.store(e1, to + 3 * row + second);
    }

    /// One vector of dimensions of one query.
    private static void column(long values, long row, int tokens, long p, long to, boolean begin) {
        FloatVector sum = begin ? Lanes.broadcast(0) : Lanes.load(to);
        for (int t = 0; t < tokens; t++)
            sum = Lanes.load(values + row * t).fma(Lanes.broadcast(Lanes.get(p + 4L * t)), sum);
        Lanes.store(sum, to);
    }

    /// One dimension of one query.
    private static void element(long values, long row, int tokens, long p, long to, boolean begin) {
        float sum = begin ? 0 : Lanes.get(to);
        for (int t = 0; t < tokens; t++) sum = Math.fma(Lanes.get(p + 4L * t), Lanes.get(values + row * t), sum);
        Lanes.set(to, sum);
    }
}
