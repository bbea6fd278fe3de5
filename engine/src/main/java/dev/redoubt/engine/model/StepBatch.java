package dev.redoubt.engine.model;

import dev.redoubt.engine.lora.AdapterRows;
import dev.redoubt.kernels.AttentionBatch;
import java.util.Arrays;

/// What the model computes in one step, flattened: rows are tokens, rows of one sequence are neighbours.
/// Mutable and reused; the engine loop fills it.
public final class StepBatch {
    /// Positions, sequences and block tables of the rows; `attention.rows` is how many rows count.
    public final AttentionBatch attention;
    /// By row: the token id.
    public final int[] tokenIds;
    /// By row: the index of the adapter that changes it, or [AdapterRows#NONE].
    public final int[] adapters;
    /// Rows whose logits are wanted, ascending.
    public final int[] logitRows;
    /// How many of `logitRows` count.
    public int logitRowCount;

    public StepBatch(int rowsMax, int sequencesMax) {
        this.attention = new AttentionBatch(rowsMax, sequencesMax);
        this.tokenIds = new int[rowsMax];
        this.adapters = new int[rowsMax];
        Arrays.fill(adapters, AdapterRows.NONE);
        this.logitRows = new int[rowsMax];
    }
}
