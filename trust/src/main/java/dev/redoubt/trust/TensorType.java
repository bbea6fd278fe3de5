package dev.redoubt.trust;

/// Element types of stored tensors: those of GGUF and safetensors that this product knows the size of. Which of
/// them a model can compute with is the engine's business.
public enum TensorType {
    F64(1, 8),
    F32(1, 4),
    F16(1, 2),
    BF16(1, 2),
    I64(1, 8),
    I32(1, 4),
    I16(1, 2),
    I8(1, 1),
    U8(1, 1),
    U16(1, 2),
    U32(1, 4),
    U64(1, 8),
    BOOL(1, 1),
    F8_E4M3(1, 1),
    F8_E5M2(1, 1),
    Q4_0(32, 18),
    Q4_1(32, 20),
    Q5_0(32, 22),
    Q5_1(32, 24),
    Q8_0(32, 34),
    Q2_K(256, 84),
    Q3_K(256, 110),
    Q4_K(256, 144),
    Q5_K(256, 176),
    Q6_K(256, 210),
    IQ4_NL(32, 18),
    IQ4_XS(256, 136);

    private final int blockElements;
    private final int blockBytes;

    TensorType(int blockElements, int blockBytes) {
        this.blockElements = blockElements;
        this.blockBytes = blockBytes;
    }

    /// Bytes of a tensor with these dimensions, the fastest last.
    ///
    /// @throws ArithmeticException if the fastest dimension is not whole blocks, a dimension is negative or the
    ///     size is over 2^63
    long bytes(long... shape) {
        long elements = 1;
        for (long dimension : shape) {
            if (dimension < 0) throw new ArithmeticException("dimension " + dimension + " is negative");
            elements = Math.multiplyExact(elements, dimension);
        }
        long fastest = shape.length == 0 ? 1 : shape[shape.length - 1];
        if (fastest % blockElements != 0)
            throw new ArithmeticException(
                    "dimension " + fastest + " is not a multiple of the block of " + blockElements);
        return Math.multiplyExact(elements / blockElements, (long) blockBytes);
    }

    /// Elements stored together; the fastest dimension is a multiple of it.
    public int blockElements() {
        return blockElements;
    }

    /// Size of one block.
    public int blockBytes() {
        return blockBytes;
    }
}
