package dev.redoubt.kernels;

import static dev.redoubt.kernels.Lanes.COUNT;

import jdk.incubator.vector.FloatVector;

/// Vector kernels of F32, F16 and F8 weights: lanes are the 16 partial sums of one output.
final class VectorFloats {
    /* Four weight rows at a time. One token: 4 accumulators, bound by memory. Several: the four rows are widened to f32 once into
     * scratch (F32 is read where it is), then 4 tokens × 4 rows of accumulators share 8 loads. The partial sums of every output go to
     * scratch, the tail of k (columns mod 16) is added there, the tree ends it. */
    private static final int ROWS = 4;
    private static final int TOKENS = 4;
    /// Input that is swept at a time, so that it stays in the second-level cache while the weights pass.
    private static final int INPUT_BYTES = 1 << 19;
    private static final long PARTIAL_BYTES = 4L * Numbers.PARTIALS;
    private static final long TILE_BYTES = PARTIAL_BYTES * ROWS * TOKENS;

    private VectorFloats() {}

    static void matmul(
            WeightMatrix weights,
            int rowFrom,
            int rowTo,
            FloatMatrix in,
            int rows,
            FloatMatrix out,
            boolean add,
            Scratch scratch) {
        int tokens = Math.max(TOKENS, INPUT_BYTES / (4 * in.stride()) / TOKENS * TOKENS);
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
            FloatMatrix in,
            int token,
            FloatMatrix out,
            boolean add,
            Scratch scratch) {
        long partials = SystemMemory.address(scratch.floats(TILE_BYTES / 4));
        long x = SystemMemory.address(in.segment()) + 4L * token * in.stride();
        long w = firstWeight(weights, row);
        // A last row stands in for the rows that a short group lacks; what it computes there is not stored.
        long step1 = count > 1 ? weights.rowBytes() : 0;
        long step2 = count > 2 ? weights.rowBytes() + step1 : step1;
        long step3 = count > 3 ? weights.rowBytes() + step2 : step2;
        int whole = weights.columns() / 16 * 16;
        for (int part = 0; part < 16; part += COUNT) {
            switch (weights.format()) {
                case F32 -> dotF32(w, step1, step2, step3, x, part, whole, partials);
                case F16 -> dotF16(w, step1, step2, step3, x, part, whole, partials);
                case F8_E4M3 -> dotF8(w, step1, step2, step3, x, part, whole, partials);
                default -> throw new IllegalArgumentException("float kernel for " + weights.format());
            }
        }
        for (int r = 0; r < count; r++) finish(weights, row + r, in, token, out, add, partials + r * PARTIAL_BYTES);
    }

    private static void dotF32(long w, long step1, long step2, long step3, long x, int part, int whole, long partials) {
        FloatVector a = Lanes.broadcast(0);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        for (int k = part; k < whole; k += 16) {
            long from = w + 4L * k;
            FloatVector v = Lanes.load(x + 4L * k);
            a = Lanes.load(from).fma(v, a);
            b = Lanes.load(from + step1).fma(v, b);
            c = Lanes.load(from + step2).fma(v, c);
            d = Lanes.load(from + step3).fma(v, d);
        }
        storePartials(a, b, c, d, partials + 4L * part);
    }

    private static void dotF16(long w, long step1, long step2, long step3, long x, int part, int whole, long partials) {
        FloatVector a = Lanes.broadcast(0);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        for (int k = part; k < whole; k += 16) {
            long from = w + 2L * k;
            FloatVector v = Lanes.load(x + 4L * k);
            a = Lanes.loadF16(from).fma(v, a);
            b = Lanes.loadF16(from + step1).fma(v, b);
            c = Lanes.loadF16(from + step2).fma(v, c);
            d = Lanes.loadF16(from + step3).fma(v, d);
        }
        storePartials(a, b, c, d, partials + 4L * part);
    }

    private static void dotF8(long w, long step1, long step2, long step3, long x, int part, int whole, long partials) {
        FloatVector a = Lanes.broadcast(0);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        for (int k = part; k < whole; k += 16) {
            long from = w + k;
            FloatVector v = Lanes.load(x + 4L * k);
            a = Lanes.loadE4m3(from).fma(v, a);
            b = Lanes.loadE4m3(from + step1).fma(v, b);
            c = Lanes.loadE4m3(from + step2).fma(v, c);
            d = Lanes.loadE4m3(from + step3).fma(v, d);
        }
        storePartials(a, b, c, d, partials + 4L * part);
    }

    /// Where the weights of a row begin, behind its scale if it has one.
    private static long firstWeight(WeightMatrix weights, int row) {
        return SystemMemory.address(weights.data())
                + row * weights.rowBytes()
                + weights.format().scaleBytes();
    }

    private static void storePartials(FloatVector a, FloatVector b, FloatVector c, FloatVector d, long to) {
        Lanes.store(a, to);
        Lanes.store(b, to + PARTIAL_BYTES);
        Lanes.store(c, to + 2 * PARTIAL_BYTES);
        Lanes.store(d, to + 3 * PARTIAL_BYTES);
    }

    /// Adds the tail of k and the tree, and writes the output.
    private static void finish(
            WeightMatrix weights, int row, FloatMatrix in, int token, FloatMatrix out, boolean add, long partials) {
        int columns = weights.columns();
        long x = SystemMemory.address(in.segment()) + 4L * token * in.stride();
        for (int k = columns / 16 * 16; k < columns; k++) {
            long partial = partials + 4L * (k % 16);
            Lanes.set(partial, Math.fma(weights.weight(row, k), Lanes.get(x + 4L * k), Lanes.get(partial)));
        }
        float product = weights.rowScale(row) * Lanes.tree(partials);
        long to = SystemMemory.address(out.segment()) + 4L * ((long) token * out.stride() + row);
        Lanes.set(to, add ? Lanes.get(to) + product : product);
    }

    private static void manyTokens(
            WeightMatrix weights,
            int row,
            int count,
            FloatMatrix in,
            int from,
            int to,
            FloatMatrix out,
            boolean add,
            Scratch scratch) {
        int whole = weights.columns() / 16 * 16;
        boolean widen = weights.format() != WeightFormat.F32;
        long own = SystemMemory.address(scratch.floats(TILE_BYTES / 4 + (widen ? (long) ROWS * whole : 0)));
        long w = widen ? own + TILE_BYTES : firstWeight(weights, row);
        long rowBytes = widen ? 4L * whole : weights.rowBytes();
        if (widen) for (int r = 0; r < count; r++) widen(weights, row + r, whole, w + r * rowBytes);
        long step1 = count > 1 ? rowBytes : 0;
        long step2 = count > 2 ? rowBytes + step1 : step1;
        long step3 = count > 3 ? rowBytes + step2 : step2;
        int token = from;
        for (; token + TOKENS <= to; token += TOKENS) {
            long x = SystemMemory.address(in.segment()) + 4L * token * in.stride();
            for (int part = 0; part < 16; part += COUNT)
                tile(w, step1, step2, step3, x, 4L * in.stride(), part, whole, own);
            for (int t = 0; t < TOKENS; t++)
                for (int r = 0; r < count; r++)
                    finish(weights, row + r, in, token + t, out, add, own + (t * ROWS + r) * PARTIAL_BYTES);
        }
        for (; token < to; token++) {
            long x = SystemMemory.address(in.segment()) + 4L * token * in.stride();
            for (int part = 0; part < 16; part += COUNT) dotF32(w, step1, step2, step3, x, part, whole, own);
            for (int r = 0; r < count; r++) finish(weights, row + r, in, token, out, add, own + r * PARTIAL_BYTES);
        }
    }

    private static void widen(WeightMatrix weights, int row, int whole, long to) {
        long from = firstWeight(weights, row);
        if (weights.format() == WeightFormat.F8_E4M3)
            for (int k = 0; k < whole; k += COUNT) Lanes.store(Lanes.loadE4m3(from + k), to + 4L * k);
        else for (int k = 0; k < whole; k += COUNT) Lanes.store(Lanes.loadF16(from + 2L * k), to + 4L * k);
    }

    private static void tile(
            long w, long step1, long step2, long step3, long x, long xStep, int part, int whole, long partials) {
        FloatVector a0 = Lanes.broadcast(0), a1 = a0, a2 = a0, a3 = a0;
        FloatVector b0 = a0, b1 = a0, b2 = a0, b3 = a0;
        FloatVector c0 = a0, c1 = a0, c2 = a0, c3 = a0;
        FloatVector d0 = a0, d1 = a0, d2 = a0, d3 = a0;
        for (int k = part; k < whole; k += 16) {
            long from = w + 4L * k;
            long xFrom = x + 4L * k;
            FloatVector w0 = Lanes.load(from);
            FloatVector w1 = Lanes.load(from + step1);
            FloatVector w2 = Lanes.load(from + step2);
            FloatVector w3 = Lanes.load(from + step3);
            FloatVector v = Lanes.load(xFrom);
            a0 = w0.fma(v, a0);
            a1 = w1.fma(v, a1);
            a2 = w2.fma(v, a2);
            a3 = w3.fma(v, a3);
            v = Lanes.load(xFrom + xStep);
            b0 = w0.fma(v, b0);
            b1 = w1.fma(v, b1);
            b2 = w2.fma(v, b2);
            b3 = w3.fma(v, b3);
            v = Lanes.load(xFrom + 2 * xStep);
            c0 = w0.fma(v, c0);
            c1 = w1.fma(v, c1);
            c2 = w2.fma(v, c2);
            c3 = w3.fma(v, c3);
            v = Lanes.load(xFrom + 3 * xStep);
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
