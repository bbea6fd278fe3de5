package dev.redoubt.engine.lora;

import dev.redoubt.kernels.Compute;
import dev.redoubt.kernels.FloatMatrix;
import dev.redoubt.kernels.WeightMatrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Function;

/// What all layers share to compute what adapters add: the rows of a step by adapter, and activations for so
/// many rows at once, one for each width that occurs. Taken while the adapters are loaded; a step takes
/// nothing.
public final class LowRankBuffers {
    /// Rows that are computed together. More would cost memory of the size of a step and gain nothing.
    private static final int ROWS_MAX = 256;

    private record Low(int place, int rank) {}

    private final Compute compute;
    private final Arena arena;
    private final AdapterRows rows;
    private final BiConsumer<String, MemorySegment> loaded;
    private final int rowsAtOnce;
    private final int[] index;
    private final Map<Integer, FloatMatrix> inputs = new HashMap<>(); // by width
    private final Map<Low, FloatMatrix> lows = new HashMap<>();
    private final Map<Integer, FloatMatrix> outputs = new HashMap<>(); // by width

    /// @param arena of `compute`, where it counts
    /// @param rowsMax tokens of the largest step
    /// @param loaded told of the layer and the bytes of each matrix that is loaded
    public LowRankBuffers(
            Compute compute, Arena arena, AdapterRows rows, int rowsMax, BiConsumer<String, MemorySegment> loaded) {
        this.loaded = loaded;
        this.compute = compute;
        this.arena = arena;
        this.rows = rows;
        rowsAtOnce = Math.min(ROWS_MAX, rowsMax);
        index = new int[rowsAtOnce];
    }

    Compute compute() {
        return compute;
    }

    /// What `matrix` gives as memory of the kernels, which lives as long as the buffers.
    WeightMatrix load(String layer, Function<Arena, WeightMatrix> matrix) {
        WeightMatrix made = matrix.apply(arena);
        loaded.accept(layer, made.memory());
        return made;
    }

    AdapterRows rows() {
        return rows;
    }

    int rowsAtOnce() {
        return rowsAtOnce;
    }

    /// Rows of the step that are computed together.
    int[] index() {
        return index;
    }

    /// (rowsAtOnce, width): gathered inputs.
    FloatMatrix input(int width) {
        return inputs.computeIfAbsent(width, this::allocate);
    }

    /// (rowsAtOnce, rank): `A x`.
    ///
    /// @param place among the products of one input
    FloatMatrix low(int place, int rank) {
        return lows.computeIfAbsent(new Low(place, rank), low -> allocate(low.rank));
    }

    /// (rowsAtOnce, width): `B (A x)`.
    FloatMatrix output(int width) {
        return outputs.computeIfAbsent(width, this::allocate);
    }

    private FloatMatrix allocate(int columns) {
        return FloatMatrix.allocate(rowsAtOnce, columns, arena);
    }
}
