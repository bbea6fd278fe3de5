package dev.redoubt.engine.model;

import static dev.redoubt.engine.model.TensorSpec.matrix;
import static dev.redoubt.engine.model.TensorSpec.vector;

import dev.redoubt.engine.model.LayerPlan.QueryKeyNorm;
import dev.redoubt.engine.model.TensorSpec.Use;
import dev.redoubt.trust.VerifiedArtifact.Container;
import java.util.ArrayList;
import java.util.List;

/// Every tensor that a decoder's file has, or may have. Anything else is refused.
final class DecoderTensors {
    private final DecoderPlan plan;
    private final ModelConfig config;
    private final Container container;
    private final List<TensorSpec> all = new ArrayList<>();

    private DecoderTensors(DecoderPlan plan, Container container) {
        this.plan = plan;
        this.config = plan.config();
        this.container = container;
    }

    static List<TensorSpec> of(DecoderPlan plan, Container container) {
        DecoderTensors tensors = new DecoderTensors(plan, container);
        tensors.ends();
        for (int layer = 0; layer < plan.layers().size(); layer++)
            tensors.layer(layer, plan.layers().get(layer));
        return tensors.all;
    }

    private void ends() {
        long half = config.headDimension() / 2;
        all.add(matrix(TensorRole.EMBEDDING, 0, config.vocabularySize(), config.hiddenSize()));
        all.add(vector(TensorRole.FINAL_NORM, 0, config.hiddenSize()));
        // A configuration that ties the head decides, as in transformers: a head stored all the same is not read. A
        // container that cannot say so (GGUF) ties by leaving the head out.
        Use head =
                plan.tiedHead().map(tied -> tied ? Use.IGNORED : Use.REQUIRED).orElse(Use.OPTIONAL);
        all.add(matrix(TensorRole.HEAD, 0, config.vocabularySize(), config.hiddenSize())
                .with(head));
        all.add(vector(TensorRole.ROPE_DIVISORS, 0, half).with(Use.OPTIONAL));
        if (plan.storedLongRope().isPresent()) {
            all.add(vector(TensorRole.ROPE_SHORT_DIVISORS, 0, half));
            all.add(vector(TensorRole.ROPE_LONG_DIVISORS, 0, half));
        }
    }

    private void layer(int layer, LayerPlan it) {
        attention(layer, it);
        if (it.norms().before()) all.add(vector(TensorRole.ATTENTION_NORM, layer, config.hiddenSize()));
        if (it.norms().after()) {
            all.add(vector(TensorRole.AFTER_ATTENTION_NORM, layer, config.hiddenSize()));
            all.add(vector(TensorRole.AFTER_FEED_FORWARD_NORM, layer, config.hiddenSize()));
        }
        if (it.norms().before()) all.add(vector(feedForwardNorm(it), layer, config.hiddenSize()));
        it.experts().ifPresentOrElse(experts -> experts(layer, experts), () -> feedForward(layer, it));
        all.add(vector(TensorRole.ROPE_FREQUENCIES, layer, config.headDimension() / 2)
                .with(Use.IGNORED));
    }

    /// With norms around the blocks, Hugging Face has another name for the one before the second.
    static TensorRole feedForwardNorm(LayerPlan layer) {
        return layer.norms().after() ? TensorRole.BEFORE_FEED_FORWARD_NORM : TensorRole.FEED_FORWARD_NORM;
    }

    private void attention(int layer, LayerPlan it) {
        long hidden = config.hiddenSize();
        long queries = config.queryWidth();
        long keys = config.kvWidth();
        if (it.fused()) {
            all.add(matrix(TensorRole.QUERY_KEY_VALUE, layer, queries + 2 * keys, hidden));
        } else {
            all.add(matrix(TensorRole.QUERY, layer, queries, hidden));
            all.add(matrix(TensorRole.KEY, layer, keys, hidden));
            all.add(matrix(TensorRole.VALUE, layer, keys, hidden));
        }
        if (it.biases()) {
            all.add(vector(TensorRole.QUERY_BIAS, layer, queries));
            all.add(vector(TensorRole.KEY_BIAS, layer, keys));
            all.add(vector(TensorRole.VALUE_BIAS, layer, keys));
        }
        if (it.queryKeyNorm() != QueryKeyNorm.NONE) {
            boolean heads = it.queryKeyNorm() == QueryKeyNorm.HEADS;
            all.add(vector(TensorRole.QUERY_NORM, layer, heads ? config.headDimension() : queries));
            all.add(vector(TensorRole.KEY_NORM, layer, heads ? config.headDimension() : keys));
        }
        all.add(matrix(TensorRole.ATTENTION_OUTPUT, layer, hidden, queries));
    }

    private void feedForward(int layer, LayerPlan it) {
        long hidden = config.hiddenSize();
        long size = config.feedForwardSize();
        if (it.fused()) {
            all.add(matrix(TensorRole.GATE_UP, layer, 2 * size, hidden));
        } else {
            all.add(matrix(TensorRole.GATE, layer, size, hidden));
            all.add(matrix(TensorRole.UP, layer, size, hidden));
        }
        all.add(matrix(TensorRole.DOWN, layer, hidden, size));
    }

    /// GGUF holds the matrices of all experts as one tensor, safetensors each by itself.
    private void experts(int layer, ExpertPlan it) {
        long hidden = config.hiddenSize();
        all.add(matrix(it.names().router, layer, it.experts(), hidden));
        if (container == Container.GGUF) {
            all.add(TensorSpec.matrices(it.names().gate, layer, it.experts(), it.size(), hidden));
            all.add(TensorSpec.matrices(it.names().up, layer, it.experts(), it.size(), hidden));
            all.add(TensorSpec.matrices(it.names().down, layer, it.experts(), hidden, it.size()));
            return;
        }
        for (int expert = 0; expert < it.experts(); expert++) {
            all.add(matrix(it.names().gate, layer, it.size(), hidden).of(expert));
            all.add(matrix(it.names().up, layer, it.size(), hidden).of(expert));
            all.add(matrix(it.names().down, layer, hidden, it.size()).of(expert));
        }
    }
}
