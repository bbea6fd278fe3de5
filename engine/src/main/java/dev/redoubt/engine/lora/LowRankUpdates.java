package dev.redoubt.engine.lora;

import dev.redoubt.engine.lora.AdapterPlan.LowRank;
import dev.redoubt.kernels.Compute;
import dev.redoubt.kernels.Compute.Projection;
import dev.redoubt.kernels.FloatMatrix;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/// What adapters add to the products of one input: `out[r] += scale · B (A in[r])`, A and B those of the row's
/// adapter.
///
/// Rows of one adapter are gathered, multiplied as one batch and added back. Each product is f32 in the
/// kernels' fixed order, so that a row's bits depend on its own input and adapter alone, whoever else is in the
/// step.
public final class LowRankUpdates {
    /// One product of the base, and rows of which layer it is.
    ///
    /// @param layer as [LinearLayer#name]; several products may be of one layer (fused ones)
    /// @param from the product's first output among those of the layer
    /// @param source for an output of the product, counted from `from`, the one of the layer that it is: files may
    ///     order them otherwise than the adapter does
    public record Product(FloatMatrix out, String layer, int from, IntUnaryOperator source) {}

    /// Of one adapter.
    private record Update(Projection[] low, Addition[] additions) {}

    /// @param up `B`, or some of its rows, into `added`
    private record Addition(FloatMatrix low, Projection[] up, FloatMatrix added, float scale, FloatMatrix out) {}

    private final LowRankBuffers buffers;
    private final @Nullable Update[] byAdapter;
    private final @Nullable FloatMatrix gathered; // null: no adapter changes this

    /// Loads what the adapters have of these products.
    ///
    /// @param adapters in the order of their indices
    public LowRankUpdates(LowRankBuffers buffers, List<AdapterPlan> adapters, int inputs, List<Product> products) {
        this.buffers = buffers;
        byAdapter = new Update[adapters.size()];
        boolean any = false;
        for (int i = 0; i < byAdapter.length; i++) {
            byAdapter[i] = load(adapters.get(i), products);
            any |= byAdapter[i] != null;
        }
        gathered = any ? buffers.input(inputs) : null;
    }

    private @Nullable Update load(AdapterPlan adapter, List<Product> products) {
        List<Projection> low = new ArrayList<>();
        List<Addition> additions = new ArrayList<>();
        String before = "";
        for (Product product : products) {
            LowRank update = adapter.of(product.layer).orElse(null);
            if (update == null) continue;
            boolean shared = product.layer.equals(before); // the products of a fused layer have one A
            if (!shared) low.add(down(product.layer, update, low.size()));
            before = product.layer;
            int rows = product.out.columns();
            FloatMatrix added = buffers.output(rows);
            Projection up = Projection.into(
                    buffers.load(
                            product.layer,
                            arena -> FloatTensor.matrix(
                                    update.b(), rows, row -> product.from + product.source.applyAsInt(row), arena)),
                    added);
            additions.add(new Addition(low.getLast().out(), new Projection[] {up}, added, update.scale(), product.out));
        }
        return low.isEmpty() ? null : new Update(low.toArray(Projection[]::new), additions.toArray(Addition[]::new));
    }

    private Projection down(String layer, LowRank update, int place) {
        return Projection.into(
                buffers.load(layer, arena -> FloatTensor.matrix(update.a(), update.rank(), row -> row, arena)),
                buffers.low(place, update.rank()));
    }

    /// After the base's products of this input, before anything else is done to them.
    public void add(FloatMatrix in) {
        if (gathered == null) return;
        for (int adapter = 0; adapter < byAdapter.length; adapter++) {
            Update update = byAdapter[adapter];
            if (update == null) continue;
            int to = buffers.rows().to(adapter);
            for (int from = buffers.rows().from(adapter); from < to; from += buffers.rowsAtOnce())
                add(update, in, gathered, from, Math.min(buffers.rowsAtOnce(), to - from));
        }
    }

    private void add(Update update, FloatMatrix in, FloatMatrix inputs, int from, int count) {
        Compute compute = buffers.compute();
        int[] index = buffers.index();
        buffers.rows().copy(from, count, index);
        compute.gatherRows(in, index, count, inputs);
        compute.matmul(inputs, count, update.low);
        for (Addition addition : update.additions) {
            compute.matmul(addition.low, count, addition.up);
            compute.addRows(addition.added, addition.scale, index, count, addition.out);
        }
    }
}
