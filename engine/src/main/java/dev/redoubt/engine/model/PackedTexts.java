package dev.redoubt.engine.model;

import dev.redoubt.base.Invariant;
import dev.redoubt.kernels.AttentionBatch;
import dev.redoubt.kernels.KvLayout;
import java.util.Arrays;
import java.util.List;

/// Texts one after the other, without padding: which row is which token of which text. Reused from batch to
/// batch.
final class PackedTexts {
    /* Two views of the same rows. `stored` has each token at its own position, for its keys and values; `seen` has each at the last
     * position of its text, since what a row sees ends there. A text begins a block of its own, so that no block holds two. */
    private final int blocksMax;
    private final int[] ids;
    private final int[] types;
    private final AttentionBatch stored;
    private final AttentionBatch seen;
    private int blocks; // that texts have

    /// @param blocksMax of [KvLayout#BLOCK_TOKENS] tokens each
    PackedTexts(int blocksMax, int textsMax) {
        int rowsMax = blocksMax * KvLayout.BLOCK_TOKENS;
        this.blocksMax = blocksMax;
        this.ids = new int[rowsMax];
        this.types = new int[rowsMax];
        this.stored = new AttentionBatch(rowsMax, textsMax);
        this.seen = new AttentionBatch(rowsMax, textsMax);
    }

    /// Blocks that a text takes.
    static int blocks(int tokens) {
        return (tokens + KvLayout.BLOCK_TOKENS - 1) / KvLayout.BLOCK_TOKENS;
    }

    void clear() {
        Arrays.fill(ids, 0);
        Arrays.fill(types, 0);
        blocks = 0;
        for (AttentionBatch batch : List.of(stored, seen)) {
            batch.rows = 0;
            batch.sequences = 0;
        }
    }

    /// @param textTypes the segment of each token
    void add(int[] text, int[] textTypes) {
        int own = blocks(text.length);
        int index = stored.sequences;
        Invariant.hold(
                blocks + own <= blocksMax && index < stored.blockTable.length,
                "text %d takes %d blocks after %d of %d",
                index,
                own,
                blocks,
                blocksMax);
        int[] table = new int[own];
        for (int i = 0; i < own; i++) table[i] = blocks++;
        for (AttentionBatch batch : List.of(stored, seen)) {
            batch.blockTable[index] = table;
            for (int i = 0; i < text.length; i++) {
                int row = batch.rows++;
                ids[row] = text[i];
                types[row] = textTypes[i];
                batch.sequence[row] = index;
                batch.position[row] = batch == stored ? i : text.length - 1;
            }
            batch.sequences++;
        }
    }

    int rows() {
        return stored.rows;
    }

    /// Those that texts have are 0 to that less one.
    int blocks() {
        return blocks;
    }

    /// By row.
    int[] ids() {
        return ids;
    }

    /// By row, the segment.
    int[] types() {
        return types;
    }

    AttentionBatch stored() {
        return stored;
    }

    AttentionBatch seen() {
        return seen;
    }
}
