package dev.redoubt.engine.kvcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.base.generation.CacheClearing;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class BlockPoolTest {
    private static final int[] TOKENS = tokens(1);

    private final List<Integer> zeroed = new ArrayList<>();
    private final BlockPool pool = new BlockPool(4, 4, zeroed::add);
    private final PrefixKeys keys = new PrefixKeys("model", new SecureRandom());
    private final CacheScope scope = keys.scope("tenant", "key", Optional.empty());

    @Test
    void allBlocksAreFreeAndHandedOutInOrder() {
        BlockTable table = new BlockTable(16);
        pool.allocate(table, 3);
        assertThat(List.of(table.block(0), table.block(1), table.block(2))).containsExactly(0, 1, 2);
        assertThat(pool.freeBlocks()).isEqualTo(1);
        pool.verify(List.of(table));
    }

    @Test
    void allocatingMoreThanIsFreeFails() {
        assertThatThrownBy(() -> pool.allocate(new BlockTable(16), 5))
                .hasMessageContaining("allocating 5 blocks, 4 are free");
    }

    @Test
    void V1_3_anUncachedBlockIsZeroedWhenItsLastReferenceGoes() {
        BlockTable table = new BlockTable(16);
        pool.allocate(table, 2);
        pool.release(table);
        assertThat(zeroed).containsExactly(1, 0); // tail first
        pool.verify(List.of());
    }

    @Test
    void V1_3_aCachedBlockIsZeroedWhenItIsHandedOutAndNotBefore() {
        BlockTable table = new BlockTable(16);
        cache(table, scope, TOKENS);
        pool.release(table);
        assertThat(zeroed).isEmpty();
        BlockTable other = new BlockTable(16);
        pool.allocate(other, 3); // the blocks that are not cached go first
        assertThat(zeroed).isEmpty();
        pool.allocate(other, 1);
        assertThat(zeroed).containsExactly(0);
        assertThat(lookup(scope, TOKENS)).isEmpty();
        pool.verify(List.of(other));
    }

    @Test
    void cachedBlocksAreEvictedLeastRecentlyFreedFirst() {
        List<BlockTable> tables = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            tables.add(new BlockTable(16));
            cache(tables.get(i), scope, tokens(i));
        }
        for (int i : new int[] {2, 0, 3, 1}) pool.release(tables.get(i));
        pool.share(tables.get(0), lookup(scope, tokens(2)).orElseThrow()); // used again: now the most recent one
        pool.release(tables.get(0));
        pool.allocate(new BlockTable(16), 4);
        assertThat(zeroed).containsExactly(0, 3, 1, 2);
    }

    @Test
    void aSharedBlockIsFreeOnlyWhenTheLastTableLetsGo() {
        BlockTable first = new BlockTable(16);
        BlockTable second = new BlockTable(16);
        cache(first, scope, TOKENS);
        pool.share(second, lookup(scope, TOKENS).orElseThrow());
        pool.verify(List.of(first, second));
        pool.release(first);
        assertThat(pool.isFree(0)).isFalse();
        pool.release(second);
        assertThat(pool.isFree(0)).isTrue();
        pool.verify(List.of());
    }

    @Test
    void V1_1_aHitNeedsTheScopeAndTheTokensToMatchNotTheKeyAlone() {
        BlockTable table = new BlockTable(16);
        cache(table, scope, TOKENS);
        PrefixKey key = keys.key(scope, null, TOKENS, 0);
        CacheScope foreign = keys.scope("tenant", "other key", Optional.empty());
        assertThat(pool.lookup(key, scope, TOKENS, 0)).hasValue(0);
        assertThat(pool.lookup(key, scope, tokens(2), 0)).isEmpty(); // as if the hash had collided
        assertThat(pool.lookup(key, foreign, TOKENS, 0)).isEmpty();
    }

    @Test
    void equalBlocksAreNotMergedTheSecondStaysPrivate() {
        BlockTable first = new BlockTable(16);
        BlockTable second = new BlockTable(16);
        cache(first, scope, TOKENS);
        cache(second, scope, TOKENS);
        assertThat(pool.cachedBlocks()).isEqualTo(1);
        pool.release(second);
        assertThat(zeroed).containsExactly(1);
        pool.verify(List.of(first));
    }

    @Test
    void V1_3_clearingATenantZeroesItsFreeBlocksAtOnceAndTheOthersAtTheEnd() {
        BlockTable free = new BlockTable(16);
        BlockTable used = new BlockTable(16);
        BlockTable foreign = new BlockTable(16);
        cache(free, scope, tokens(1));
        cache(used, keys.scope("tenant", "key", Optional.of("user")), tokens(2));
        CacheScope other = keys.scope("other", "key", Optional.empty());
        cache(foreign, other, tokens(3));
        pool.release(free);
        pool.release(foreign);
        assertThat(pool.clear("tenant")).isEqualTo(new CacheClearing(1, 1));
        assertThat(zeroed).containsExactly(0);
        pool.verify(List.of(used));
        pool.release(used);
        assertThat(zeroed).containsExactly(0, 1);
        assertThat(pool.lookup(keys.key(other, null, tokens(3), 0), other, tokens(3), 0))
                .hasValue(2);
        assertThat(pool.clear(other)).isEqualTo(new CacheClearing(1, 0));
        assertThat(zeroed).containsExactly(0, 1, 2);
        pool.verify(List.of());
    }

    @Test
    void discardedBlocksAreZeroAndNotHittableUnlessSomebodyElseHoldsThem() {
        BlockTable first = new BlockTable(16);
        BlockTable second = new BlockTable(16);
        cache(first, scope, tokens(1));
        pool.share(second, lookup(scope, tokens(1)).orElseThrow());
        cache(second, scope, tokens(2));
        pool.discard(second);
        assertThat(zeroed).containsExactly(1);
        assertThat(lookup(scope, tokens(1))).hasValue(0);
        assertThat(lookup(scope, tokens(2))).isEmpty();
        pool.verify(List.of(first));
    }

    @Test
    void V1_3_resetZeroesEverythingThatMayHoldData() {
        cache(new BlockTable(16), scope, tokens(1));
        BlockTable freed = new BlockTable(16);
        cache(freed, scope, tokens(2));
        pool.release(freed);
        pool.reset();
        assertThat(zeroed).containsExactly(0, 1);
        assertThat(pool.freeBlocks()).isEqualTo(4);
        pool.verify(List.of());
    }

    @Test
    void verifyFindsALeakAndAWrongCount() {
        BlockTable table = new BlockTable(16);
        pool.allocate(table, 2);
        assertThatThrownBy(() -> pool.verify(List.of())).hasMessageContaining("blocks leaked");
        assertThatThrownBy(() -> pool.verify(List.of(table, table))).hasMessageContaining("reference count");
    }

    @Test
    void whatNobodyUsesIsKeptUpToItsLimitAndItsMemoryIsUsedAgain() {
        BlockPool large = new BlockPool(1000, 2, zeroed::add);
        int highest = 0;
        for (int request = 0; request < 100; request++) {
            BlockTable table = new BlockTable(16);
            large.allocate(table, 1);
            int[] prompt = tokens(request);
            large.publish(table.block(0), keys.key(scope, null, prompt, 0), scope, prompt, 0);
            highest = Math.max(highest, table.block(0));
            large.release(table);
            large.verify(List.of());
        }
        assertThat(large.cachedBlocks()).isEqualTo(2);
        assertThat(highest).isLessThanOrEqualTo(2);
        for (int request : new int[] {97, 98, 99}) {
            int[] prompt = tokens(request);
            assertThat(large.lookup(keys.key(scope, null, prompt, 0), scope, prompt, 0)
                            .isPresent())
                    .isEqualTo(request > 97);
        }
    }

    /// Every state the pool can get into by its methods passes its own check, and a free block that is not
    /// cached is zero.
    @Test
    void V2_5_randomUseKeepsEveryPromise() {
        long seed = 20261122;
        SplittableRandom random = new SplittableRandom(seed);
        boolean[] dirty = new boolean[24];
        BlockPool big = new BlockPool(24, 7, block -> dirty[block] = false);
        List<BlockTable> tables = new ArrayList<>();
        for (int step = 0; step < 50_000; step++) {
            int what = random.nextInt(10);
            if (what < 4 && big.freeBlocks() > 2) {
                BlockTable table = new BlockTable(16);
                int hit = big.lookup(keys.key(scope, null, tokens(what), 0), scope, tokens(what), 0)
                        .orElse(-1);
                if (hit >= 0) big.share(table, hit);
                big.allocate(table, random.nextInt(1, 3));
                int last = table.block(table.count() - 1);
                assertThat(dirty[last]).as("seed %d step %d", seed, step).isFalse();
                dirty[last] = true;
                if (random.nextBoolean())
                    big.publish(last, keys.key(scope, null, tokens(what), 0), scope, tokens(what), 0);
                tables.add(table);
            } else if (what < 8 && !tables.isEmpty()) {
                big.release(tables.remove(random.nextInt(tables.size())));
            } else if (what == 8 && !tables.isEmpty()) {
                big.discard(tables.remove(random.nextInt(tables.size())));
            } else if (random.nextInt(50) == 0) {
                big.clear("tenant");
            }
            big.verify(tables);
        }
    }

    private void cache(BlockTable table, CacheScope in, int[] tokens) {
        pool.allocate(table, 1);
        pool.publish(table.block(table.count() - 1), keys.key(in, null, tokens, 0), in, tokens, 0);
    }

    private OptionalInt lookup(CacheScope in, int[] tokens) {
        return pool.lookup(keys.key(in, null, tokens, 0), in, tokens, 0);
    }

    private static int[] tokens(int first) {
        int[] ids = new int[BlockPool.BLOCK_TOKENS];
        for (int i = 0; i < ids.length; i++) ids[i] = first + i;
        return ids;
    }
}
