package dev.redoubt.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;

/// Writes the keys and values of single tokens into KV memory; the same code for every provider.
final class KvRows {
    private KvRows() {}

    /// Writes the keys and values of one row to the slot of its position.
    static void store(FloatMatrix keys, FloatMatrix values, AttentionBatch batch, int row, KvMemory kv, int layer) {
        KvLayout layout = kv.layout();
        int[] table = batch.blockTable[batch.sequence[row]];
        int position = Objects.checkIndex(batch.position[row], table.length * KvLayout.BLOCK_TOKENS);
        int slot = position % KvLayout.BLOCK_TOKENS;
        int block = table[position / KvLayout.BLOCK_TOKENS];
        int dimension = layout.headDimension();
        int keyStep = layout.format().elementBytes() * KvLayout.BLOCK_TOKENS;
        int valueStep = layout.format().elementBytes();
        if (layer == 0 && !kv.allFinite()) kv.unmark(block, slot); // a guess stood there that was wrong
        boolean finite = true;
        for (int head = 0; head < layout.kvHeads(); head++) {
            long key = 4L * ((long) row * keys.stride() + (long) head * dimension);
            long value = 4L * ((long) row * values.stride() + (long) head * dimension);
            long keyHead = kv.offset(block) + layout.keyOffset(layer, head);
            long valueHead = kv.offset(block) + layout.valueOffset(layer, head);
            finite &= storeHead(keys.segment(), key, kv, keyHead, slot, keyHead + layout.keyElement(slot, 0), keyStep);
            finite &= storeHead(
                    values.segment(), value, kv, valueHead, slot, valueHead + layout.valueElement(slot, 0), valueStep);
        }
        if (!finite) kv.markNotFinite(block, slot);
    }

    /// Writes one token's keys, or values, of one head.
    ///
    /// @param head where the keys, or values, of all tokens of the head begin
    /// @param to where the token's first value goes
    /// @param step bytes from one of its values to the next
    /// @return whether all are finite
    private static boolean storeHead(MemorySegment x, long from, KvMemory kv, long head, int slot, long to, int step) {
        int dimension = kv.layout().headDimension();
        float largest = largest(x, from, dimension);
        switch (kv.layout().format()) {
            case F32 -> storeF32(x, from, dimension, kv.segment(), to, step);
            case F16 -> storeF16(x, from, dimension, kv.segment(), to, step);
            case Q8 -> {
                float scale = KvFormat.scaleOf(largest);
                kv.segment().set(ValueLayout.JAVA_FLOAT, head + 4L * slot, scale);
                storeQ8(x, from, dimension, scale == 0 ? 0 : 1 / scale, kv.segment(), to, step);
            }
        }
        return Float.isFinite(largest);
    }

    /// The largest magnitude; NaN if there is one, whose bits come after those of infinity.
    private static float largest(MemorySegment x, long from, int dimension) {
        int bits = 0;
        for (int d = 0; d < dimension; d++)
            bits = Math.max(bits, x.get(ValueLayout.JAVA_INT, from + 4L * d) & Integer.MAX_VALUE);
        return Float.intBitsToFloat(bits);
    }

    private static void storeF32(MemorySegment x, long from, int dimension, MemorySegment pool, long to, int step) {
        for (int d = 0; d < dimension; d++)
            pool.set(ValueLayout.JAVA_FLOAT, to + (long) step * d, x.get(ValueLayout.JAVA_FLOAT, from + 4L * d));
    }

    private static void storeF16(MemorySegment x, long from, int dimension, MemorySegment pool, long to, int step) {
        for (int d = 0; d < dimension; d++) {
            float value = x.get(ValueLayout.JAVA_FLOAT, from + 4L * d);
            float clamped = Math.max(-KvFormat.F16_MAX, Math.min(KvFormat.F16_MAX, value));
            pool.set(ValueLayout.JAVA_SHORT, to + (long) step * d, Float.floatToFloat16(clamped));
        }
    }

    private static void storeQ8(
            MemorySegment x, long from, int dimension, float factor, MemorySegment pool, long to, int step) {
        for (int d = 0; d < dimension; d++) {
            int q = Activations.round(x.get(ValueLayout.JAVA_FLOAT, from + 4L * d) * factor);
            int clamped = Math.max(-KvFormat.Q8_MAX, Math.min(KvFormat.Q8_MAX, q));
            pool.set(ValueLayout.JAVA_BYTE, to + (long) step * d, (byte) clamped);
        }
    }
}
