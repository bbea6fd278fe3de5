package dev.redoubt.kernels;

import static dev.redoubt.kernels.Lanes.COUNT;

import jdk.incubator.vector.FloatVector;

/// Layer norm of single rows by vectors. Rows are addresses, counts are in elements.
final class VectorLayerNorm {
    private VectorLayerNorm() {}

    /// @param partials room for 16 floats
    static void norm(long in, int columns, long weight, long bias, float epsilon, long out, long partials) {
        sum(in, columns, partials);
        float mean = Lanes.tree(partials) / columns;
        sumOfSquares(in, columns, mean, partials);
        float inverse = Numbers.inverseRms(Lanes.tree(partials), columns, epsilon);
        int whole = columns / COUNT * COUNT;
        for (int i = 0; i < whole; i += COUNT) {
            FloatVector d = Lanes.load(in + 4L * i).sub(mean).mul(inverse);
            Lanes.store(d.fma(Lanes.load(weight + 4L * i), Lanes.load(bias + 4L * i)), out + 4L * i);
        }
        for (int i = whole; i < columns; i++) {
            float d = (Lanes.get(in + 4L * i) - mean) * inverse;
            Lanes.set(out + 4L * i, Math.fma(d, Lanes.get(weight + 4L * i), Lanes.get(bias + 4L * i)));
        }
    }

    private static void sum(long in, int columns, long partials) {
        int whole = columns / 16 * 16;
        for (int part = 0; part < 16; part += COUNT) {
            FloatVector sum = Lanes.broadcast(0);
            for (int i = part; i < whole; i += 16) sum = sum.add(Lanes.load(in + 4L * i));
            Lanes.store(sum, partials + 4L * part);
        }
        for (int i = whole; i < columns; i++) {
            long partial = partials + 4L * (i - whole);
            Lanes.set(partial, Lanes.get(partial) + Lanes.get(in + 4L * i));
        }
    }

    private static void sumOfSquares(long in, int columns, float mean, long partials) {
        int whole = columns / 16 * 16;
        for (int part = 0; part < 16; part += COUNT) {
            FloatVector sum = Lanes.broadcast(0);
            for (int i = part; i < whole; i += 16) {
                FloatVector d = Lanes.load(in + 4L * i).sub(mean);
                sum = d.fma(d, sum);
            }
            Lanes.store(sum, partials + 4L * part);
        }
        for (int i = whole; i < columns; i++) {
            float d = Lanes.get(in + 4L * i) - mean;
            long partial = partials + 4L * (i - whole);
            Lanes.set(partial, Math.fma(d, d, Lanes.get(partial)));
        }
    }
}
