package dev.redoubt.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// A matrix of weights, (rows, columns) = (out features, in features), in the layout the kernels read. Immutable.
public final class WeightMatrix {
    private final WeightFormat format;
    private final int rows;
    private final int columns;
    private final MemorySegment data;

    private WeightMatrix(WeightFormat format, int rows, int columns, MemorySegment data) {
        this.format = format;
        this.rows = rows;
        this.columns = columns;
        this.data = data;
    }

    /// Quantized weights are repacked into memory of `arena` (R16: 16 rows interleaved); others are used where they are, so that
    /// `file` must then live as long as the matrix ([#sharesFile]).
    ///
    /// @param file row-major, as GGUF and safetensors store it, little-endian; exactly `format.bytes(rows, columns)` long
    public static WeightMatrix of(WeightFormat format, int rows, int columns, MemorySegment file, Arena arena) {
        throw new UnsupportedOperationException("kernels: WeightMatrix.of");
    }

    public WeightFormat format() {
        return format;
    }

    public int rows() {
        return rows;
    }

    public int columns() {
        return columns;
    }

    /// Whether the file's own memory is read by the kernels.
    public boolean sharesFile() {
        return !format.quantized();
    }

    MemorySegment data() {
        return data;
    }
}
