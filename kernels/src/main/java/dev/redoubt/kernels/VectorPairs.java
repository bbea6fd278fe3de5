package dev.redoubt.kernels;

import static dev.redoubt.kernels.Lanes.COUNT;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/// Vector kernels of BF16 weights: lanes are the 16 partial sums of one output, an int of memory is a pair.
final class VectorPairs {
    /* As VectorFloats: four weight rows at a time; several tokens share rows that were taken apart once, 32 columns as their 16 odd
     * and then their 16 even ones, padded with zeros.
     *
     * Vectors cannot be told to flush subnormal numbers. They need not where all weights of the four rows and all values of the token
     * are zero or not tiny (Bf16.WEIGHT_MIN, INPUT_MIN), which is seen as they pass; other outputs are computed again by Bf16.dot. */
    private static final int ROWS = 4;
    private static final int TOKENS = 4;
    /// Input that is swept at a time, so that it stays in the second-level cache while the weights pass.
    private static final int INPUT_BYTES = 1 << 19;
    private static final long PARTIAL_BYTES = 4L * Numbers.PARTIALS;
    private static final long TILE_BYTES = PARTIAL_BYTES * ROWS * TOKENS;
    /// Where the even columns of a step follow its odd ones.
    private static final long EVEN = PARTIAL_BYTES;
    /// Magnitudes less 1, so that zero is the largest of unsigned numbers.
    private static final short WEIGHT_MIN = (short) ((Float.floatToRawIntBits(Bf16.WEIGHT_MIN) >> 16) - 1);

    private static final int INPUT_MIN = (Float.floatToRawIntBits(Bf16.INPUT_MIN) >> 16) - 1;

    private VectorPairs() {}

    /// Rounds a row at address `in`.
    static void round(long in, int row, RoundedActivations out) {
        long to = out.rowAddress(row);
        int whole = out.columns() / COUNT * COUNT;
        IntVector least = IntVector.broadcast(Lanes.INTS, -1);
        for (int k = 0; k < whole; k += COUNT) {
            IntVector bits = Lanes.loadInts(in + 4L * k);
            IntVector upper = bits.lanewise(VectorOperators.LSHR, 16);
            IntVector magnitude = bits.and(0x7FFFFFFF);
            IntVector rounded = bits.add(0x7FFF).add(upper.and(1)).lanewise(VectorOperators.LSHR, 16);
            rounded = rounded.blend(upper.and(0x8000), magnitude.compare(VectorOperators.LT, 0x00800000));
            rounded = rounded.blend(0x7FC0, magnitude.compare(VectorOperators.GT, 0x7F800000));
            least = least.lanewise(VectorOperators.UMIN, rounded.and(0x7FFF).sub(1));
            Lanes.storeHalves(rounded, to + 2L * k);
        }
        boolean plain = !least.compare(VectorOperators.ULT, INPUT_MIN).anyTrue();
        for (int k = whole; k < out.stride(); k++) {
            short rounded = k < out.columns() ? Bf16.round(Lanes.get(in + 4L * k)) : 0;
            plain &= !tiny(Bf16.widen(rounded), Bf16.INPUT_MIN);
            out.set(row, k, rounded);
        }
        out.plain(row, plain);
    }

    private static boolean tiny(float x, float least) {
        return x != 0 && Math.abs(x) < least;
    }

    static void matmul(
            WeightMatrix weights,
            int rowFrom,
            int rowTo,
            RoundedActivations in,
            int rows,
            FloatMatrix out,
            boolean add,
            Scratch scratch) {
        int tokens = Math.max(TOKENS, INPUT_BYTES / (2 * in.stride()) / TOKENS * TOKENS);
        for (int from = 0; from < rows; from += tokens) {
            int to = Math.min(rows, from + tokens);
            for (int row = rowFrom; row < rowTo; row += ROWS) {
                int count = Math.min(ROWS, rowTo - row);
                if (to - from >= TOKENS) manyTokens(weights, row, count, in, from, to, out, add, scratch);
                else for (int t = from; t < to; t++) oneToken(weights, row, count, in, t, out, add, scratch);
            }
        }
    }

    private static void oneToken(
            WeightMatrix weights,
            int row,
            int count,
            RoundedActivations in,
            int token,
            FloatMatrix out,
            boolean add,
            Scratch scratch) {
        long partials = SystemMemory.address(scratch.floats(TILE_BYTES / 4));
        long x = in.rowAddress(token);
        long w = SystemMemory.address(weights.data()) + row * weights.rowBytes();
        // A last row stands in for the rows that a short group lacks; what it computes there is not stored.
        long step1 = count > 1 ? weights.rowBytes() : 0;
        long step2 = count > 2 ? weights.rowBytes() + step1 : step1;
        long step3 = count > 3 ? weights.rowBytes() + step2 : step2;
        int whole = weights.columns() / Bf16.STEP * Bf16.STEP;
        boolean plain = in.plain(token);
        for (int part = 0; part < 16; part += COUNT) plain &= dot(w, step1, step2, step3, x, part, whole, partials);
        for (int r = 0; r < count; r++) {
            long own = partials + r * PARTIAL_BYTES;
            boolean exact = dotTail(weights, row + r, in, token, whole, own) && plain;
            finish(weights, row + r, in, token, out, add, exact, own);
        }
    }

    /// @return whether no weight was tiny
    private static boolean dot(long w, long step1, long step2, long step3, long x, int part, int whole, long partials) {
        FloatVector a = Lanes.broadcast(0);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        ShortVector least = ShortVector.broadcast(Lanes.SHORTS, -1);
        for (int k = 2 * part; k < whole; k += Bf16.STEP) {
            long from = w + 2L * k;
            IntVector v = Lanes.loadInts(x + 2L * k);
            FloatVector odd = odd(v);
            FloatVector even = even(v);
            IntVector pairs = Lanes.loadInts(from);
            a = even(pairs).fma(even, odd(pairs).fma(odd, a));
            least = least(least, pairs);
            pairs = Lanes.loadInts(from + step1);
            b = even(pairs).fma(even, odd(pairs).fma(odd, b));
            least = least(least, pairs);
            pairs = Lanes.loadInts(from + step2);
            c = even(pairs).fma(even, odd(pairs).fma(odd, c));
            least = least(least, pairs);
            pairs = Lanes.loadInts(from + step3);
            d = even(pairs).fma(even, odd(pairs).fma(odd, d));
            least = least(least, pairs);
        }
        storePartials(a, b, c, d, partials + 4L * part);
        return noneTiny(least);
    }

    private static FloatVector odd(IntVector pairs) {
        return pairs.and(0xFFFF0000).reinterpretAsFloats();
    }

    private static FloatVector even(IntVector pairs) {
        return pairs.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
    }

    private static ShortVector least(ShortVector least, IntVector pairs) {
        ShortVector magnitude = pairs.reinterpretAsShorts().and((short) 0x7FFF);
        return least.lanewise(VectorOperators.UMIN, magnitude.sub((short) 1));
    }

    private static boolean noneTiny(ShortVector least) {
        return !least.compare(VectorOperators.ULT, WEIGHT_MIN).anyTrue();
    }

    private static void storePartials(FloatVector a, FloatVector b, FloatVector c, FloatVector d, long to) {
        Lanes.store(a, to);
        Lanes.store(b, to + PARTIAL_BYTES);
        Lanes.store(c, to + 2 * PARTIAL_BYTES);
        Lanes.store(d, to + 3 * PARTIAL_BYTES);
    }

    /// Adds the columns from `whole` on.
    ///
    /// @return whether no weight was tiny
    private static boolean dotTail(
            WeightMatrix weights, int row, RoundedActivations in, int token, int whole, long partials) {
        boolean plain = true;
        for (int k = whole; k < weights.columns(); k += 2) {
            long partial = partials + 4L * ((k - whole) / 2);
            float even = weights.weight(row, k);
            float odd = k + 1 < weights.columns() ? weights.weight(row, k + 1) : 0;
            plain &= !tiny(odd, Bf16.WEIGHT_MIN) && !tiny(even, Bf16.WEIGHT_MIN);
            float sum = Math.fma(odd, in.get(token, k + 1), Lanes.get(partial));
            Lanes.set(partial, Math.fma(even, in.get(token, k), sum));
        }
        return plain;
    }

    /// Adds the tree and writes the output.
    ///
    /// @param exact whether no operation so far was to flush
    private static void finish(
            WeightMatrix weights,
            int row,
            RoundedActivations in,
            int token,
            FloatMatrix out,
            boolean add,
            boolean exact,
            long partials) {
        float product = exact ? Lanes.tree(partials) : Bf16.dot(weights, row, in, token);
        long to = SystemMemory.address(out.segment()) + 4L * ((long) token * out.stride() + row);
        Lanes.set(to, add ? Bf16.add(Lanes.get(to), product) : product);
    }

    private static void manyTokens(
            WeightMatrix weights,
            int row,
            int count,
            RoundedActivations in,
            int from,
            int to,
            FloatMatrix out,
            boolean add,
            Scratch scratch) {
        int columns = in.stride();
        long rowBytes = 4L * columns;
        long own = SystemMemory.address(scratch.floats(TILE_BYTES / 4 + (long) ROWS * columns));
        long w = own + TILE_BYTES;
        boolean plain = true;
        for (int r = 0; r < count; r++) plain &= takeApart(weights, row + r, w + r * rowBytes);
        long step1 = count > 1 ? rowBytes : 0;
        long step2 = count > 2 ? rowBytes + step1 : step1;
        long step3 = count > 3 ? rowBytes + step2 : step2;
        int token = from;
        for (; token + TOKENS <= to; token += TOKENS) {
            for (int part = 0; part < 16; part += COUNT)
                tile(w, step1, step2, step3, in.rowAddress(token), 2L * columns, part, columns, own);
            for (int t = 0; t < TOKENS; t++) {
                boolean exact = plain && in.plain(token + t);
                for (int r = 0; r < count; r++)
                    finish(weights, row + r, in, token + t, out, add, exact, own + (t * ROWS + r) * PARTIAL_BYTES);
            }
        }
        for (; token < to; token++) oneToken(weights, row, count, in, token, out, add, scratch);
    }

    /// @return whether no weight was tiny
    private static boolean takeApart(WeightMatrix weights, int row, long to) {
        long from = SystemMemory.address(weights.data()) + row * weights.rowBytes();
        int whole = weights.columns() / Bf16.STEP * Bf16.STEP;
        ShortVector least = ShortVector.broadcast(Lanes.SHORTS, -1);
        for (int k = 0; k < whole; k += Bf16.STEP) {
            for (int part = 0; part < 16; part += COUNT) {
                IntVector pairs = Lanes.loadInts(from + 2L * k + 4L * part);
                Lanes.store(odd(pairs), to + 4L * k + 4L * part);
                Lanes.store(even(pairs), to + 4L * k + 4L * part + EVEN);
                least = least(least, pairs);
            }
        }
        boolean plain = noneTiny(least);
        if (whole == weights.columns()) return plain;
        for (int i = 0; i < Bf16.STEP; i++) {
            int k = whole + i;
            float weight = k < weights.columns() ? weights.weight(row, k) : 0;
            plain &= !tiny(weight, Bf16.WEIGHT_MIN);
            Lanes.set(to + 4L * whole + 4L * (i / 2) + (i % 2 == 0 ? EVEN : 0), weight);
        }
        return plain;
    }

    private static void tile(
            long w, long step1, long step2, long step3, long x, long xStep, int part, int columns, long partials) {
        FloatVector a0 = Lanes.broadcast(0), a1 = a0, a2 = a0, a3 = a0;
        FloatVector b0 = a0, b1 = a0, b2 = a0, b3 = a0;
        FloatVector c0 = a0, c1 = a0, c2 = a0, c3 = a0;
        FloatVector d0 = a0, d1 = a0, d2 = a0, d3 = a0;
        for (int k = 0; k < columns; k += Bf16.STEP) {
            long from = w + 4L * (k + part);
            long xFrom = x + 2L * k + 4L * part;
            FloatVector w0 = Lanes.load(from);
            FloatVector w1 = Lanes.load(from + step1);
            FloatVector w2 = Lanes.load(from + step2);
            FloatVector w3 = Lanes.load(from + step3);
            IntVector pairsA = Lanes.loadInts(xFrom);
            FloatVector v = odd(pairsA);
            a0 = w0.fma(v, a0);
            a1 = w1.fma(v, a1);
            a2 = w2.fma(v, a2);
            a3 = w3.fma(v, a3);
            IntVector pairsB = Lanes.loadInts(xFrom + xStep);
            v = odd(pairsB);
            b0 = w0.fma(v, b0);
            b1 = w1.fma(v, b1);
            b2 = w2.fma(v, b2);
            b3 = w3.fma(v, b3);
            IntVector pairsC = Lanes.loadInts(xFrom + 2 * xStep);
            v = odd(pairsC);
            c0 = w0.fma(v, c0);
            c1 = w1.fma(v, c1);
            c2 = w2.fma(v, c2);
            c3 = w3.fma(v, c3);
            IntVector pairsD = Lanes.loadInts(xFrom + 3 * xStep);
            v = odd(pairsD);
            d0 = w0.fma(v, d0);
            d1 = w1.fma(v, d1);
            d2 = w2.fma(v, d2);
            d3 = w3.fma(v, d3);
            w0 = Lanes.load(from + EVEN);
            w1 = Lanes.load(from + step1 + EVEN);
            w2 = Lanes.load(from + step2 + EVEN);
            w3 = Lanes.load(from + step3 + EVEN);
            v = even(pairsA);
            a0 = w0.fma(v, a0);
            a1 = w1.fma(v, a1);
            a2 = w2.fma(v, a2);
            a3 = w3.fma(v, a3);
            v = even(pairsB);
            b0 = w0.fma(v, b0);
            b1 = w1.fma(v, b1);
            b2 = w2.fma(v, b2);
            b3 = w3.fma(v, b3);
            v = even(pairsC);
            c0 = w0.fma(v, c0);
            c1 = w1.fma(v, c1);
            c2 = w2.fma(v, c2);
            c3 = w3.fma(v, c3);
            v = even(pairsD);
            d0 = w0.fma(v, d0);
            d1 = w1.fma(v, d1);
            d2 = w2.fma(v, d2);
            d3 = w3.fma(v, d3);
        }
        storePartials(a0, a1, a2, a3, partials + 4L * part);
        storePartials(b0, b1, b2, b3, partials + 4L * part + ROWS * PARTIAL_BYTES);
        storePartials(c0, c1, c2, c3, partials + 4L * part + 2 * ROWS * PARTIAL_BYTES);
        storePartials(d0, d1, d2, d3, partials + 4L * part + 3 * ROWS * PARTIAL_BYTES);
    }
}
