package dev.redoubt.engine.model;

import dev.redoubt.base.Invariant;
import dev.redoubt.kernels.Compute;
import dev.redoubt.kernels.FloatMatrix;
import dev.redoubt.kernels.KvFormat;
import dev.redoubt.kernels.KvLayout;
import dev.redoubt.kernels.KvMemory;
import dev.redoubt.kernels.WeightMatrix;
import java.util.List;
import java.util.Optional;

/// An encoder with its weights: from the token ids of texts to the last state of each token. The states of a text
/// depend on that text alone, whatever is computed beside it.
///
/// Threads: one caller at a time.
public final class Encoder implements AutoCloseable {
    /* Keys and values live no longer than a batch. They still lie where the KV pool of a decoder would (outside of the heap, locked, left
     * out of dumps), one layer's at a time, and are zeroed at the end of each batch (RULES V1.3, V2.2). */
    private final EncoderPlan plan;
    private final ModelSpec spec;
    private final Weights weights;
    private final Compute compute;
    private final KvMemory kv;
    private final PackedTexts texts;
    private final EncoderLayer.Activations on;
    private final FloatMatrix added; // embeddings of positions, then of token types
    private final WeightMatrix words;
    private final WeightMatrix positions;
    private final WeightMatrix tokenTypes;
    private final FloatMatrix normWeight;
    private final FloatMatrix normBias;
    private final EncoderLayer[] layers;

    /// @param blocksMax of a batch, of 16 tokens each; a text takes whole ones
    Encoder(EncoderPlan plan, ModelSpec spec, Weights weights, Compute compute, int blocksMax, int textsMax) {
        int rowsMax = blocksMax * KvLayout.BLOCK_TOKENS;
        this.plan = plan;
        this.spec = spec;
        this.weights = weights;
        this.compute = compute;
        this.texts = new PackedTexts(blocksMax, textsMax);
        this.on = EncoderLayer.Activations.allocate(plan, rowsMax, weights.arena());
        this.added = FloatMatrix.allocate(rowsMax, plan.hiddenSize(), weights.arena());
        this.words = weights.matrix(TensorRole.WORD_EMBEDDING, 0);
        this.positions = weights.matrix(TensorRole.POSITION_EMBEDDING, 0);
        this.tokenTypes = weights.matrix(TensorRole.TOKEN_TYPE_EMBEDDING, 0);
        this.normWeight = weights.vector(TensorRole.EMBEDDING_NORM, 0);
        this.normBias = weights.vector(TensorRole.EMBEDDING_NORM_BIAS, 0);
        this.layers = new EncoderLayer[plan.layers()];
        for (int i = 0; i < layers.length; i++) layers[i] = new EncoderLayer(plan, weights, i, on, compute);
        this.kv = KvMemory.map(layout(plan), blocksMax);
    }

    /// How the keys and values of one layer lie.
    static KvLayout layout(EncoderPlan plan) {
        return new KvLayout(KvFormat.F32, 1, plan.heads(), plan.headDimension());
    }

    /// The sizes of the model.
    public ModelSpec spec() {
        return spec;
    }

    /// Of keys and values of the largest batch, in bytes.
    public long kvBytes() {
        return kv.blocks() * kv.layout().blockBytes();
    }

    /// Whether they are locked in memory.
    public boolean kvLocked() {
        return kv.locked();
    }

    /// Whether keys and values are zero, as they are between batches; for tests and live checks.
    public boolean kvIsZero() {
        for (int block = 0; block < kv.blocks(); block++) if (!kv.isZero(block)) return false;
        return true;
    }

    /// Blocks that a text takes of a batch.
    public static int blocks(int tokens) {
        return PackedTexts.blocks(tokens);
    }

    /// Blocks of a batch.
    public int blocksMax() {
        return kv.blocks();
    }

    /// The last states of a batch of texts that are one segment each.
    ///
    /// @param batch ids of each text, one or more
    /// @return (tokens of all texts in order, hidden); valid until the next call
    public FloatMatrix forward(List<int[]> batch) {
        return forward(batch, batch.stream().map(text -> new int[text.length]).toList());
    }

    /// As above.
    ///
    /// @param types for each text the segment of each token, from 0
    FloatMatrix forward(List<int[]> batch, List<int[]> types) {
        pack(batch, types);
        int rows = texts.rows();
        try {
            compute.embed(words, texts.ids(), rows, on.x());
            compute.embed(positions, texts.stored().position, rows, added);
            compute.add(added, rows, on.x());
            compute.embed(tokenTypes, texts.types(), rows, added);
            compute.add(added, rows, on.x());
            compute.layerNorm(on.x(), rows, normWeight, normBias, plan.normEpsilon(), on.x());
            for (EncoderLayer layer : layers) layer.run(texts, kv);
            return on.x();
        } finally {
            for (int block = 0; block < texts.blocks(); block++) kv.zero(block);
            texts.clear();
        }
    }

    /// What kernels take on trust is checked here: a wrong id or position would read memory that is not the
    /// text's.
    private void pack(List<int[]> batch, List<int[]> types) {
        texts.clear();
        for (int i = 0; i < batch.size(); i++) {
            int[] text = batch.get(i);
            Invariant.hold(
                    text.length > 0 && text.length <= plan.positions(),
                    "a text of %d tokens, limit is %d",
                    text.length,
                    plan.positions());
            for (int id : text)
                Invariant.hold(
                        id >= 0 && id < plan.vocabularySize(),
                        "token id %d, vocabulary is %d",
                        id,
                        plan.vocabularySize());
            for (int type : types.get(i))
                Invariant.hold(
                        type >= 0 && type < plan.tokenTypes(), "token type %d, there are %d", type, plan.tokenTypes());
            texts.add(text, types.get(i));
        }
    }

    /// Compares the weights in memory with what they were at the first call. One caller at a time.
    ///
    /// @return a tensor that has changed; empty if none has
    public Optional<String> changedWeights() {
        return weights.memory().changed();
    }

    @Override
    public void close() {
        kv.close();
        weights.close();
    }
}
