package dev.redoubt.engine.kvcache;

import dev.redoubt.base.Check;
import dev.redoubt.base.Invariant;
import dev.redoubt.base.generation.CacheClearing;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// A fixed set of KV-cache blocks, shared by reference count inside one cache scope. Every block is either
/// owned (its count is above 0) or free; a free one may still be cached: hittable by its key until it is handed
/// out again. One owner, one thread.
public final class BlockPool {
    /* Free lists
     * ----------
     * Two doubly linked lists over the same two int arrays (no objects, O(1) unlink from the middle), each with a sentinel.
     *
     *     blank:  [most recently freed] … [never used]              not cached, zero
     *     idle:   [least recently freed] … [most recently freed]    cached
     *
     * Blocks are handed out from the head of the first, then of the second: what nobody can hit goes first, and of that what has memory
     * already. A sequence frees its blocks tail first, so of one prefix the last block is evicted first and what remains is still a prefix.
     *
     * A freed block keeps its key until it is handed out or `idleBlocksMax` others were freed after it. Without that bound every request
     * would touch new blocks until the whole pool, which is as large as the machine allows, is resident.
     *
     * When a block is zeroed (RULES V1.3)
     * -----------------------------------
     * - not cached: when its last reference goes, before it enters the list;
     * - cached: when it is evicted, at the latest before it is handed out, or when its scope or tenant is cleared;
     * - `reset` (a fault of ours, shutdown): every block that may hold data.
     * So a free block that is not cached is all zeros, always, and no sequence ever sees another one's keys and values.
     *
     * Sharing
     * -------
     * A full block is published under a key made of its scope, its tokens and everything before it [PrefixKeys]. A hit is used
     * only if the scope is equal and the tokens match, so even a collision would cost a miss and never show one caller's KV to
     * another. Equal blocks computed at the same time are not merged: the first one published keeps the key, the others stay
     * private and are zeroed when they are freed. A block table only grows at its end and only full blocks are shared, so no
     * block is ever written while two sequences hold it.
     *
     * [1] PagedAttention, SOSP 2023. [2] vLLM block_pool.py. */

    /// Tokens in a block.
    public static final int BLOCK_TOKENS = 16;

    private final int blocks;
    private final int idleBlocksMax;
    private final BlockMemory memory;
    private final int blank; // the sentinels
    private final int idle;
    private final int[] refCounts; // by block; 0 means free
    private final int[] next; // by block and sentinel; free blocks only
    private final int[] previous;
    private final @Nullable Cached[] cached; // by block; null: not cached
    private final Map<PrefixKey, Integer> byKey = new HashMap<>();
    private final int[] expectedCounts; // of verify
    private int free;
    private int idleBlocks; // of them

    /// What a cached block holds.
    private record Cached(PrefixKey key, CacheScope scope, int[] tokens) {}

    /// All free, none cached; the memory is expected to be zero.
    ///
    /// @param idleBlocksMax how many blocks that nobody holds stay cached
    public BlockPool(int blocks, int idleBlocksMax, BlockMemory memory) {
        Check.positive("blocks", blocks);
        Check.positive("idleBlocksMax", idleBlocksMax);
        this.blocks = blocks;
        this.idleBlocksMax = idleBlocksMax;
        this.memory = memory;
        this.blank = blocks;
        this.idle = blocks + 1;
        this.refCounts = new int[blocks];
        this.next = new int[blocks + 2];
        this.previous = new int[blocks + 2];
        this.cached = new Cached[blocks];
        this.expectedCounts = new int[blocks];
        relinkAll();
    }

    /// How many blocks `tokens` tokens need.
    public static int blocksFor(int tokens) {
        return (tokens + BLOCK_TOKENS - 1) / BLOCK_TOKENS;
    }

    public int blocks() {
        return blocks;
    }

    /// Blocks that nobody holds, cached ones included: so many can be allocated.
    public int freeBlocks() {
        return free;
    }

    /// Cached blocks, owned or free.
    public int cachedBlocks() {
        return byKey.size();
    }

    public boolean isFree(int block) {
        return refCounts[block] == 0;
    }

    /// Appends `count` blocks, all zero, to a table.
    ///
    /// @throws IllegalStateException if fewer are free; look at [#freeBlocks()] first
    public void allocate(BlockTable table, int count) {
        Invariant.hold(count <= free, "allocating %d blocks, %d are free", count, free);
        for (int i = 0; i < count; i++) {
            if (next[blank] == blank) evict();
            int block = next[blank];
            unlink(block);
            refCounts[block] = 1;
            table.add(block);
        }
    }

    /// The block cached under a key, if its scope and tokens are the expected ones; owned or free. Valid until
    /// the next allocation or release: [#share] it before.
    ///
    /// @param tokens of the sequence; those from `from` on, 16 of them, must be the block's
    public OptionalInt lookup(PrefixKey key, CacheScope scope, int[] tokens, int from) {
        Integer block = byKey.get(key);
        if (block == null) return OptionalInt.empty();
        Cached entry = java.util.Objects.requireNonNull(cached[block]);
        boolean same = entry.scope().equals(scope)
                && Arrays.equals(entry.tokens(), 0, BLOCK_TOKENS, tokens, from, from + BLOCK_TOKENS);
        return same ? OptionalInt.of(block) : OptionalInt.empty();
    }

    /// Appends a cached block to a table: one more reference.
    public void share(BlockTable table, int block) {
        Invariant.hold(cached[block] != null, "sharing block %d, which is not cached", block);
        if (refCounts[block]++ == 0) unlinkIdle(block);
        table.add(block);
    }

    /// Makes a full, owned block hittable. Does nothing if the key is taken.
    public void publish(int block, PrefixKey key, CacheScope scope, int[] tokens, int from) {
        Invariant.hold(refCounts[block] > 0, "publishing block %d, which is free", block);
        if (cached[block] != null || byKey.putIfAbsent(key, block) != null) return;
        cached[block] = new Cached(key, scope, Arrays.copyOfRange(tokens, from, from + BLOCK_TOKENS));
    }

    /// Gives all blocks of a table back, tail first; cached ones stay hittable.
    public void release(BlockTable table) {
        while (table.count() > 0) drop(table.removeLast());
    }

    /// As [#release], for blocks whose content is in doubt: those that nobody else holds are not hittable any
    /// more and zero.
    public void discard(BlockTable table) {
        while (table.count() > 0) {
            int block = table.removeLast();
            if (refCounts[block] == 1) forget(block);
            drop(block);
        }
    }

    /// Forgets every cached block of a tenant: free ones are zeroed now, those in use when their last reference
    /// goes.
    public CacheClearing clear(String tenant) {
        return clear(scope -> scope.tenant().equals(tenant));
    }

    /// As above, of one scope.
    public CacheClearing clear(CacheScope scope) {
        return clear(scope::equals);
    }

    /// Takes every block back, whoever holds it, and zeroes all that may hold data. Tables in use must not be
    /// used again.
    public void reset() {
        for (int block = 0; block < blocks; block++)
            if (refCounts[block] > 0 || cached[block] != null) memory.zero(block);
        byKey.clear();
        Arrays.fill(cached, null);
        Arrays.fill(refCounts, 0);
        relinkAll();
    }

    /// Checks everything the pool promises, against the tables of all who hold blocks.
    ///
    /// @throws IllegalStateException naming what does not hold
    public void verify(Iterable<BlockTable> tables) {
        Arrays.fill(expectedCounts, 0);
        int owned = 0;
        for (BlockTable table : tables)
            for (int i = 0; i < table.count(); i++) if (expectedCounts[table.block(i)]++ == 0) owned++;
        Invariant.hold(owned + free == blocks, "blocks leaked: owned=%d free=%d total=%d", owned, free, blocks);
        int cachedCount = 0;
        for (int block = 0; block < blocks; block++) {
            if (refCounts[block] != expectedCounts[block])
                throw new IllegalStateException("invariant broken: block " + block + " has reference count "
                        + refCounts[block] + ", tables name it " + expectedCounts[block] + " times");
            Cached entry = cached[block];
            if (entry == null) continue;
            cachedCount++;
            Integer mapped = byKey.get(entry.key());
            if (mapped == null || mapped != block)
                throw new IllegalStateException("invariant broken: block " + block + " is not found by its key");
        }
        Invariant.hold(cachedCount == byKey.size(), "%d keys for %d cached blocks", byKey.size(), cachedCount);
        verifyLists();
    }

    private void verifyLists() {
        int blankLength = verifyList(blank, false);
        int idleLength = verifyList(idle, true);
        Invariant.hold(idleLength == idleBlocks, "%d blocks are idle, counted were %d", idleLength, idleBlocks);
        Invariant.hold(idleLength <= idleBlocksMax, "%d blocks are idle, limit is %d", idleLength, idleBlocksMax);
        Invariant.hold(
                blankLength + idleLength == free,
                "the free lists have %d and %d blocks, not %d",
                blankLength,
                idleLength,
                free);
    }

    private int verifyList(int sentinel, boolean holdsCached) {
        int length = 0;
        int before = sentinel;
        for (int block = next[sentinel]; block != sentinel; block = next[block]) {
            boolean wrong = block >= blocks || refCounts[block] != 0 || (cached[block] != null) != holdsCached;
            if (wrong || previous[block] != before || ++length > free)
                throw new IllegalStateException("invariant broken: a free list is damaged at block " + block);
            before = block;
        }
        Invariant.hold(
                previous[sentinel] == before, "a free list's tail is block %d, not %d", previous[sentinel], before);
        return length;
    }

    private void drop(int block) {
        Invariant.hold(refCounts[block] > 0, "block %d freed twice", block);
        if (--refCounts[block] > 0) return;
        if (cached[block] == null) {
            linkBlank(block);
            return;
        }
        if (idleBlocks == idleBlocksMax) evict();
        link(block, previous[idle], idle); // the tail: most recently used
        idleBlocks++;
    }

    /// The least recently freed of the cached blocks that nobody holds.
    private void evict() {
        int block = next[idle];
        unlinkIdle(block);
        forget(block);
        linkBlank(block);
    }

    /// The head: handed out first, since it has memory already.
    private void linkBlank(int block) {
        memory.zero(block);
        link(block, blank, next[blank]);
    }

    private CacheClearing clear(Predicate<CacheScope> which) {
        int zeroed = 0;
        int inUse = 0;
        for (int block = 0; block < blocks; block++) {
            Cached entry = cached[block];
            if (entry == null || !which.test(entry.scope())) continue;
            forget(block);
            if (refCounts[block] > 0) {
                inUse++;
                continue;
            }
            unlinkIdle(block);
            linkBlank(block);
            zeroed++;
        }
        return new CacheClearing(zeroed, inUse);
    }

    private void forget(int block) {
        Cached entry = cached[block];
        if (entry == null) return;
        byKey.remove(entry.key());
        cached[block] = null;
    }

    private void link(int block, int after, int before) {
        previous[block] = after;
        next[block] = before;
        next[after] = block;
        previous[before] = block;
        free++;
    }

    private void unlink(int block) {
        next[previous[block]] = next[block];
        previous[next[block]] = previous[block];
        free--;
    }

    private void unlinkIdle(int block) {
        unlink(block);
        idleBlocks--;
    }

    private void relinkAll() {
        free = 0;
        idleBlocks = 0;
        for (int sentinel = blank; sentinel <= idle; sentinel++) {
            next[sentinel] = sentinel;
            previous[sentinel] = sentinel;
        }
        for (int block = 0; block < blocks; block++) link(block, previous[blank], blank);
    }
}
