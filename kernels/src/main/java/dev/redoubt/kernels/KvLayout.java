package dev.redoubt.kernels;

/// Where the keys and values of a token lie inside one KV block. A block holds 16 tokens for all layers,
/// contiguous, so that one fill zeroes it. Per layer and KV head: keys as [head dimension][16 tokens] (tokens
/// are the lanes: a score needs no horizontal sum), values as [16 tokens][head dimension]; f32.
///
/// @param headDimension a multiple of 2
public record KvLayout(int layers, int kvHeads, int headDimension) {
    /// Tokens in a block.
    public static final int BLOCK_TOKENS = 16;

    public KvLayout {
        if (layers <= 0 || kvHeads <= 0 || headDimension <= 0 || headDimension % 2 != 0)
            throw new IllegalArgumentException("KV layout of " + layers + " layers, " + kvHeads + " KV heads of "
                    + headDimension + ": all must be positive, the head dimension even");
    }

    /// Size of the keys, or the values, of one layer and head in one block.
    public long headBytes() {
        return 4L * BLOCK_TOKENS * headDimension;
    }

    /// Size of one block: keys and values of 16 tokens in all layers.
    public long blockBytes() {
        return 2 * headBytes() * kvHeads * layers;
    }

    /// Offset in a block of the keys of a layer and head.
    public long keyOffset(int layer, int kvHead) {
        return 2 * headBytes() * ((long) layer * kvHeads + kvHead);
    }

    /// Offset in a block of the values of a layer and head.
    public long valueOffset(int layer, int kvHead) {
        return keyOffset(layer, kvHead) + headBytes();
    }
}
