package dev.redoubt.engine.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.engine.kvcache.BlockMemory;
import dev.redoubt.engine.kvcache.BlockPool;
import java.util.Arrays;

/// A model reduced to what the scheduler can get wrong: every slot holds a hash of all tokens up to its own,
/// computed from the slot before it *through the block table*. A wrong block, slot, order or a block used twice
/// changes a hash, and so the text.
final class FakeKv implements BlockMemory {
    private final long[] slots;

    FakeKv(int blocks) {
        this.slots = new long[blocks * BlockPool.BLOCK_TOKENS];
    }

    @Override
    public void zero(int block) {
        Arrays.fill(slots, block * BlockPool.BLOCK_TOKENS, (block + 1) * BlockPool.BLOCK_TOKENS, 0);
    }

    boolean isZero(int block) {
        for (int i = 0; i < BlockPool.BLOCK_TOKENS; i++)
            if (slots[block * BlockPool.BLOCK_TOKENS + i] != 0) return false;
        return true;
    }

    /// What a computed position holds.
    long hash(Sequence sequence, int position) {
        return slots[slot(sequence, position)];
    }

    /// Computes one entry of a plan.
    ///
    /// @param expected by position: what the slots before must hold, as far as the tokens are known
    void compute(StepPlan.Entry entry, long[] expected) {
        Sequence sequence = entry.sequence();
        long hash = 1;
        for (int position = entry.from(); position < entry.from() + entry.tokens(); position++) {
            if (position > 0) {
                hash = slots[slot(sequence, position - 1)];
                if (position <= sequence.length() && hash != expected[position - 1])
                    assertThat(hash)
                            .as("sequence %d, position %d", sequence.id(), position - 1)
                            .isEqualTo(expected[position - 1]);
            } else {
                hash = 1;
            }
            int slot = slot(sequence, position);
            if (slot % BlockPool.BLOCK_TOKENS == 0 && slots[slot] != 0)
                assertThat(slots[slot]).as("a fresh block").isZero();
            hash = mix(hash, sequence.tokenOrGuess(position));
            slots[slot] = hash;
        }
    }

    static long mix(long hash, int token) {
        long mixed = (hash ^ token) * 0x9E3779B97F4A7C15L;
        mixed ^= mixed >>> 29;
        return (mixed * 0xBF58476D1CE4E5B9L) | 1; // never zero
    }

    private static int slot(Sequence sequence, int position) {
        return sequence.table().block(position / BlockPool.BLOCK_TOKENS) * BlockPool.BLOCK_TOKENS
                + position % BlockPool.BLOCK_TOKENS;
    }
}
