package dev.redoubt.engine.lora;

import java.util.Arrays;

/// Which rows of a step belong to which adapter. Made once, filled anew by every step.
public final class AdapterRows {
    /// Of a row that the base computes alone.
    public static final int NONE = -1;

    private final int[] rows; // of the first adapter, then of the next
    private final int[] begin; // by adapter, in rows; last: the end of them all

    public AdapterRows(int adapters, int rowsMax) {
        rows = new int[rowsMax];
        begin = new int[adapters + 1];
    }

    /// How many adapters there are.
    public int adapters() {
        return begin.length - 1;
    }

    /// Sorts the rows of a step; rows of one adapter stay in their order.
    ///
    /// @param adapterOf by row; [#NONE] or an index of an adapter
    public void group(int[] adapterOf, int count) {
        if (adapters() == 0) return;
        Arrays.fill(begin, 0);
        for (int row = 0; row < count; row++) if (adapterOf[row] != NONE) begin[adapterOf[row]]++;
        for (int adapter = 1; adapter < begin.length; adapter++) begin[adapter] += begin[adapter - 1];
        for (int row = count - 1; row >= 0; row--) if (adapterOf[row] != NONE) rows[--begin[adapterOf[row]]] = row;
    }

    int from(int adapter) {
        return begin[adapter];
    }

    int to(int adapter) {
        return begin[adapter + 1];
    }

    /// Copies rows of the grouped order.
    void copy(int from, int count, int[] to) {
        System.arraycopy(rows, from, to, 0, count);
    }
}
