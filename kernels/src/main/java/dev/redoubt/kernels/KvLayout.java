package dev.redoubt.kernels;

/// Where the keys and values of a token lie inside one KV block. A block holds 16 tokens for all layers,
/// contiguous, so that one fill zeroes it. Per layer and KV head, keys and then values, each:
///
/// 1. the scales of the 16 tokens, if the format has them;
/// 2. keys as [head dimension][16 tokens] (tokens are the lanes: a score needs no horizontal sum), values as
///    [16 tokens][head dimension];
/// 3. padding to a multiple of 64 bytes.
///
/// @param headDimension a multiple of 2
public record KvLayout(KvFormat format, int layers, int kvHeads, int headDimension) {
    /// Tokens in a block.
    public static final int BLOCK_TOKENS = 16;
    private static final int ALIGNMENT = 64;

    public KvLayout {
        if (layers <= 0 || kvHeads <= 0 || headDimension <= 0 || headDimension % 2 != 0)
            throw new IllegalArgumentException("KV layout of " + layers + " layers, " + kvHeads + " KV heads of "
                    + headDimension + ": all must be positive, the head dimension even");
    }

    /// Size of the keys, or the values, of one layer and head in one block.
    public long headBytes() {
        long bytes = format.headerBytes() + (long) format.elementBytes() * BLOCK_TOKENS * headDimension;
        return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
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

    /// Offset of a key from the begin of the keys of its layer and head.
    long keyElement(int slot, int d) {
        return format.headerBytes() + (long) format.elementBytes() * ((long) BLOCK_TOKENS * d + slot);
    }

    /// Offset of a value from the begin of the values of its layer and head.
    long valueElement(int slot, int d) {
        return format.headerBytes() + (long) format.elementBytes() * ((long) slot * headDimension + d);
    }
}
