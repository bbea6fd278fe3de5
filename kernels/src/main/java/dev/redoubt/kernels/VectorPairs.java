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
    /// More than two and the compiler leaves vectors in memory.
    private static final int TOKENS = 2;
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
        for (int part = 0; part < 16; part += COUNT) dot(w, step1, step2, step3, x, part, whole, partials);
        for (int r = 0; r < count; r++) {
            long own = partials + r * PARTIAL_BYTES;
            boolean plain = in.plain(token) && noneTiny(w + r * weights.rowBytes(), whole);
            boolean exact = dotTail(weights, row + r, in, token, whole, own) && plain;
            finish(weights, row + r, in, token, out, add, exact, own);
        }
    }

    /// The odd columns of a step, then the even ones, in one small loop: the compiler inlines no more than that.
    private static void dot(long w, long step1, long step2, long step3, long x, int part, int whole, long partials) {
        FloatVector a = Lanes.broadcast(0);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        for (int half = 0; half < whole; half += Numbers.PARTIALS) {
            int step = half / Bf16.STEP * Bf16.STEP + 2 * part;
            int shift = half & Numbers.PARTIALS;
            long from = w + 2L * step;
            FloatVector v = half(x + 2L * step, shift);
            a = half(from, shift).fma(v, a);
            b = half(from + step1, shift).fma(v, b);
            c = half(from + step2, shift).fma(v, c);
            d = half(from + step3, shift).fma(v, d);
        }
        storePartials(a, b, c, d, partials + 4L * part);
    }

    /// @return whether no weight of a row's whole steps is tiny
    private static boolean noneTiny(long w, int whole) {
        ShortVector least = ShortVector.broadcast(Lanes.SHORTS, -1);
        for (int k = 0; k < whole; k += 2 * COUNT) least = least(least, Lanes.loadInts(w + 2L * k));
        return noneTiny(least);
    }

    /// Of the pairs at an address the odd ones (shift 0), or the even ones (16).
    private static FloatVector half(long pairs, int shift) {
        return Lanes.loadInts(pairs)
                .lanewise(VectorOperators.LSHL, shift)
                .and(0xFFFF0000)
                .reinterpretAsFloats();
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
        for (int half = 0; half < columns; half += Numbers.PARTIALS) {
            int shift = half & Numbers.PARTIALS;
            long from = w + 4L * (half + part);
            long xFrom = x + 2L * (half / Bf16.STEP * Bf16.STEP) + 4L * part;
            FloatVector w0 = Lanes.load(from);
            FloatVector w1 = Lanes.load(from + step1);
            FloatVector w2 = Lanes.load(from + step2);
            FloatVector w3 = Lanes.load(from + step3);
            FloatVector v = half(xFrom, shift);
            a0 = w0.fma(v, a0);
            a1 = w1.fma(v, a1);
            a2 = w2.fma(v, a2);
            a3 = w3.fma(v, a3);
            v = half(xFrom + xStep, shift);
            b0 = w0.fma(v, b0);
            b1 = w1.fma(v, b1);
            b2 = w2.fma(v, b2);
            b3 = w3.fma(v, b3);
        }
        storePartials(a0, a1, a2, a3, partials + 4L * part);
        storePartials(b0, b1, b2, b3, partials + 4L * part + ROWS * PARTIAL_BYTES);
    }
}
