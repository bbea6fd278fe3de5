package dev.redoubt.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;
import java.util.Optional;

/// The memory of all KV blocks: anonymous, off-heap, committed when first touched, locked where the host
/// allows, left out of core dumps. Owns bytes, not blocks: who holds which block is the block pool's business.
public final class KvMemory implements AutoCloseable {
    private final KvLayout layout;
    private final int blocks;
    private final Arena arena;
    private final MemorySegment data;
    private final boolean locked;
    /// By block: bit t is set while its token t has a key or value that is not finite.
    private final short[] notFinite;
    /// Blocks of which a bit is set.
    private int blocksNotFinite;

    private KvMemory(KvLayout layout, int blocks, Arena arena, MemorySegment data, boolean locked) {
        this.layout = layout;
        this.blocks = blocks;
        this.arena = arena;
        this.data = data;
        this.locked = locked;
        this.notFinite = new short[blocks];
    }

    /// All zero.
    ///
    /// @throws OutOfMemoryError with the size asked for, if the system refuses the mapping
    public static KvMemory map(KvLayout layout, int blocks) {
        if (blocks <= 0) throw new IllegalArgumentException("KV memory of " + blocks + " blocks, at least 1");
        long bytes = Math.multiplyExact(layout.blockBytes(), (long) blocks);
        Arena arena = Arena.ofShared();
        try {
            Optional<SystemMemory.Mapping> mapping = SystemMemory.mapLocked(bytes, arena);
            MemorySegment data = mapping.isPresent() ? mapping.get().segment() : arena.allocate(bytes, 64);
            boolean locked = mapping.isPresent() && mapping.get().locked();
            return new KvMemory(layout, blocks, arena, data, locked);
        } catch (Throwable thrown) {
            arena.close();
            throw thrown;
        }
    }

    public KvLayout layout() {
        return layout;
    }

    public int blocks() {
        return blocks;
    }

    /// Overwrites one block with zeros.
    public void zero(int block) {
        data.asSlice(offset(block), layout.blockBytes()).fill((byte) 0);
        if (notFinite[block] == 0) return;
        notFinite[block] = 0;
        blocksNotFinite--;
    }

    /// Forgets a mark: another token is stored in its place.
    synchronized void unmark(int block, int slot) {
        if (notFinite[block] == 0) return;
        notFinite[block] &= (short) ~(1 << slot);
        if (notFinite[block] == 0) blocksNotFinite--;
    }

    /// Remembers until another token is stored there or the block is zeroed that a token's keys or values are not
    /// finite. Workers that store rows call it.
    synchronized void markNotFinite(int block, int slot) {
        if (notFinite[block] == 0) blocksNotFinite++;
        notFinite[block] |= (short) (1 << slot);
    }

    /// Whether no token is marked.
    boolean allFinite() {
        return blocksNotFinite == 0;
    }

    /// Whether none of the tokens `from` to `to - 1` of a block table is marked.
    boolean finite(int[] table, int from, int to) {
        for (int block = from / KvLayout.BLOCK_TOKENS; block * KvLayout.BLOCK_TOKENS < to; block++) {
            int first = block * KvLayout.BLOCK_TOKENS;
            int seen = (1 << Math.min(KvLayout.BLOCK_TOKENS, to - first)) - 1;
            int before = (1 << Math.max(0, from - first)) - 1;
            if ((notFinite[table[block]] & seen & ~before) != 0) return false;
        }
        return true;
    }

    /// Whether every byte of one block is zero; for tests and live checks.
    public boolean isZero(int block) {
        long from = offset(block);
        for (long at = 0; at < layout.blockBytes(); at += 8)
            if (data.get(ValueLayout.JAVA_LONG, from + at) != 0) return false;
        return true;
    }

    /// Whether the pages are locked in memory; false where the host's limit forbids it.
    public boolean locked() {
        return locked;
    }

    /// All blocks, in order.
    MemorySegment segment() {
        return data;
    }

    /// Where a block begins.
    long offset(int block) {
        return Objects.checkIndex(block, blocks) * layout.blockBytes();
    }

    /// Returns the memory to the system; every later access throws.
    @Override
    public void close() {
        if (data.scope().isAlive()) arena.close();
    }
}
