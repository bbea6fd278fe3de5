package dev.redoubt.kernels;

import java.util.Arrays;

/// Which experts compute the rows of a step, and with what weight: the best of each row by its router's scores.
/// Mutable and reused; made by [Compute#chooseExperts].
///
/// A row's choice depends on its own scores only. Its experts are in ascending order, so that the sum over them is
/// the same in any company.
public final class ExpertChoice {
    /* Per row, s its scores, m the largest of them: p[e] = exp(s[e] - m). Chosen are the `perRow` largest scores, the lower index of
     * equals; weight p[e] / Σ p over the chosen (normalised) or over all, either sum in ascending order. A score that is no number
     * makes every weight of its row NaN.
     *
     * Grouped: rows of expert e are groupedRow[start[e]] to groupedRow[start[e + 1] - 1], ascending. */
    private final int experts;
    private final int perRow;
    private final boolean normalised;
    private final int[] chosen; // row · perRow + i
    private final float[] weight; // beside
    private final int[] start; // by expert, and the end
    private final int[] next; // by expert, while grouping
    private final int[] groupedRow;
    private final float[] groupedWeight;

    /// @param normalised whether the weights of a row add up to 1
    public ExpertChoice(int experts, int perRow, boolean normalised, int rowsMax) {
        if (perRow < 1 || perRow > experts)
            throw new IllegalArgumentException(perRow + " experts of " + experts + ", allowed is 1 to all");
        this.experts = experts;
        this.perRow = perRow;
        this.normalised = normalised;
        chosen = new int[Math.multiplyExact(rowsMax, perRow)];
        weight = new float[chosen.length];
        start = new int[experts + 1];
        next = new int[experts];
        groupedRow = new int[chosen.length];
        groupedWeight = new float[chosen.length];
    }

    public int experts() {
        return experts;
    }

    /// How many rows an expert computes.
    public int rows(int expert) {
        return start[expert + 1] - start[expert];
    }

    int rowsMax() {
        return chosen.length / perRow;
    }

    /// The `i`-th row of an expert.
    int row(int expert, int i) {
        return groupedRow[start[expert] + i];
    }

    /// What the `i`-th row of an expert adds of it.
    float weight(int expert, int i) {
        return groupedWeight[start[expert] + i];
    }

    /// Any thread, each row once.
    void choose(FloatMatrix scores, int row) {
        float max = Float.NEGATIVE_INFINITY;
        for (int e = 0; e < experts; e++) max = Math.max(max, scores.get(row, e));
        float all = 0;
        for (int e = 0; e < experts; e++) all += Numbers.exp(scores.get(row, e) - max);
        int at = row * perRow;
        for (int i = 0; i < perRow; i++) chosen[at + i] = best(scores, row, at, i);
        Arrays.sort(chosen, at, at + perRow);
        float sum = 0;
        for (int i = 0; i < perRow; i++) {
            weight[at + i] = Numbers.exp(scores.get(row, chosen[at + i]) - max);
            sum += weight[at + i];
        }
        float divisor = Float.isNaN(all) || !normalised ? all : sum;
        for (int i = 0; i < perRow; i++) weight[at + i] /= divisor;
    }

    /// The largest score that is not among the first `taken` chosen ones.
    private int best(FloatMatrix scores, int row, int at, int taken) {
        int best = -1;
        for (int e = 0; e < experts; e++) {
            boolean better = best < 0 || scores.get(row, e) > scores.get(row, best);
            if (better && !taken(at, taken, e)) best = e;
        }
        return best;
    }

    private boolean taken(int at, int count, int expert) {
        for (int i = at; i < at + count; i++) if (chosen[i] == expert) return true;
        return false;
    }

    /// After every row has chosen.
    void group(int rows) {
        Arrays.fill(start, 0);
        for (int i = 0; i < rows * perRow; i++) start[chosen[i] + 1]++;
        for (int e = 0; e < experts; e++) start[e + 1] += start[e];
        System.arraycopy(start, 0, next, 0, experts);
        for (int i = 0; i < rows * perRow; i++) {
            int to = next[chosen[i]]++;
            groupedRow[to] = i / perRow;
            groupedWeight[to] = weight[i];
        }
    }
}
