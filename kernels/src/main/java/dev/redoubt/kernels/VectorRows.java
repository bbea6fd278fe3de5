package dev.redoubt.kernels;

import static dev.redoubt.kernels.Lanes.COUNT;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// Vector kernels over single rows: quantization, norm, SiLU, log-sum-exp. Offsets are in bytes, counts in elements.
final class VectorRows {
    private VectorRows() {}

    static void quantizeRow(MemorySegment in, long at, int row, Activations out) {
        for (int block = 0; block < out.blocks(); block++) quantizeBlock(in, at + 4L * block * R16.BLOCK, row, block, out);
    }

    private static void quantizeBlock(MemorySegment in, long at, int row, int block, Activations out) {
        FloatVector largest = Lanes.broadcast(0);
        for (int i = 0; i < R16.BLOCK; i += COUNT) largest = largest.max(Lanes.load(in, at + 4L * i).abs());
        float amax = largest.reduceLanes(VectorOperators.MAX);
        boolean zero = amax < Activations.AMAX_MIN;
        long to = (long) row * out.columns() + (long) block * R16.BLOCK;
        quantizeValues(in, at, zero ? 0 : 127 / amax, out.floats, 4 * to, out.q, to);
        out.finish(row, block, zero ? 0 : amax / 127);
    }

    private static void quantizeValues(
            MemorySegment in, long at, float factor, MemorySegment floats, long floatsAt, MemorySegment q, long qAt) {
        FloatVector round = Lanes.broadcast(Numbers.ROUND);
        for (int i = 0; i < R16.BLOCK; i += COUNT) {
            FloatVector rounded = Lanes.load(in, at + 4L * i).mul(factor).add(round);
            Lanes.store(rounded.sub(round), floats, floatsAt + 4L * i);
        }
        for (int i = 0; i < R16.BLOCK; i++)
            q.set(ValueLayout.JAVA_BYTE, qAt + i, (byte) floats.get(ValueLayout.JAVA_FLOAT, floatsAt + 4L * i));
    }

    static void rmsNorm(
            MemorySegment in, long at, int columns, MemorySegment weight, float epsilon, MemorySegment out, long to, MemorySegment scratch) {
        sumOfSquares(in, at, columns, scratch);
        float inverse = Numbers.inverseRms(Numbers.tree(scratch, 0), columns, epsilon);
        int whole = columns / COUNT * COUNT;
        for (int i = 0; i < whole; i += COUNT) {
            FloatVector x = Lanes.load(in, at + 4L * i).mul(inverse);
            Lanes.store(x.mul(Lanes.load(weight, 4L * i)), out, to + 4L * i);
        }
        for (int i = whole; i < columns; i++) {
            float x = in.get(ValueLayout.JAVA_FLOAT, at + 4L * i) * inverse;
            out.set(ValueLayout.JAVA_FLOAT, to + 4L * i, x * weight.get(ValueLayout.JAVA_FLOAT, 4L * i));
        }
    }

    private static void sumOfSquares(MemorySegment in, long at, int columns, MemorySegment partials) {
        int whole = columns / 16 * 16;
        for (int part = 0; part < 16; part += COUNT) {
            FloatVector sum = Lanes.broadcast(0);
            for (int i = part; i < whole; i += 16) {
                FloatVector x = Lanes.load(in, at + 4L * i);
                sum = x.fma(x, sum);
            }
            Lanes.store(sum, partials, 4L * part);
        }
        for (int i = whole; i < columns; i++) {
            float x = in.get(ValueLayout.JAVA_FLOAT, at + 4L * i);
            long partial = 4L * (i - whole);
            partials.set(ValueLayout.JAVA_FLOAT, partial, Math.fma(x, x, partials.get(ValueLayout.JAVA_FLOAT, partial)));
        }
    }

    static void siluMul(MemorySegment gate, long gateAt, MemorySegment up, long upAt, int columns) {
        int whole = columns / COUNT * COUNT;
        for (int i = 0; i < whole; i += COUNT) {
            FloatVector x = Lanes.load(gate, gateAt + 4L * i);
            FloatVector silu = x.div(Lanes.exp(x.neg()).add(1f));
            Lanes.store(silu.mul(Lanes.load(up, upAt + 4L * i)), gate, gateAt + 4L * i);
        }
        for (int i = whole; i < columns; i++) {
            float x = gate.get(ValueLayout.JAVA_FLOAT, gateAt + 4L * i);
            float silu = x / (1 + Numbers.exp(-x));
            gate.set(ValueLayout.JAVA_FLOAT, gateAt + 4L * i, silu * up.get(ValueLayout.JAVA_FLOAT, upAt + 4L * i));
        }
    }

    static float logSumExp(MemorySegment x, long at, int columns, MemorySegment scratch) {
        float max = max(x, at, columns);
        int whole = columns / 16 * 16;
        for (int part = 0; part < 16; part += COUNT) {
            FloatVector sum = Lanes.broadcast(0);
            for (int i = part; i < whole; i += 16) sum = sum.add(Lanes.exp(Lanes.load(x, at + 4L * i).sub(max)));
            Lanes.store(sum, scratch, 4L * part);
        }
        for (int i = whole; i < columns; i++) {
            float p = Numbers.exp(x.get(ValueLayout.JAVA_FLOAT, at + 4L * i) - max);
            long partial = 4L * (i - whole);
            scratch.set(ValueLayout.JAVA_FLOAT, partial, scratch.get(ValueLayout.JAVA_FLOAT, partial) + p);
        }
        return max + (float) StrictMath.log(Numbers.tree(scratch, 0));
    }

    private static float max(MemorySegment x, long at, int columns) {
        FloatVector largest = Lanes.broadcast(Float.NEGATIVE_INFINITY);
        int whole = columns / COUNT * COUNT;
        for (int i = 0; i < whole; i += COUNT) largest = largest.max(Lanes.load(x, at + 4L * i));
        float max = largest.reduceLanes(VectorOperators.MAX);
        for (int i = whole; i < columns; i++) max = Math.max(max, x.get(ValueLayout.JAVA_FLOAT, at + 4L * i));
        return max;
    }

    static int argMax(MemorySegment x, long at, int columns) {
        float max = max(x, at, columns);
        int whole = columns / COUNT * COUNT;
        for (int i = 0; i < whole; i += COUNT) {
            var equal = Lanes.load(x, at + 4L * i).compare(VectorOperators.EQ, max);
            if (equal.anyTrue()) return i + equal.firstTrue();
        }
        for (int i = whole; i < columns; i++) if (x.get(ValueLayout.JAVA_FLOAT, at + 4L * i) == max) return i;
        return 0;
    }
}
