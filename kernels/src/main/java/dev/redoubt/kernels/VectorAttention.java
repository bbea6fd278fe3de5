package dev.redoubt.kernels;

import static dev.redoubt.kernels.Lanes.COUNT;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/// Vector attention for one KV head: the query heads that share it, in a few neighbouring rows, go over its
/// keys and values together.
final class VectorAttention {
    /* A query is a (row, member of the group), numbered row by row. Queries go in fours that share every load of K and V; in the last
     * four, copies of the last query fill the places that are free, and their results are dropped. A block that is not stored as f32 is
     * widened into scratch once for all fours, so that there is one set of loops for all formats.
     *
     * 1. Scores, lanes are the 16 tokens of a block: every block of which a row of the four sees a token.
     * 2. Softmax per query; lanes that it does not see become -infinity first, and exp gives them exactly 0.
     * 3. Values, lanes are dimensions: each query alone over what only earlier windows reach, all four over the tokens that each of them
     *    sees, then each alone over the rest of its own; a single query of a four alone all the way. Values that a query does not see
     *    are never read for it, so that neighbours cannot show even in the sign of a zero.
     *
     * Scratch, in floats: queries [fours][dimension][4], sums [4·fours][dimension], widened [16·dimension], partials [16],
     * scores [4·fours][tokens in whole blocks], inverses [4·fours] (1 / the sum of a query's weights). */
    private static final int FOUR = 4;

    private final AttentionCall call;
    private final KvFormat format;
    private final int rowFrom;
    private final int kvHead;
    private final int sequence;
    private final int dimension;
    private final long pool;
    private final int count;
    private final int fours;
    private final long queries;
    private final long sums;
    private final long widened;
    private final long partials;
    private final long scores;
    /// Bytes from the scores of one query to those of the next.
    private final long scoreBytes;
    private final long inverses;

    private VectorAttention(AttentionCall call, int rowFrom, int rowTo, int kvHead, Scratch scratch) {
        this.call = call;
        this.format = call.format();
        this.rowFrom = rowFrom;
        this.kvHead = kvHead;
        sequence = call.batch().sequence[rowFrom];
        dimension = call.headDimension();
        pool = SystemMemory.address(call.kv().segment());
        count = (rowTo - rowFrom) * call.group();
        fours = (count + FOUR - 1) / FOUR;
        int tokens = (call.batch().position[rowTo - 1] / 16 + 1) * 16;
        long floats = (2L * FOUR * fours + 16) * dimension + 16 + (long) FOUR * fours * (1 + tokens);
        queries = SystemMemory.address(scratch.floats(floats));
        sums = queries + 4L * FOUR * fours * dimension;
        widened = sums + 4L * FOUR * fours * dimension;
        partials = widened + 64L * dimension;
        scores = partials + 64;
        scoreBytes = 4L * tokens;
        inverses = scores + FOUR * fours * scoreBytes;
    }

    static void attend(AttentionCall call, int rowFrom, int rowTo, int kvHead, Scratch scratch) {
        new VectorAttention(call, rowFrom, rowTo, kvHead, scratch).attend();
    }

    private void attend() {
        for (int i = 0; i < FOUR * fours; i++) loadQuery(Math.min(i, count - 1), i);
        int begin = first(0) / 16 * 16;
        for (int block = begin; block < tokens(count - 1); block += 16) scoresOfBlock(block);
        for (int i = 0; i < count; i++) softmax(i);
        for (long at = sums; at < widened; at += 4) Lanes.set(at, 0);
        for (int block = begin; block < tokens(count - 1); block += 16) valuesOfBlock(block);
        for (int i = 0; i < count; i++) storeResult(i);
    }

    /// Behind the last token that a query sees.
    private int tokens(int query) {
        return call.batch().position[rowFrom + query / call.group()] + 1;
    }

    /// The first token that a query sees.
    private int first(int query) {
        return call.rule().first(tokens(query) - 1);
    }

    /// Whether a query of a four, the first of which is `from` and the last `to - 1`, sees a token of a block.
    private boolean seen(int block, int from, int to) {
        return block < tokens(to - 1) && block + 16 > first(from);
    }

    private long headOffset(int query) {
        return call.headOffset(rowFrom + query / call.group(), kvHead, query % call.group());
    }

    private void loadQuery(int query, int i) {
        long from = SystemMemory.address(call.query().segment()) + headOffset(query);
        long to = queries + 16L * (i / FOUR) * dimension + 4L * (i % FOUR);
        for (int d = 0; d < dimension; d++) Lanes.set(to + 16L * d, Lanes.get(from + 4L * d));
    }

    /// Where the keys, or the values, of a block are f32.
    ///
    /// @param head where they are stored
    private long floats(long head) {
        long elements = head + format.headerBytes();
        switch (format) {
            case F32 -> {
                return elements;
            }
            case F16 -> widenF16(elements, 16 * dimension, widened);
            case Q8 -> widenI8(elements, 16 * dimension, widened);
        }
        return widened;
    }

    private static void widenF16(long from, int count, long to) {
        for (int i = 0; i < count; i += COUNT) Lanes.store(Lanes.loadF16(from + 2L * i), to + 4L * i);
    }

    private static void widenI8(long from, int count, long to) {
        for (int i = 0; i < count; i += COUNT) Lanes.store(Lanes.loadI8(from + i), to + 4L * i);
    }

    private void scoresOfBlock(int block) {
        long head = pool + call.keyOffset(sequence, block / 16, kvHead);
        long keys = floats(head);
        boolean scaled = format.headerBytes() > 0;
        for (int four = 0; four < fours; four++) {
            if (!seen(block, FOUR * four, Math.min(FOUR * four + FOUR, count))) continue;
            long to = scores + FOUR * four * scoreBytes + 4L * block;
            for (int part = 0; part < 16; part += COUNT)
                scores(
                        keys + 4L * part,
                        dimension,
                        queries + 16L * four * dimension,
                        scaled ? 1 : call.rule().scale(),
                        to + 4L * part,
                        scoreBytes);
            if (scaled)
                for (int i = 0; i < FOUR; i++)
                    multiply(to + i * scoreBytes, head, call.rule().scale());
        }
    }

    /// Multiplies the scores or weights of 16 tokens by their scales, and then by `factor`.
    private static void multiply(long x, long scales, float factor) {
        for (int t = 0; t < 16; t += COUNT)
            Lanes.store(Lanes.load(x + 4L * t).mul(Lanes.load(scales + 4L * t)).mul(factor), x + 4L * t);
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
    private void softmax(int i) {
        long row = scores + i * scoreBytes;
        int tokens = tokens(i);
        int padded = (tokens + 15) / 16 * 16;
        int begin = first(i) / 16 * 16;
        if (call.rule().cap() > 0) cap(row, begin, padded, call.rule().cap());
        for (int t = begin; t < first(i); t++) Lanes.set(row + 4L * t, Float.NEGATIVE_INFINITY);
        for (int t = tokens; t < padded; t++) Lanes.set(row + 4L * t, Float.NEGATIVE_INFINITY);
        float max = max(row, begin, padded);
        for (int part = 0; part < 16; part += COUNT)
            exponentials(row + 4L * part, begin, padded, max, partials + 4L * part);
        Lanes.set(inverses + 4L * i, 1 / Lanes.tree(partials));
    }

    private static void cap(long row, int begin, int padded, float cap) {
        for (int t = begin; t < padded; t += COUNT)
            Lanes.store(Lanes.softCap(Lanes.load(row + 4L * t), cap), row + 4L * t);
    }

    private static float max(long row, int begin, int padded) {
        FloatVector largest = Lanes.broadcast(Float.NEGATIVE_INFINITY);
        for (int t = begin; t < padded; t += COUNT) largest = largest.max(Lanes.load(row + 4L * t));
        return largest.reduceLanes(VectorOperators.MAX);
    }

    private static void exponentials(long row, int begin, int padded, float max, long partial) {
        FloatVector sum = Lanes.broadcast(0);
        for (int t = begin; t < padded; t += 16) {
            FloatVector p = Lanes.exp(Lanes.load(row + 4L * t).sub(max));
            Lanes.store(p, row + 4L * t);
            sum = sum.add(p);
        }
        Lanes.store(sum, partial);
    }

    private void valuesOfBlock(int block) {
        long head = pool + call.keyOffset(sequence, block / 16, kvHead) + call.valueDistance();
        long values = floats(head);
        for (int four = 0; four < fours; four++) {
            int from = FOUR * four;
            int to = Math.min(from + FOUR, count);
            if (!seen(block, from, to)) continue;
            if (format.headerBytes() > 0)
                for (int i = from; i < to; i++) multiply(scores + i * scoreBytes + 4L * block, head, 1);
            boolean one = to - from == 1;
            int begin = one ? 16 : Math.clamp(first(to - 1) - block, 0, 16); // of the tokens that all see
            int end = one ? 16 : Math.clamp(tokens(from) - block, begin, 16);
            for (int i = from; i < to; i++)
                valuesOfOne(values, i, block, Math.max(first(i) - block, 0), Math.min(tokens(i) - block, begin));
            if (begin < end) valuesOfFour(values + 4L * dimension * begin, from, block + begin, end - begin);
            for (int i = from; i < to; i++) valuesOfOne(values, i, block, end, Math.min(tokens(i) - block, 16));
        }
    }

    /// Goes on with four queries over `tokens` tokens, of which `first` is the first.
    private void valuesOfFour(long values, int from, int first, int tokens) {
        long row = 4L * dimension;
        long p = scores + from * scoreBytes + 4L * first;
        long to = sums + from * row;
        int d = 0;
        for (; d + 2 * COUNT <= dimension; d += 2 * COUNT)
            twoColumns(values + 4L * d, row, tokens, p, scoreBytes, to + 4L * d);
        for (; d + COUNT <= dimension; d += COUNT)
            for (int i = 0; i < FOUR; i++)
                column(values + 4L * d, row, tokens, p + i * scoreBytes, to + i * row + 4L * d);
        for (; d < dimension; d++)
            for (int i = 0; i < FOUR; i++)
                element(values + 4L * d, row, tokens, p + i * scoreBytes, to + i * row + 4L * d);
    }

    /// Goes on with query `i` over the tokens `from` to `to - 1` of a block.
    private void valuesOfOne(long values, int i, int block, int from, int to) {
        if (from >= to) return;
        long row = 4L * dimension;
        long p = scores + i * scoreBytes + 4L * (block + from);
        long begin = values + from * row;
        int d = 0;
        for (; d + COUNT <= dimension; d += COUNT) column(begin + 4L * d, row, to - from, p, sums + i * row + 4L * d);
        for (; d < dimension; d++) element(begin + 4L * d, row, to - from, p, sums + i * row + 4L * d);
    }

    private void storeResult(int query) {
        long from = sums + 4L * query * dimension;
        long to = SystemMemory.address(call.out().segment()) + headOffset(query);
        float inverse = Lanes.get(inverses + 4L * query);
        for (int d = 0; d < dimension; d++) Lanes.set(to + 4L * d, Lanes.get(from + 4L * d) * inverse);
    }

    /// Two vectors of dimensions of all four queries over the tokens of a block.
    private static void twoColumns(long values, long row, int tokens, long p, long step, long to) {
        long second = 4L * COUNT;
        FloatVector a0 = Lanes.load(to);
        FloatVector a1 = Lanes.load(to + second);
        FloatVector b0 = Lanes.load(to + row);
        FloatVector b1 = Lanes.load(to + row + second);
        FloatVector c0 = Lanes.load(to + 2 * row);
        FloatVector c1 = Lanes.load(to + 2 * row + second);
        FloatVector e0 = Lanes.load(to + 3 * row);
        FloatVector e1 = Lanes.load(to + 3 * row + second);
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
    private static void column(long values, long row, int tokens, long p, long to) {
        FloatVector sum = Lanes.load(to);
        for (int t = 0; t < tokens; t++)
            sum = Lanes.load(values + row * t).fma(Lanes.broadcast(Lanes.get(p + 4L * t)), sum);
        Lanes.store(sum, to);
    }

    /// One dimension of one query.
    private static void element(long values, long row, int tokens, long p, long to) {
        float sum = Lanes.get(to);
        for (int t = 0; t < tokens; t++) sum = Math.fma(Lanes.get(p + 4L * t), Lanes.get(values + row * t), sum);
        Lanes.set(to, sum);
    }
}
