package dev.redoubt.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A matrix of weights, (rows, columns) = (out features, in features), in the layout the kernels read.
/// Immutable.
public final class WeightMatrix {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final WeightFormat format;
    private final int rows;
    private final int columns;
    private final MemorySegment data;
    private final @Nullable ColumnOrder order;

    private WeightMatrix(WeightFormat format, int rows, int columns, MemorySegment data) {
        this(format, rows, columns, data, null);
    }

    private WeightMatrix(WeightFormat format, int rows, int columns, MemorySegment data, @Nullable ColumnOrder order) {
        this.format = format;
        this.rows = rows;
        this.columns = columns;
        this.data = data;
        this.order = order;
    }

    /// The same weights, whose columns multiply the input's features in another order. Not for a table of
    /// embeddings.
    public WeightMatrix ordered(ColumnOrder columnOrder) {
        if (columnOrder.columns() != columns)
            throw new IllegalArgumentException(
                    "an order of " + columnOrder.columns() + " columns, the matrix has " + columns);
        return new WeightMatrix(format, rows, columns, data, columnOrder);
    }

    /// Quantized weights are repacked into memory of `arena` (R16: 16 rows interleaved); others are used where
    /// they are, so that `file` must then live as long as the matrix ([#sharesFile]).
    ///
    /// @param file off-heap, row-major, as GGUF and safetensors store it, little-endian; exactly
    /// `format.bytes(rows, columns)` long, any alignment
    /// @throws IllegalArgumentException naming the number that does not fit
    public static WeightMatrix of(WeightFormat format, int rows, int columns, MemorySegment file, Arena arena) {
        return of(
                format,
                rows,
                columns,
                file,
                arena,
                packed -> R16.pack(format, rows, columns, file, 0, R16.groups(rows), packed));
    }

    /// @param packer fills the packed matrix, which is zero
    static WeightMatrix of(
            WeightFormat format,
            int rows,
            int columns,
            MemorySegment file,
            Arena arena,
            Consumer<MemorySegment> packer) {
        if (rows <= 0 || columns <= 0)
            throw new IllegalArgumentException("matrix of " + rows + " × " + columns + ", both must be positive");
        if (columns % format.blockWeights() != 0)
            throw new IllegalArgumentException(
                    "columns " + columns + ", " + format + " needs a multiple of " + format.blockWeights());
        if (!file.isNative()) throw new IllegalArgumentException("weights on the heap, they must be off-heap");
        long bytes = format.bytes(rows, columns);
        if (file.byteSize() != bytes)
            throw new IllegalArgumentException("weights of " + file.byteSize() + " bytes, " + rows + " × " + columns
                    + " " + format + " takes " + bytes);
        // A mapped file is another segment class than allocated memory; the same size again makes both one class (same
        // bounds, same lifetime), and the kernels' loads then see one kind.
        if (!format.quantized())
            return new WeightMatrix(
                    format, rows, columns, file.reinterpret(bytes).asReadOnly());
        long packedBytes = R16.bytes(format, rows, columns);
        MemorySegment data = arena instanceof CountedArena counted
                ? counted.allocateDense(packedBytes)
                : SystemMemory.allocate(packedBytes, arena);
        packer.accept(data);
        // Else a start would hold the file and the packed weights at once. The system's page cache keeps the pages.
        if (file.isMapped()) file.unload();
        return new WeightMatrix(format, rows, columns, data.asReadOnly());
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

    /// Features of the input: as many as columns, unless an order says otherwise.
    public int inputColumns() {
        return order == null ? columns : order.inputColumns();
    }

    /// How the input is gathered before the product; null: it is taken as it is.
    @Nullable
    ColumnOrder order() {
        return order;
    }

    /// Whether the file's own memory is read by the kernels.
    public boolean sharesFile() {
        return !format.quantized();
    }

    /// The bytes as they lie in memory, read-only. How they are arranged is the kernels' own: for sums over them.
    public MemorySegment memory() {
        return data;
    }

    MemorySegment data() {
        return data;
    }

    /// Size of one row of a format that is not quantized.
    long rowBytes() {
        return format.scaleBytes() + (long) columns * format.blockBytes();
    }

    /// What products with a row of a format that is not quantized are multiplied with.
    float rowScale(int row) {
        return format == WeightFormat.F8_E4M3 ? data.get(FLOAT, row * rowBytes()) : 1;
    }

    /// Writes one row as f32 to `out[outRow]`: widened exactly, or `scale·w`, `scale·w + minimum` with each
    /// operation rounded to f32.
    void dequantize(int row, FloatMatrix out, int outRow) {
        Objects.checkIndex(row, rows);
        Objects.checkIndex(outRow, out.rows());
        MemorySegment to = out.segment();
        long at = 4L * outRow * out.stride();
        switch (format) {
            case F32 -> MemorySegment.copy(data, row * rowBytes(), to, at, rowBytes());
            case F16 -> {
                for (int k = 0; k < columns; k++)
                    to.set(
                            ValueLayout.JAVA_FLOAT,
                            at + 4L * k,
                            Float.float16ToFloat(data.get(SHORT, row * rowBytes() + 2L * k)));
            }
            case BF16 -> {
                for (int k = 0; k < columns; k++)
                    to.set(
                            ValueLayout.JAVA_FLOAT,
                            at + 4L * k,
                            Float.intBitsToFloat(data.get(SHORT, row * rowBytes() + 2L * k) << 16));
            }
            case F8_E4M3 -> {
                for (int k = 0; k < columns; k++)
                    to.set(ValueLayout.JAVA_FLOAT, at + 4L * k, rowScale(row) * weight(row, k));
            }
            default -> dequantizeBlocks(row, to, at);
        }
    }

    private void dequantizeBlocks(int row, MemorySegment to, long at) {
        int lane = row % R16.ROWS;
        for (int first = 0; first < columns; first += format.scaledWeights()) {
            int block = first / R16.BLOCK;
            int half = first % R16.BLOCK / format.scaledWeights();
            long span = R16.spanOffset(format, columns, row, block);
            float scale = R16.scale(format, data, span, block, lane, half);
            float minimum = format.hasMinimum() ? R16.minimum(format, data, span, block, lane, half) : 0;
            for (int k = first; k < first + format.scaledWeights(); k++) {
                float value = scale * R16.weight(format, data, span + R16.inSpan(format, block), lane, k % R16.BLOCK);
                to.set(ValueLayout.JAVA_FLOAT, at + 4L * k, format.hasMinimum() ? value + minimum : value);
            }
        }
    }

    /// The f16 of the same sign, four bits of exponent and three of fraction.
    private static float e4m3(byte bits) {
        return Float.float16ToFloat((short) ((bits & 0x80) << 8 | (bits & 0x7F) << 7));
    }

    /// Weight (row, k) of a format that is not quantized, without the scale of its row.
    float weight(int row, int k) {
        return switch (format) {
            case F32 -> data.get(FLOAT, row * rowBytes() + 4L * k);
            case F16 -> Float.float16ToFloat(data.get(SHORT, row * rowBytes() + 2L * k));
            case BF16 -> Float.intBitsToFloat(data.get(SHORT, row * rowBytes() + 2L * k) << 16);
            case F8_E4M3 -> e4m3(data.get(ValueLayout.JAVA_BYTE, row * rowBytes() + format.scaleBytes() + k));
            default -> throw new IllegalStateException("weight of " + format + ", read its blocks");
        };
    }
}
