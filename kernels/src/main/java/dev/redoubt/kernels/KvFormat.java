package dev.redoubt.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// How the KV cache stores keys and values.
public enum KvFormat {
    /// As computed.
    F32(4, 0),
    /// Rounded to the nearest f16, ties to even, finite values clamped to ±65504 before.
    F16(2, 0),
    /// i8 and one f32 scale per token and KV head: `scale · q`.
    Q8(1, 4 * KvLayout.BLOCK_TOKENS);

    static final float F16_MAX = 65504;
    static final int Q8_MAX = 127;

    private final int elementBytes;
    private final int headerBytes;

    KvFormat(int elementBytes, int headerBytes) {
        this.elementBytes = elementBytes;
        this.headerBytes = headerBytes;
    }

    /// Size of one stored value.
    public int elementBytes() {
        return elementBytes;
    }

    /// Size of what stands before the values of one layer and head in a block: the scales of its 16 tokens, if any.
    public int headerBytes() {
        return headerBytes;
    }

    /// One value, widened exactly and not scaled.
    float element(MemorySegment pool, long at) {
        return switch (this) {
            case F32 -> pool.get(ValueLayout.JAVA_FLOAT, at);
            case F16 -> Float.float16ToFloat(pool.get(ValueLayout.JAVA_SHORT, at));
            case Q8 -> pool.get(ValueLayout.JAVA_BYTE, at);
        };
    }

    /// What the values of a token are multiplied by.
    ///
    /// @param head offset of the keys, or the values, of one layer and head
    float scale(MemorySegment pool, long head, int slot) {
        return this == Q8 ? pool.get(ValueLayout.JAVA_FLOAT, head + 4L * slot) : 1;
    }

    /// The scale of a token's keys or values; 0 if all of them count as zero.
    ///
    /// @param largest magnitude among them
    static float scaleOf(float largest) {
        float scale = largest / Q8_MAX;
        return scale < Float.MIN_NORMAL ? 0 : scale;
    }
}
