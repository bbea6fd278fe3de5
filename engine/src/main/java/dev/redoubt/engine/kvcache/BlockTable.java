package dev.redoubt.engine.kvcache;

import java.util.Arrays;

/// The blocks of one sequence in order of position: the token at position `p` lies in slot `p % 16` of block
/// `table[p / 16]`. Filled and emptied by the pool only, so that a table never names a block it has no
/// reference to.
public final class BlockTable {
    private int[] blocks = new int[4];
    private int count;

    /// How many blocks it holds.
    public int count() {
        return count;
    }

    /// @param index 0-based, below [#count()]
    public int block(int index) {
        return blocks[java.util.Objects.checkIndex(index, count)];
    }

    /// The table itself for the kernels, to be read only; entries from [#count()] on mean nothing. Valid until
    /// the table grows.
    public int[] array() {
        return blocks;
    }

    void add(int block) {
        if (count == blocks.length) blocks = Arrays.copyOf(blocks, 2 * count);
        blocks[count++] = block;
    }

    int removeLast() {
        return blocks[--count];
    }
}
