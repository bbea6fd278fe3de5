package dev.redoubt.testkit;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// How a tiny model stores its matrices. Quantizers are simple and correct, not the best: blocks of 32 weights
/// of one row.
public enum WeightKind {
    F32(0, 1, 4),
    F16(1, 1, 2),
    Q4_0(2, 32, 18),
    Q4_1(3, 32, 20),
    Q8_0(8, 32, 34),
    BF16(30, 1, 2);

    /// GGUF's number of the type.
    final int ggufType;

    private final int blockWeights;
    private final int blockBytes;

    WeightKind(int ggufType, int blockWeights, int blockBytes) {
        this.ggufType = ggufType;
        this.blockWeights = blockWeights;
        this.blockBytes = blockBytes;
    }

    /// Whether safetensors can hold it.
    public boolean plain() {
        return blockWeights == 1;
    }

    /// The bytes of `weights`, a whole number of blocks, little-endian.
    public byte[] encode(float[] weights) {
        if (weights.length % blockWeights != 0)
            throw new IllegalArgumentException(weights.length + " weights, not a multiple of " + blockWeights);
        ByteBuffer out =
                ByteBuffer.allocate(weights.length / blockWeights * blockBytes).order(ByteOrder.LITTLE_ENDIAN);
        for (int at = 0; at < weights.length; at += blockWeights) {
            switch (this) {
                case F32 -> out.putFloat(weights[at]);
                case F16 -> out.putShort(Float.floatToFloat16(weights[at]));
                case BF16 -> out.putShort(bfloat16(weights[at]));
                case Q8_0 -> q8(weights, at, out);
                case Q4_0 -> q4(weights, at, out, false);
                case Q4_1 -> q4(weights, at, out, true);
            }
        }
        return out.array();
    }

    private static short bfloat16(float value) { // round half to even
        int bits = Float.floatToRawIntBits(value);
        return (short) (bits + 0x7FFF + (bits >>> 16 & 1) >>> 16);
    }

    private static void q8(float[] weights, int at, ByteBuffer out) {
        float largest = 0;
        for (int i = at; i < at + 32; i++) largest = Math.max(largest, Math.abs(weights[i]));
        float scale = half(largest / 127, out);
        for (int i = at; i < at + 32; i++) out.put((byte) quant(weights[i], scale, -127, 127));
    }

    private static void q4(float[] weights, int at, ByteBuffer out, boolean withMinimum) {
        float low = Float.POSITIVE_INFINITY;
        float high = Float.NEGATIVE_INFINITY;
        float largest = 0; // by magnitude, with its sign
        for (int i = at; i < at + 32; i++) {
            low = Math.min(low, weights[i]);
            high = Math.max(high, weights[i]);
            if (Math.abs(weights[i]) > Math.abs(largest)) largest = weights[i];
        }
        float scale = half(withMinimum ? (high - low) / 15 : largest / -8, out);
        float minimum = withMinimum ? half(low, out) : -8 * scale;
        for (int i = at; i < at + 16; i++) {
            int lowNibble = quant(weights[i] - minimum, scale, 0, 15);
            int highNibble = quant(weights[i + 16] - minimum, scale, 0, 15);
            out.put((byte) (lowNibble | highNibble << 4));
        }
    }

    private static float half(float value, ByteBuffer out) {
        short bits = Float.floatToFloat16(value);
        out.putShort(bits);
        return Float.float16ToFloat(bits);
    }

    private static int quant(float value, float scale, int low, int high) {
        return scale == 0 ? 0 : Math.clamp(Math.round(value / scale), low, high);
    }
}
