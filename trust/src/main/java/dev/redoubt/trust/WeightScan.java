package dev.redoubt.trust;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// Looks at every stored number that could be NaN or infinite: weights of float types, scales and minimums of
/// quantized blocks. Integers and the small quants inside a block cannot be wrong in this way.
final class WeightScan {
    /* One pass, two bytes read per block of a quantized type, every value of a float type. A value is
     * refused when its exponent bits are all ones: that is the definition of NaN and infinity in every IEEE
     * layout, so no conversion is needed. */
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int F16_EXPONENT = 0x7C00;
    /// 1024 as f16: the largest scale or minimum of a block, a thousand times that of any model that is known.
    private static final int F16_SCALE_MAX = 0x6400;
    private static final int BF16_EXPONENT = 0x7F80;
    private static final int F32_EXPONENT = 0x7F80_0000;
    private static final long F64_EXPONENT = 0x7FF0_0000_0000_0000L;

    private WeightScan() {}

    /// @throws ArtifactException if a value is not finite, or a BOOL is neither 0 nor 1
    static void check(Tensor tensor) {
        switch (tensor.type()) {
            case F64 -> doubles(tensor);
            case F32 -> floats(tensor);
            case F16 -> halves(tensor, F16_EXPONENT);
            case BF16 -> halves(tensor, BF16_EXPONENT);
            case F8_E4M3 -> bytes(tensor, 0x7F); // no infinity; NaN has all bits but the sign
            case F8_E5M2 -> bytes(tensor, 0x7C);
            case BOOL -> bools(tensor);
            case Q4_0, Q5_0, Q8_0, IQ4_NL, IQ4_XS -> scales(tensor, 0);
            case Q4_1, Q5_1, Q4_K, Q5_K -> {
                scales(tensor, 0);
                scales(tensor, 2);
            }
            case Q2_K -> {
                scales(tensor, 80);
                scales(tensor, 82);
            }
            case Q3_K, Q6_K -> scales(tensor, tensor.type().blockBytes() - 2);
            case I64, I32, I16, I8, U8, U16, U32, U64 -> {}
        }
    }

    /// @throws ArtifactException if a byte between two tensors is not zero
    static void checkPadding(MemorySegment padding) {
        for (long i = 0; i < padding.byteSize(); i++)
            if (padding.get(ValueLayout.JAVA_BYTE, i) != 0)
                throw Refusals.content("GGUF padding between tensors is not zero: bytes that belong to no tensor");
    }

    private static void doubles(Tensor tensor) {
        MemorySegment data = tensor.data();
        for (long at = 0; at < data.byteSize(); at += 8)
            if ((data.get(LONG, at) & F64_EXPONENT) == F64_EXPONENT) throw notFinite(tensor, at / 8);
    }

    private static void floats(Tensor tensor) {
        MemorySegment data = tensor.data();
        for (long at = 0; at < data.byteSize(); at += 4)
            if ((data.get(INT, at) & F32_EXPONENT) == F32_EXPONENT) throw notFinite(tensor, at / 4);
    }

    private static void halves(Tensor tensor, int exponent) {
        MemorySegment data = tensor.data();
        for (long at = 0; at < data.byteSize(); at += 2)
            if ((data.get(SHORT, at) & exponent) == exponent) throw notFinite(tensor, at / 2);
    }

    private static void bytes(Tensor tensor, int notFinite) {
        MemorySegment data = tensor.data();
        for (long at = 0; at < data.byteSize(); at++)
            if ((data.get(ValueLayout.JAVA_BYTE, at) & notFinite) == notFinite) throw notFinite(tensor, at);
    }

    private static void bools(Tensor tensor) {
        MemorySegment data = tensor.data();
        for (long at = 0; at < data.byteSize(); at++)
            if ((data.get(ValueLayout.JAVA_BYTE, at) & 0xFE) != 0)
                throw Refusals.content(
                        "tensor '%s' of dtype BOOL holds the value %d at element %d, allowed are 0 and 1",
                        tensor.name(), data.get(ValueLayout.JAVA_BYTE, at) & 0xFF, at);
    }

    private static void scales(Tensor tensor, int offset) {
        MemorySegment data = tensor.data();
        int block = tensor.type().blockBytes();
        for (long at = offset; at < data.byteSize(); at += block)
            if ((data.get(SHORT, at) & F16_EXPONENT) == F16_EXPONENT)
                throw new ArtifactException(
                        Refusals.SCALES,
                        "tensor '%s' of type %s has a scale that is not finite (NaN or Inf) in block %d"
                                .formatted(tensor.name(), tensor.type(), at / block));
            else if ((data.get(SHORT, at) & 0x7FFF) > F16_SCALE_MAX)
                throw new ArtifactException(
                        Refusals.SCALES,
                        "tensor '%s' of type %s has the scale %s in block %d, allowed is -1024 to 1024"
                                .formatted(
                                        tensor.name(),
                                        tensor.type(),
                                        Float.float16ToFloat(data.get(SHORT, at)),
                                        at / block));
    }

    private static ArtifactException notFinite(Tensor tensor, long element) {
        return Refusals.content(
                "tensor '%s' of type %s has a value that is not finite (NaN or Inf) at element %d",
                tensor.name(), tensor.type(), element);
    }
}
