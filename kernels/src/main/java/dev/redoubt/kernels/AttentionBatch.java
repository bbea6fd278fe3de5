package dev.redoubt.kernels;

/// Which tokens of a step belong to which sequence. Rows of a sequence are neighbours, in order of position.
/// Mutable and reused: the engine loop fills it before a step and nobody else writes it.
///
/// Arrays may be longer than used; `rows` and `sequences` say how much counts.
public final class AttentionBatch {
    /// Tokens in this step.
    public int rows;
    /// Sequences in this step.
    public int sequences;
    /// By row: 0-based position in its sequence.
    public final int[] position;
    /// By row: index of its sequence in this step.
    public final int[] sequence;
    /// By sequence: its block table, block indices in order of position; covers every position computed so far
    /// and in this step.
    public final int[][] blockTable;

    public AttentionBatch(int rowsMax, int sequencesMax) {
        this.position = new int[rowsMax];
        this.sequence = new int[rowsMax];
        this.blockTable = new int[sequencesMax][];
    }
}
