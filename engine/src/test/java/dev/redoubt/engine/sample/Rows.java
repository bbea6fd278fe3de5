package dev.redoubt.engine.sample;

import dev.redoubt.kernels.Compute;
import dev.redoubt.kernels.FloatMatrix;
import java.lang.foreign.Arena;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// Logits for tests, and what samplers make of them.
final class Rows {
    private static final Compute COMPUTE = Compute.open("scalar", 1, 1, 1);
    private static final Map<Integer, Sampler> SAMPLERS = new ConcurrentHashMap<>(); // by size of the vocabulary

    private Rows() {}

    static FloatMatrix of(float[]... rows) {
        FloatMatrix result = FloatMatrix.allocate(rows.length, rows[0].length, Arena.ofAuto());
        for (int r = 0; r < rows.length; r++) for (int c = 0; c < rows[r].length; c++) result.set(r, c, rows[r][c]);
        return result;
    }

    /// The token a sampler picks of one row.
    static int pick(FloatMatrix rows, int row, SamplingState state) {
        return SAMPLERS.computeIfAbsent(rows.columns(), size -> new Sampler(COMPUTE, size))
                .pick(rows, row, COMPUTE.argMax(rows, row), state, 0);
    }

    /// How likely each token is.
    static double[] probabilities(float[] logits, SamplingState state) {
        FloatMatrix row = of(logits);
        state.change(row, 0);
        int best = COMPUTE.argMax(row, 0);
        double[] greedy = new double[logits.length];
        greedy[best] = 1;
        if (state.params().temperature() < Sampler.GREEDY_BELOW) return greedy;
        Distribution distribution = new Distribution(COMPUTE, logits.length);
        distribution.fill(row, 0, row.get(0, best), state.params());
        return distribution.probabilities();
    }
}
