package dev.redoubt.trust;

/// Element types of ONNX tensors that are read; how large they are and how a float type shows infinity.
public enum OnnxType {
    FLOAT(1, 32, 0x7F80_0000L),
    UINT8(2, 8, 0),
    INT8(3, 8, 0),
    UINT16(4, 16, 0),
    INT16(5, 16, 0),
    INT32(6, 32, 0),
    INT64(7, 64, 0),
    STRING(8, 0, 0),
    BOOL(9, 8, 0),
    FLOAT16(10, 16, 0x7C00L),
    DOUBLE(11, 64, 0x7FF0_0000_0000_0000L),
    UINT32(12, 32, 0),
    UINT64(13, 64, 0),
    BFLOAT16(16, 16, 0x7F80L),
    UINT4(21, 4, 0),
    INT4(22, 4, 0);

    private final int number;
    private final int bits;
    private final long infinity;

    OnnxType(int number, int bits, long infinity) {
        this.number = number;
        this.bits = bits;
        this.infinity = infinity;
    }

    /// Of one element; 0 for [#STRING], whose elements have lengths of their own.
    int bits() {
        return bits;
    }

    /// Positive infinity, as bits; 0 where the type has none.
    long infinity() {
        return infinity;
    }

    /// @param owner what has the type, for the refusal
    /// @param number as in the file
    static OnnxType of(String owner, long number) {
        for (OnnxType type : values()) if (type.number == number) return type;
        throw Refusals.content("ONNX %s has the element type %d, which is unknown or not read", owner, number);
    }
}
