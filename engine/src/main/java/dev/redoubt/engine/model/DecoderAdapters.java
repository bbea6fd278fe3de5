package dev.redoubt.engine.model;

import dev.redoubt.engine.lora.AdapterPlan;
import dev.redoubt.engine.lora.AdapterRows;
import dev.redoubt.engine.lora.LinearLayer;
import dev.redoubt.engine.lora.LowRankBuffers;
import dev.redoubt.engine.lora.LowRankUpdates;
import dev.redoubt.engine.lora.LowRankUpdates.Product;
import dev.redoubt.kernels.Compute.Projection;
import dev.redoubt.trust.VerifiedArtifact.Container;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntUnaryOperator;

/// The adapters of a decoder: which of its layers they may change, and what they add where the layers are computed.
///
/// Adapters name layers as Hugging Face does, and their rows are in its order, whatever the base's container.
final class DecoderAdapters {
    private static final String WEIGHT = ".weight";

    private final DecoderPlan plan;
    private final List<AdapterPlan> adapters;
    private final AdapterRows rows;
    private final LowRankBuffers buffers;

    /// @param adapters that fit the layers of `plan`
    /// @param memory is told where they lie
    DecoderAdapters(DecoderPlan plan, DecoderParts parts, List<AdapterPlan> adapters, WeightMemory memory) {
        this.plan = plan;
        this.adapters = adapters;
        rows = new AdapterRows(adapters.size(), parts.rowsMax());
        buffers = new LowRankBuffers(
                parts.compute(),
                parts.arena(),
                rows,
                parts.rowsMax(),
                (layer, bytes) -> memory.add("adapter's " + layer, bytes));
    }

    /// What an adapter of this decoder may change: the projections of attention and those of feed-forward
    /// blocks; no embedding, no head, no router, no expert.
    static List<LinearLayer> layers(DecoderPlan plan) {
        List<LinearLayer> layers = new ArrayList<>();
        for (TensorSpec spec : DecoderTensors.of(plan, Container.SAFETENSORS)) {
            switch (spec.role()) {
                case QUERY, KEY, VALUE, QUERY_KEY_VALUE, ATTENTION_OUTPUT, GATE, UP, GATE_UP, DOWN ->
                    layers.add(new LinearLayer(
                            name(spec.role(), spec.layer()),
                            Math.toIntExact(spec.shape().get(0)),
                            Math.toIntExact(spec.shape().get(1))));
                default -> {}
            }
        }
        return layers;
    }

    private static String name(TensorRole role, int layer) {
        String tensor = role.name(Container.SAFETENSORS, layer);
        return tensor.substring(0, tensor.length() - WEIGHT.length());
    }

    /// Takes the adapters of the rows of a step.
    void begin(StepBatch step) {
        rows.group(step.adapters, step.attention.rows);
    }

    int count() {
        return adapters.size();
    }

    LowRankUpdates queryKeyValue(int layer, LayerPlan it, int inputs, Projection[] projections) {
        return it.fused()
                ? fused(TensorRole.QUERY_KEY_VALUE, layer, inputs, projections)
                : each(List.of(TensorRole.QUERY, TensorRole.KEY, TensorRole.VALUE), layer, inputs, projections);
    }

    LowRankUpdates output(int layer, int inputs, Projection[] projection) {
        return each(List.of(TensorRole.ATTENTION_OUTPUT), layer, inputs, projection);
    }

    LowRankUpdates gateUp(int layer, LayerPlan it, int inputs, Projection[] projections) {
        return it.fused()
                ? fused(TensorRole.GATE_UP, layer, inputs, projections)
                : each(List.of(TensorRole.GATE, TensorRole.UP), layer, inputs, projections);
    }

    LowRankUpdates down(int layer, int inputs, Projection[] projection) {
        return each(List.of(TensorRole.DOWN), layer, inputs, projection);
    }

    private LowRankUpdates each(List<TensorRole> roles, int layer, int inputs, Projection[] projections) {
        List<Product> products = new ArrayList<>();
        for (int i = 0; i < projections.length; i++) {
            TensorRole role = roles.get(i);
            products.add(new Product(projections[i].out(), name(role, layer), 0, order(role)));
        }
        return new LowRankUpdates(buffers, adapters, inputs, products);
    }

    private LowRankUpdates fused(TensorRole role, int layer, int inputs, Projection[] projections) {
        List<Product> products = new ArrayList<>();
        int from = 0;
        for (Projection projection : projections) {
            products.add(new Product(projection.out(), name(role, layer), from, row -> row));
            from += projection.out().columns();
        }
        return new LowRankUpdates(buffers, adapters, inputs, products);
    }

    /// Where the file pairs neighbouring rows of a head for the rotation, row 2j + p of a head is the adapter's row
    /// j + p · half.
    private IntUnaryOperator order(TensorRole role) {
        boolean rotated = role == TensorRole.QUERY || role == TensorRole.KEY;
        if (!rotated || !plan.interleavedRope()) return row -> row;
        int head = plan.config().headDimension();
        return row -> row / head * head + row % head / 2 + row % 2 * (head / 2);
    }
}
