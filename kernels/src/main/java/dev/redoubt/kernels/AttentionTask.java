package dev.redoubt.kernels;

/// Attention, cut into tiles of neighbouring rows of one sequence × KV heads.
@SuppressWarnings("NullAway.Init")
final class AttentionTask implements ComputeThreads.Task {
    /// Query rows × heads that share the loads of a KV head.
    private static final int TILE_QUERIES = 12;

    private final ComputeThreads threads;
    private final Kernels kernels;
    private final Scratch[] scratch;
    private AttentionCall call;
    private int kvHeads;
    private int tiles;
    private int[] tileFrom = new int[16]; // tile i is rows tileFrom[i] to tileFrom[i + 1] - 1

    AttentionTask(ComputeThreads threads, Kernels kernels, Scratch[] scratch) {
        this.threads = threads;
        this.kernels = kernels;
        this.scratch = scratch;
    }

    void run(AttentionCall call) {
        this.call = call;
        this.kvHeads = call.kv().layout().kvHeads();
        cutIntoTiles(call.batch(), Math.max(1, TILE_QUERIES / call.group()));
        threads.run(tiles * kvHeads, this);
    }

    private void cutIntoTiles(AttentionBatch batch, int tileRows) {
        if (tileFrom.length < batch.rows + 1) tileFrom = new int[batch.rows + 1 + batch.rows / 4];
        tiles = 0;
        for (int row = 0; row < batch.rows; row++) {
            boolean begins = tiles == 0
                    || row - tileFrom[tiles - 1] == tileRows
                    || batch.sequence[row] != batch.sequence[row - 1];
            if (begins) tileFrom[tiles++] = row;
        }
        tileFrom[tiles] = batch.rows;
    }

    /// From the last tile to the first: a sequence's later rows cost more, and the costly parts go out early.
    @Override
    public void runPart(int part, int worker) {
        int tile = tiles - 1 - part / kvHeads;
        kernels.attention(call, tileFrom[tile], tileFrom[tile + 1], part % kvHeads, scratch[worker]);
    }
}
