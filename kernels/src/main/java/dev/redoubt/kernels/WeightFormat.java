package dev.redoubt.kernels;

/// How the weights of a matrix are stored in a file. Quantized formats are GGUF's: blocks of 32 consecutive
/// weights of one row.
public enum WeightFormat {
    F32(1, 4),
    F16(1, 2),
    BF16(1, 2),
    /// By row an f32 scale s, then bytes of E4M3 q: `s·h(q)`, h the f16 of the same sign, exponent and
    /// fraction, which
    /// is q / 256. Finite whatever the bytes are.
    F8_E4M3(1, 1),
    /// f16 scale d, 32 × int8 q: `d·q`
    Q8_0(32, 34),
    /// f16 scale d, 32 nibbles q (low nibbles first 16): `d·(q-8)`
    Q4_0(32, 18),
    /// f16 scale d, f16 minimum m, 32 nibbles q: `d·q + m`
    Q4_1(32, 20);

    private final int blockWeights;
    private final int blockBytes;

    WeightFormat(int blockWeights, int blockBytes) {
        this.blockWeights = blockWeights;
        this.blockBytes = blockBytes;
    }

    /// Weights in one block; a row is a whole number of blocks.
    public int blockWeights() {
        return blockWeights;
    }

    /// Size of one block in the file.
    public int blockBytes() {
        return blockBytes;
    }

    public boolean quantized() {
        return blockWeights > 1;
    }

    /// Whether products take activations rounded to bf16.
    boolean rounded() {
        return this == BF16;
    }

    /// Size in the file of a matrix of `rows` × `columns`.
    ///
    /// @throws ArithmeticException on overflow
    public long bytes(long rows, long columns) {
        long weights = Math.multiplyExact(Math.multiplyExact(rows, columns / blockWeights), (long) blockBytes);
        return Math.addExact(weights, Math.multiplyExact(rows, (long) scaleBytes()));
    }

    /// Size of the scale before a row of weights.
    int scaleBytes() {
        return this == F8_E4M3 ? 4 : 0;
    }
}
