package dev.redoubt.serve.schema;

/// Types of a tensor's elements, by the names of safetensors; little-endian.
public enum DType {
    F32(4),
    F64(8),
    I32(4),
    I64(8),
    U8(1),
    I8(1),
    BOOL(1);

    private final int bytes;

    DType(int bytes) {
        this.bytes = bytes;
    }

    /// Of one element.
    public int bytes() {
        return bytes;
    }
}
