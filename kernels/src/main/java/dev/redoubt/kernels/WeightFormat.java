package dev.redoubt.kernels;

/// How the weights of a matrix are stored in a file. Quantized formats are GGUF's: blocks of consecutive weights of
/// one row, each a small integer times the scale of its 16 or 32 weights. In blocks of 256 those scales are integers
/// themselves, times a scale of the block.
public enum WeightFormat {
    F32(1, 4),
    F16(1, 2),
    BF16(1, 2),
    /// By row an f32 scale s, then bytes of E4M3 q: `s·h(q)`, h the f16 of the same sign, exponent and
    /// fraction, which is q / 256. Finite whatever the bytes are.
    F8_E4M3(1, 1),
    /// f16 scale d, 32 × int8 q: `d·q`
    Q8_0(32, 34, 8, 0, 32),
    /// f16 scale d, 32 nibbles q (low nibbles first 16): `d·(q-8)`
    Q4_0(32, 18, 4, 8, 32),
    /// f16 scale d, f16 minimum m, 32 nibbles q: `d·q + m`
    Q4_1(32, 20, 4, 0, 32),
    /// f16 scale d, 32 fifth bits, 32 nibbles: `d·(q-16)`
    Q5_0(32, 22, 5, 16, 32),
    /// f16 scale d, f16 minimum m, 32 fifth bits, 32 nibbles: `d·q + m`
    Q5_1(32, 24, 5, 0, 32),
    /// f16 d and e; by 16 weights a scale s and a minimum m of 4 bits, 2 bits q a weight: `(d·s)·q - e·m`
    Q2_K(256, 84, 2, 0, 16),
    /// f16 d; by 16 weights a scale s of 6 bits, 3 bits q a weight: `(d·(s-32))·(q-4)`
    Q3_K(256, 110, 3, 4, 16),
    /// f16 d and e; by 32 weights a scale s and a minimum m of 6 bits, 4 bits q a weight: `(d·s)·q - e·m`
    Q4_K(256, 144, 4, 0, 32),
    /// As [#Q4_K] with 5 bits q a weight.
    Q5_K(256, 176, 5, 0, 32),
    /// f16 d; by 16 weights a scale s of int8, 6 bits q a weight: `(d·s)·(q-32)`
    Q6_K(256, 210, 6, 32, 16),
    /// As [#Q4_0], a nibble being the index of a table of 16 integers of int8 ([R16#TABLE]).
    IQ4_NL(32, 18, 4, 0, 32),
    /// f16 d; by 32 weights a scale s of 6 bits; the table of [#IQ4_NL]: `(d·(s-32))·table[q]`
    IQ4_XS(256, 136, 4, 0, 32);

    private final int blockWeights;
    private final int blockBytes;
    private final int bits;
    private final int offset;
    private final int scaledWeights;

    WeightFormat(int blockWeights, int blockBytes) {
        this(blockWeights, blockBytes, 0, 0, 0);
    }

    WeightFormat(int blockWeights, int blockBytes, int bits, int offset, int scaledWeights) {
        this.blockWeights = blockWeights;
        this.blockBytes = blockBytes;
        this.bits = bits;
        this.offset = offset;
        this.scaledWeights = scaledWeights;
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

    /// Bits of a code, which is what is stored for a weight of a quantized format.
    int bits() {
        return bits;
    }

    /// What is taken from a code; a code of 8 bits is signed, the others are not.
    int offset() {
        return offset;
    }

    /// Whether a code is an index into [R16#TABLE].
    boolean indexed() {
        return this == IQ4_NL || this == IQ4_XS;
    }

    /// Consecutive weights that share a scale: 16 or 32.
    int scaledWeights() {
        return scaledWeights;
    }

    /// Whether weights that share a scale share a minimum too.
    boolean hasMinimum() {
        return switch (this) {
            case Q4_1, Q5_1, Q2_K, Q4_K, Q5_K -> true;
            case F32, F16, BF16, F8_E4M3, Q8_0, Q4_0, Q5_0, Q3_K, Q6_K, IQ4_NL, IQ4_XS -> false;
        };
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
