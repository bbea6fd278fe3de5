package dev.redoubt.kernels;

import static dev.redoubt.kernels.Lanes.COUNT;

import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/// Vector kernels over single rows: quantization, norm, GELU, gate functions, sums, soft cap, log-sum-exp. Rows
/// are addresses, counts are in elements.
final class VectorRows {
    private VectorRows() {}

    static void quantizeRow(long in, int row, Activations out) {
        for (int block = 0; block < out.blocks(); block++) quantizeBlock(in + 4L * block * R16.BLOCK, row, block, out);
    }

    private static void quantizeBlock(long in, int row, int block, Activations out) {
        FloatVector smallest = Lanes.load(in);
        FloatVector largest = smallest;
        for (int i = COUNT; i < R16.BLOCK; i += COUNT) {
            FloatVector x = Lanes.load(in + 4L * i);
            smallest = smallest.min(x);
            largest = largest.max(x);
        }
        float lo = smallest.reduceLanes(VectorOperators.MIN);
        float hi = largest.reduceLanes(VectorOperators.MAX);
        float scale = Activations.scale(lo, hi);
        float factor = scale == 0 ? 0 : 1 / scale;
        int zero = Activations.round((hi + lo) * 0.5f * factor);
        int to = row * out.columns() + block * R16.BLOCK;
        float sum = quantizeValues(in, factor, out.floats, to);
        if (!out.bytesNeeded()) {
            out.finish(row, block, scale, sum);
            return;
        }
        for (int i = 0; i < R16.BLOCK; i++)
            out.q.set(ValueLayout.JAVA_BYTE, to + i, (byte) ((int) out.floats[to + i] - zero));
        out.finish(row, block, scale, zero);
    }

    /// @return the sum of the levels, exact in any order
    private static float quantizeValues(long in, float factor, float[] floats, int to) {
        FloatVector round = Lanes.broadcast(Numbers.ROUND);
        FloatVector sum = Lanes.broadcast(0);
        for (int i = 0; i < R16.BLOCK; i += COUNT) {
            FloatVector level = Lanes.load(in + 4L * i).mul(factor).add(round).sub(round);
            level.intoArray(floats, to + i);
            sum = sum.add(level);
        }
        return sum.reduceLanes(VectorOperators.ADD);
    }

    static void rmsNorm(long in, int columns, long weight, float epsilon, long out, long scratch) {
        sumOfSquares(in, columns, scratch);
        float inverse = Numbers.inverseRms(Lanes.tree(scratch), columns, epsilon);
        int whole = columns / COUNT * COUNT;
        for (int i = 0; i < whole; i += COUNT) {
            FloatVector x = Lanes.load(in + 4L * i).mul(inverse);
            Lanes.store(x.mul(Lanes.load(weight + 4L * i)), out + 4L * i);
        }
        for (int i = whole; i < columns; i++)
            Lanes.set(out + 4L * i, (Lanes.get(in + 4L * i) * inverse) * Lanes.get(weight + 4L * i));
    }

    private static void sumOfSquares(long in, int columns, long partials) {
        int whole = columns / 16 * 16;
        for (int part = 0; part < 16; part += COUNT) {
            FloatVector sum = Lanes.broadcast(0);
            for (int i = part; i < whole; i += 16) {
                FloatVector x = Lanes.load(in + 4L * i);
                sum = x.fma(x, sum);
            }
            Lanes.store(sum, partials + 4L * part);
        }
        for (int i = whole; i < columns; i++) {
            float x = Lanes.get(in + 4L * i);
            long partial = partials + 4L * (i - whole);
            Lanes.set(partial, Math.fma(x, x, Lanes.get(partial)));
        }
    }

    static void activate(GateFunction function, long gate, long up, int columns) {
        int whole = columns / COUNT * COUNT;
        switch (function) {
            case SILU -> siluOfVectors(gate, up, whole);
            case GELU_TANH -> geluOfVectors(gate, up, whole);
        }
        for (int i = whole; i < columns; i++) {
            float x = Lanes.get(gate + 4L * i);
            float z = Numbers.slope(function, x);
            Lanes.set(gate + 4L * i, (x / (1 + Numbers.exp(-z))) * Lanes.get(up + 4L * i));
        }
    }

    private static void siluOfVectors(long gate, long up, int whole) {
        for (int i = 0; i < whole; i += COUNT) {
            FloatVector x = Lanes.load(gate + 4L * i);
            FloatVector silu = x.div(Lanes.exp(x.neg()).add(1f));
            Lanes.store(silu.mul(Lanes.load(up + 4L * i)), gate + 4L * i);
        }
    }

    private static void geluOfVectors(long gate, long up, int whole) {
        for (int i = 0; i < whole; i += COUNT) {
            FloatVector x = Lanes.load(gate + 4L * i);
            FloatVector cube = x.mul(x).fma(Lanes.broadcast(Numbers.GELU_CUBE), Lanes.broadcast(1));
            FloatVector z = x.mul(Numbers.GELU_SLOPE).mul(cube);
            FloatVector gelu = x.div(Lanes.exp(z.neg()).add(1f));
            Lanes.store(gelu.mul(Lanes.load(up + 4L * i)), gate + 4L * i);
        }
    }

    static void gelu(long x, int columns) {
        int whole = columns / COUNT * COUNT;
        for (int i = 0; i < whole; i += COUNT) Lanes.store(Lanes.gelu(Lanes.load(x + 4L * i)), x + 4L * i);
        for (int i = whole; i < columns; i++) Lanes.set(x + 4L * i, Numbers.gelu(Lanes.get(x + 4L * i)));
    }

    static void addScaled(long x, int columns, float factor, long out) {
        int whole = columns / COUNT * COUNT;
        for (int i = 0; i < whole; i += COUNT)
            Lanes.store(Lanes.load(x + 4L * i).fma(Lanes.broadcast(factor), Lanes.load(out + 4L * i)), out + 4L * i);
        for (int i = whole; i < columns; i++)
            Lanes.set(out + 4L * i, Math.fma(factor, Lanes.get(x + 4L * i), Lanes.get(out + 4L * i)));
    }

    static void softCap(long x, int columns, float cap) {
        int whole = columns / COUNT * COUNT;
        for (int i = 0; i < whole; i += COUNT) Lanes.store(Lanes.softCap(Lanes.load(x + 4L * i), cap), x + 4L * i);
        for (int i = whole; i < columns; i++) Lanes.set(x + 4L * i, Numbers.softCap(Lanes.get(x + 4L * i), cap));
    }

    static float logSumExp(long x, int columns, long scratch) {
        float max = max(x, columns);
        int whole = columns / 16 * 16;
        for (int part = 0; part < 16; part += COUNT) {
            FloatVector sum = Lanes.broadcast(0);
            for (int i = part; i < whole; i += 16)
                sum = sum.add(Lanes.exp(Lanes.load(x + 4L * i).sub(max)));
            Lanes.store(sum, scratch + 4L * part);
        }
        for (int i = whole; i < columns; i++) {
            long partial = scratch + 4L * (i - whole);
            Lanes.set(partial, Lanes.get(partial) + Numbers.exp(Lanes.get(x + 4L * i) - max));
        }
        return max + (float) StrictMath.log(Lanes.tree(scratch));
    }

    static void exponentials(long x, int columns, float largest, float factor, long out) {
        int whole = columns / COUNT * COUNT;
        for (int i = 0; i < whole; i += COUNT)
            Lanes.store(Lanes.exp(Lanes.load(x + 4L * i).sub(largest).mul(factor)), out + 4L * i);
        for (int i = whole; i < columns; i++)
            Lanes.set(out + 4L * i, Numbers.exp((Lanes.get(x + 4L * i) - largest) * factor));
    }

    private static float max(long x, int columns) {
        FloatVector largest = Lanes.broadcast(Float.NEGATIVE_INFINITY);
        int whole = columns / COUNT * COUNT;
        for (int i = 0; i < whole; i += COUNT) largest = largest.max(Lanes.load(x + 4L * i));
        float max = largest.reduceLanes(VectorOperators.MAX);
        for (int i = whole; i < columns; i++) max = Math.max(max, Lanes.get(x + 4L * i));
        return max;
    }

    static int argMax(long x, int columns) {
        float max = max(x, columns);
        int whole = columns / COUNT * COUNT;
        for (int i = 0; i < whole; i += COUNT) {
            var equal = Lanes.load(x + 4L * i).compare(VectorOperators.EQ, max);
            if (equal.anyTrue()) return i + equal.firstTrue();
        }
        for (int i = whole; i < columns; i++) if (Lanes.get(x + 4L * i) == max) return i;
        return 0;
    }
}
