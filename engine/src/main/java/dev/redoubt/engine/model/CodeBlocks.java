package dev.redoubt.engine.model;

import dev.redoubt.kernels.Compute;
import dev.redoubt.kernels.WeightFormat;
import dev.redoubt.kernels.WeightMatrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// Writes the codes of a checkpoint, unchanged, into blocks of 32 weights that the kernels have a form for.
final class CodeBlocks {
    /* A group of a checkpoint is whole blocks of 32, which repeat its scale. Rows are read sixteen at a time: most schemes store neighbours
     * along the output, and one cache line then serves all sixteen. The blocks are made beside the packed weights and given back, a matrix
     * at a time. */
    private static final int ROWS = 16;
    private static final int BLOCK = 32;
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /// What a scheme says of a matrix, by packed column.
    interface Codes {
        /// The codes of `count` rows from `row` on, as the form stores them: 0 to 15, or signed for 8 bits.
        void read(int row, int count, int column, int[] to);

        float scale(int row, int column);

        /// What is added to scale × code; asked for by forms that have it.
        default float minimum(int row, int column) {
            throw new IllegalStateException("a form without minimum");
        }
    }

    private CodeBlocks() {}

    /// @param form Q4_0, Q4_1 or Q8_0
    static WeightMatrix pack(WeightFormat form, int rows, int columns, Codes codes, Compute compute, Arena arena) {
        try (Arena staging = Arena.ofShared()) {
            MemorySegment blocks = staging.allocate(form.bytes(rows, columns), 64);
            compute.forEach(
                    (rows + ROWS - 1) / ROWS,
                    (part, worker) ->
                            packRows(form, part * ROWS, Math.min(ROWS, rows - part * ROWS), columns, codes, blocks));
            return compute.weights(form, rows, columns, blocks, arena);
        }
    }

    private static void packRows(
            WeightFormat form, int row, int count, int columns, Codes codes, MemorySegment blocks) {
        int[][] block = new int[BLOCK][ROWS];
        for (int b = 0; b < columns / BLOCK; b++) {
            for (int k = 0; k < BLOCK; k++) codes.read(row, count, b * BLOCK + k, block[k]);
            for (int lane = 0; lane < count; lane++) {
                long at = ((long) (row + lane) * (columns / BLOCK) + b) * form.blockBytes();
                blocks.set(SHORT, at, Float.floatToFloat16(codes.scale(row + lane, b * BLOCK)));
                at += 2;
                if (form == WeightFormat.Q4_1) {
                    blocks.set(SHORT, at, Float.floatToFloat16(codes.minimum(row + lane, b * BLOCK)));
                    at += 2;
                }
                packCodes(form == WeightFormat.Q8_0, block, lane, blocks, at);
            }
        }
    }

    private static void packCodes(boolean bytes, int[][] block, int lane, MemorySegment blocks, long at) {
        if (bytes) for (int k = 0; k < BLOCK; k++) blocks.set(ValueLayout.JAVA_BYTE, at + k, (byte) block[k][lane]);
        else
            for (int k = 0; k < BLOCK / 2; k++)
                blocks.set(ValueLayout.JAVA_BYTE, at + k, (byte) (block[k][lane] | block[k + BLOCK / 2][lane] << 4));
    }
}
