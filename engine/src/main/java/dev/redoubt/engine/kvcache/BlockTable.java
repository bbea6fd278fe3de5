package dev.redoubt.engine.kvcache;

import dev.redoubt.base.Invariant;

/// The blocks of one sequence in order of position: the token at position `p` lies in slot `p % 16` of block
/// `table[p / 16]`. Filled and emptied by the pool only, so that a table never names a block it has no
/// reference to.
public final class BlockTable {
    private final int[] blocks;
    private int count;

    /// @param blocksMax how many it will ever hold, so that it never grows
    public BlockTable(int blocksMax) {
        this.blocks = new int[blocksMax];
    }

    /// How many blocks it holds.
    public int count() {
        return count;
    }

    /// @param index 0-based, below [#count()]
    public int block(int index) {
        return blocks[java.util.Objects.checkIndex(index, count)];
    }

    /// The table itself for the kernels, to be read only; entries from [#count()] on mean nothing.
    public int[] array() {
        return blocks;
    }

    void add(int block) {
        Invariant.hold(count < blocks.length, "a table of %d blocks has no room", blocks.length);
        blocks[count++] = block;
    }

    int removeLast() {
        return blocks[--count];
    }
}
