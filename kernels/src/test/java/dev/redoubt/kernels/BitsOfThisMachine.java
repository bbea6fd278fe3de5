package dev.redoubt.kernels;

import java.lang.foreign.Arena;
import java.util.Random;

/// Prints the lanes of this process and a checksum of every kernel's results, for processes with other vector
/// widths to compare.
final class BitsOfThisMachine {
    private BitsOfThisMachine() {}

    public static void main(String[] args) {
        System.out.println(Lanes.COUNT + " " + Long.toHexString(checksum("vector")));
    }

    static long checksum(String provider) {
        try (Arena arena = Arena.ofShared();
                Compute compute = Compute.open(provider, 2, 7, 512)) {
            Random random = new Random(12);
            long sum = 0;
            for (WeightFormat format : WeightFormat.values()) {
                WeightMatrix weights =
                        WeightMatrix.of(format, 70, 512, Samples.file(random, format, 70, 512, arena), arena);
                FloatMatrix in = Samples.matrix(random, 7, 512, arena);
                for (int rows : new int[] {1, 7}) {
                    FloatMatrix out = FloatMatrix.allocate(7, 70, arena);
                    compute.matmul(in, rows, Compute.Projection.into(weights, out));
                    sum = mix(sum, out);
                }
            }
            FloatMatrix x = Samples.matrix(random, 7, 84, arena);
            FloatMatrix out = FloatMatrix.allocate(7, 84, arena);
            compute.rmsNorm(x, 7, Samples.matrix(random, 1, 84, arena), 1e-5f, out);
            compute.activate(GateFunction.SILU, out, x, 7);
            float[] sums = new float[7];
            Samples.logSumExp(compute, out, 7, sums, new int[7]);
            for (float each : sums) sum = 31 * sum + Float.floatToIntBits(each);
            sum = mix(sum, out);
            for (KvFormat format : KvFormat.values()) {
                try (KvMemory kv = KvMemory.map(new KvLayout(format, 1, 2, 20), 3)) {
                    sum = mix(sum, attention(compute, kv, random, arena));
                }
            }
            return sum;
        }
    }

    private static FloatMatrix attention(Compute compute, KvMemory kv, Random random, Arena arena) {
        FloatMatrix last = FloatMatrix.allocate(7, 80, arena);
        AttentionBatch batch = new AttentionBatch(7, 1);
        batch.rows = 7;
        batch.sequences = 1;
        batch.blockTable[0] = new int[] {2, 0, 1};
        for (int from = 0; from + 7 <= 42; from += 7) {
            for (int i = 0; i < 7; i++) batch.position[i] = from + i;
            compute.storeKv(Samples.matrix(random, 7, 40, arena), Samples.matrix(random, 7, 40, arena), batch, kv, 0);
            compute.attention(Samples.matrix(random, 7, 80, arena), 4, batch, kv, 0, AttentionRule.full(0.2f), last);
        }
        return last;
    }

    private static long mix(long sum, FloatMatrix matrix) {
        for (int r = 0; r < matrix.rows(); r++)
            for (int c = 0; c < matrix.columns(); c++) sum = 31 * sum + Float.floatToIntBits(matrix.get(r, c));
        return sum;
    }
}
