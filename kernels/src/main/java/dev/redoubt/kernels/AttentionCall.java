package dev.redoubt.kernels;

/// What is the same for all items of one [Compute#attention].
///
/// @param query (rows, queryHeads · headDimension)
/// @param group query heads that share one KV head
record AttentionCall(
        FloatMatrix query,
        int group,
        AttentionBatch batch,
        KvMemory kv,
        int layer,
        AttentionRule rule,
        FloatMatrix out) {
    /// Offset in the pool of the keys of a head in the `index`-th block of a sequence.
    long keyOffset(int sequence, int index, int kvHead) {
        return kv.offset(batch.blockTable[sequence][index]) + kv.layout().keyOffset(layer, kvHead);
    }

    /// Distance from the keys to the values of the same head.
    long valueDistance() {
        return kv.layout().headBytes();
    }

    KvFormat format() {
        return kv.layout().format();
    }

    int headDimension() {
        return kv.layout().headDimension();
    }

    /// Offset in bytes of a query head of a row, in `query` and in `out`.
    long headOffset(int row, int kvHead, int member) {
        return 4L * ((long) row * query.stride() + (long) (kvHead * group + member) * headDimension());
    }
}
