package dev.redoubt.engine;

import dev.redoubt.base.generation.SamplingParams;
import dev.redoubt.engine.kvcache.BlockMemory;
import dev.redoubt.engine.kvcache.BlockPool;
import dev.redoubt.engine.model.StepBatch;
import dev.redoubt.engine.sample.Sampler;
import dev.redoubt.kernels.Compute;
import dev.redoubt.kernels.FloatMatrix;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// A model whose logits are a hash of all tokens so far, read back through the block tables: a wrong table,
/// slot, order, row or a block that somebody else wrote changes them, and so the tokens.
final class FakeModel implements StepRunner, BlockMemory {
    static final int VOCABULARY = 24;

    private static final Sampler SAMPLER =
            new Sampler(Compute.open("scalar", 1, 1, 1), VOCABULARY); // FakePicker asks none

    private final long[] slots;
    private final FloatMatrix logits = FloatMatrix.allocate(1, VOCABULARY, Arena.ofAuto());
    /// Tokens computed, over all steps.
    long rows;
    /// The next step throws this many times.
    int failures;
    /// A picker of this seed throws.
    long failingSeed = Long.MIN_VALUE;

    FakeModel(int blocks) {
        this.slots = new long[blocks * BlockPool.BLOCK_TOKENS];
    }

    @Override
    public void zero(int block) {
        Arrays.fill(slots, block * BlockPool.BLOCK_TOKENS, (block + 1) * BlockPool.BLOCK_TOKENS, 0);
    }

    boolean allZero() {
        for (long slot : slots) if (slot != 0) return false;
        return true;
    }

    @Override
    public TokenPicker newPicker(SamplingParams params, long seed, int[] promptIds) {
        return new FakePicker(params, seed);
    }

    @Override
    public Optional<String> changedWeights() {
        return Optional.empty(); // it has none
    }

    @Override
    public void run(StepBatch batch, List<? extends RowTask> tasks) {
        int wanted = 0;
        for (int row = 0; row < batch.attention.rows; row++) {
            int position = batch.attention.position[row];
            int[] table = batch.attention.blockTable[batch.attention.sequence[row]];
            long before = position == 0 ? 1 : slots[slot(table, position - 1)];
            long hash = mix(before ^ batch.tokenIds[row]) | 1;
            slots[slot(table, position)] = hash;
            rows++;
            if (wanted < batch.logitRowCount && batch.logitRows[wanted] == row) read(tasks.get(wanted++), hash);
        }
        if (failures > 0) {
            failures--;
            throw new IllegalStateException("a fault with the secret prompt in its text");
        }
    }

    private void read(RowTask task, long hash) {
        for (int i = 0; i < VOCABULARY; i++) logits.set(0, i, (mix(hash + i) >>> 40) / 16_777_216f);
        task.read(SAMPLER, logits, 0, 0, 0);
    }

    private static int slot(int[] table, int position) {
        return table[position / BlockPool.BLOCK_TOKENS] * BlockPool.BLOCK_TOKENS + position % BlockPool.BLOCK_TOKENS;
    }

    private static long mix(long x) {
        long mixed = (x ^ (x >>> 30)) * 0xBF58476D1CE4E5B9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94D049BB133111EBL;
        return mixed ^ (mixed >>> 31);
    }

    private final class FakePicker implements TokenPicker {
        private final SamplingParams params;
        private final long seed;
        private long accepted;

        FakePicker(SamplingParams params, long seed) {
            this.params = params;
            this.seed = seed;
        }

        @Override
        public int pick(Sampler sampler, FloatMatrix logits, int row, int argMax, int guesses) {
            if (seed == failingSeed) throw new IllegalArgumentException("a fault of the sampler");
            int best = 0;
            float most = Float.NEGATIVE_INFINITY;
            for (int i = 0; i < VOCABULARY; i++) {
                float noise = (mix(seed * 31 + (accepted + guesses) * VOCABULARY + i) >>> 40) / 16_777_216f;
                float score = logits.get(row, i) + (float) params.temperature() * noise;
                if (score <= most) continue;
                most = score;
                best = i;
            }
            return best;
        }

        @Override
        public void accept(int tokenId) {
            accepted++;
        }
    }
}
