package dev.redoubt.engine.model;

import static dev.redoubt.engine.model.TensorSpec.matrix;
import static dev.redoubt.engine.model.TensorSpec.vector;
import static dev.redoubt.kernels.Compute.Projection.addedTo;
import static dev.redoubt.kernels.Compute.Projection.into;

import dev.redoubt.base.Invariant;
import dev.redoubt.engine.model.TensorSpec.Use;
import dev.redoubt.kernels.AttentionBatch;
import dev.redoubt.kernels.AttentionRule;
import dev.redoubt.kernels.Compute;
import dev.redoubt.kernels.Compute.Projection;
import dev.redoubt.kernels.FloatMatrix;
import dev.redoubt.kernels.GateFunction;
import dev.redoubt.kernels.KvFormat;
import dev.redoubt.kernels.KvLayout;
import dev.redoubt.kernels.KvMemory;
import dev.redoubt.kernels.RopeTable;
import dev.redoubt.kernels.WeightMatrix;
import dev.redoubt.trust.VerifiedArtifact.Container;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// The Llama computation: pre-norm decoder layers with rotary embedding, grouped-query attention and a gated
/// feed-forward net, no biases. Llama 2 and 3, SmolLM2, and Mistral where its window is not shorter than its
/// context.
///
/// References: Touvron et al., arXiv 2302.13971; RMSNorm, arXiv 1910.07467; rotary embedding, arXiv 2104.09864;
/// SwiGLU, arXiv 2002.05202; grouped queries, arXiv 2305.13245.
final class Llama implements Model {
    /// Rows of logits computed at once.
    private static final int LOGIT_ROWS_MAX = 32;

    /// Weights with where their products go, so that a step makes no objects.
    @SuppressWarnings("ArrayRecordComponent") // handed to the kernels as they are; nobody compares layers
    private record Layer(
            FloatMatrix attentionNorm, // (1, hidden)
            Projection[] queryKeyValue, // (queryHeads · headDimension, hidden), twice (kvHeads · headDimension, hidden)
            Projection[] output, // (hidden, queryHeads · headDimension), added to the residual stream
            FloatMatrix feedForwardNorm, // (1, hidden)
            Projection[] gateUp, // twice (feedForward, hidden)
            Projection[] down) {} // (hidden, feedForward), added to the residual stream

    private final ModelSpec spec;
    private final ModelConfig config;
    private final Weights weights; // owned
    private final Compute compute;
    private final int rowsMax;
    private final AttentionRule rule;

    private final WeightMatrix embedding; // (vocabulary, hidden)
    private final List<Layer> layers;
    private final FloatMatrix finalNorm; // (1, hidden)
    private final RopeTable rope; // (contextTokensMax, headDimension / 2)

    // Activations of a step; allocated once.
    private final FloatMatrix x; // (rows, hidden): the residual stream
    private final FloatMatrix normed; // (rows, hidden)
    private final FloatMatrix q; // (rows, queryHeads · headDimension)
    private final FloatMatrix k; // (rows, kvHeads · headDimension)
    private final FloatMatrix v; // (rows, kvHeads · headDimension)
    private final FloatMatrix attended; // (rows, queryHeads · headDimension)
    private final FloatMatrix gate; // (rows, feedForward)
    private final FloatMatrix up; // (rows, feedForward)
    private final FloatMatrix last; // (LOGIT_ROWS_MAX, hidden)
    private final FloatMatrix logits; // (LOGIT_ROWS_MAX, vocabulary)
    private final Projection[] toLogits;
    private final int[] slice = new int[LOGIT_ROWS_MAX];

    private Llama(
            ModelConfig config, ModelSpec spec, Weights weights, Compute compute, int rowsMax, int contextTokensMax) {
        this.config = config;
        this.spec = spec;
        this.weights = weights;
        this.compute = compute;
        this.rowsMax = rowsMax;
        this.rule = AttentionRule.full((float) (1 / Math.sqrt(config.headDimension())));

        this.embedding = weights.matrix(TensorRole.EMBEDDING, 0);
        this.finalNorm = weights.vector(TensorRole.FINAL_NORM, 0);
        boolean tied = config.tiedHead().orElse(false);
        WeightMatrix head = // (vocabulary, hidden)
                tied ? embedding : weights.optionalMatrix(TensorRole.HEAD, 0).orElse(embedding);

        Arena arena = weights.arena();
        Optional<FloatMatrix> divisors = weights.optionalVector(TensorRole.ROPE_DIVISORS, 0);
        this.rope = RopeTables.of(config, divisors, contextTokensMax, arena);
        int queryWidth = config.queryHeads() * config.headDimension();
        int kvWidth = config.kvHeads() * config.headDimension();
        this.x = FloatMatrix.allocate(rowsMax, config.hiddenSize(), arena);
        this.normed = FloatMatrix.allocate(rowsMax, config.hiddenSize(), arena);
        this.q = FloatMatrix.allocate(rowsMax, queryWidth, arena);
        this.k = FloatMatrix.allocate(rowsMax, kvWidth, arena);
        this.v = FloatMatrix.allocate(rowsMax, kvWidth, arena);
        this.attended = FloatMatrix.allocate(rowsMax, queryWidth, arena);
        this.gate = FloatMatrix.allocate(rowsMax, config.feedForwardSize(), arena);
        this.up = FloatMatrix.allocate(rowsMax, config.feedForwardSize(), arena);
        int logitRows = Math.min(LOGIT_ROWS_MAX, rowsMax);
        this.last = FloatMatrix.allocate(logitRows, config.hiddenSize(), arena);
        this.logits = FloatMatrix.allocate(logitRows, config.vocabularySize(), arena);
        this.toLogits = new Projection[] {into(head, logits)};
        this.layers = new ArrayList<>();
        for (int layer = 0; layer < config.layers(); layer++) layers.add(layer(layer));
    }

    private Layer layer(int layer) {
        return new Layer(
                weights.vector(TensorRole.ATTENTION_NORM, layer),
                new Projection[] {
                    into(weights.matrix(TensorRole.QUERY, layer), q),
                    into(weights.matrix(TensorRole.KEY, layer), k),
                    into(weights.matrix(TensorRole.VALUE, layer), v)
                },
                new Projection[] {addedTo(weights.matrix(TensorRole.ATTENTION_OUTPUT, layer), x)},
                weights.vector(TensorRole.FEED_FORWARD_NORM, layer),
                new Projection[] {
                    into(weights.matrix(TensorRole.GATE, layer), gate), into(weights.matrix(TensorRole.UP, layer), up)
                },
                new Projection[] {addedTo(weights.matrix(TensorRole.DOWN, layer), x)});
    }

    @Override
    public void forward(StepBatch step, KvMemory kv, LogitsSink sink) {
        verify(step, kv);
        AttentionBatch batch = step.attention;
        int rows = batch.rows;
        compute.embed(embedding, step.tokenIds, rows, x);
        for (int i = 0; i < layers.size(); i++) {
            Layer layer = layers.get(i);

            compute.rmsNorm(x, rows, layer.attentionNorm, config.normEpsilon(), normed);
            compute.matmul(normed, rows, layer.queryKeyValue);
            compute.rope(q, config.queryHeads(), rope, batch);
            compute.rope(k, config.kvHeads(), rope, batch);
            compute.storeKv(k, v, batch, kv, i);
            compute.attention(q, config.queryHeads(), batch, kv, i, rule, attended);
            compute.matmul(attended, rows, layer.output);

            compute.rmsNorm(x, rows, layer.feedForwardNorm, config.normEpsilon(), normed);
            compute.matmul(normed, rows, layer.gateUp);
            compute.activate(GateFunction.SILU, gate, up, rows);
            compute.matmul(gate, rows, layer.down);
        }
        for (int first = 0; first < step.logitRowCount; first += last.rows()) {
            int count = Math.min(last.rows(), step.logitRowCount - first);
            System.arraycopy(step.logitRows, first, slice, 0, count);
            compute.gatherRows(x, slice, count, last);
            compute.rmsNorm(last, count, finalNorm, config.normEpsilon(), last);
            compute.matmul(last, count, toLogits);
            sink.accept(first, logits, count);
        }
    }

    /// What kernels take on trust: a wrong id, position or block would touch memory that is not the sequence's.
    private void verify(StepBatch step, KvMemory kv) {
        AttentionBatch batch = step.attention;
        Invariant.hold(batch.rows <= rowsMax, "%d rows in a step, limit is %d", batch.rows, rowsMax);
        int positions = rope.cos().rows();
        for (int row = 0; row < batch.rows; row++) {
            int id = step.tokenIds[row];
            Invariant.hold(
                    id >= 0 && id < config.vocabularySize(),
                    "token id %d, vocabulary is %d",
                    id,
                    config.vocabularySize());
            int position = batch.position[row];
            Invariant.hold(position >= 0 && position < positions, "position %d, limit is %d", position, positions);
            int sequence = batch.sequence[row];
            Invariant.hold(sequence >= 0 && sequence < batch.sequences, "sequence %d of %d", sequence, batch.sequences);
            int[] blocks = batch.blockTable[sequence];
            int index = position / KvLayout.BLOCK_TOKENS;
            Invariant.hold(
                    index < blocks.length && blocks[index] >= 0 && blocks[index] < kv.blocks(),
                    "position %d has no block among %d of a pool of %d",
                    position,
                    blocks.length,
                    kv.blocks());
        }
        for (int i = 0; i < step.logitRowCount; i++) {
            int row = step.logitRows[i];
            Invariant.hold(row >= 0 && row < batch.rows, "logits of row %d wanted, %d rows", row, batch.rows);
        }
    }

    @Override
    public ModelSpec spec() {
        return spec;
    }

    @Override
    public KvLayout kvLayout(KvFormat format) {
        return new KvLayout(format, config.layers(), config.kvHeads(), config.headDimension());
    }

    @Override
    public void close() {
        weights.close();
    }

    /// How Llama files look.
    static final class Family implements Architecture {
        @Override
        public Set<String> names(Container container) {
            return switch (container) {
                case GGUF -> Set.of("llama");
                case SAFETENSORS -> Set.of("LlamaForCausalLM", "MistralForCausalLM");
            };
        }

        @Override
        public ModelConfig config(ConfigSource source, long embeddingRows) {
            boolean interleavedRope = source instanceof GgufConfig; // its converter reorders the rows of q and k
            return ModelConfig.read(source, embeddingRows, interleavedRope);
        }

        @Override
        public List<TensorSpec> tensors(ModelConfig config) {
            long hidden = config.hiddenSize();
            long queryWidth = (long) config.queryHeads() * config.headDimension();
            long kvWidth = (long) config.kvHeads() * config.headDimension();
            long feedForward = config.feedForwardSize();
            List<TensorSpec> result = new ArrayList<>();
            result.add(matrix(TensorRole.EMBEDDING, 0, config.vocabularySize(), hidden));
            for (int layer = 0; layer < config.layers(); layer++) {
                result.add(vector(TensorRole.ATTENTION_NORM, layer, hidden));
                result.add(matrix(TensorRole.QUERY, layer, queryWidth, hidden));
                result.add(matrix(TensorRole.KEY, layer, kvWidth, hidden));
                result.add(matrix(TensorRole.VALUE, layer, kvWidth, hidden));
                result.add(matrix(TensorRole.ATTENTION_OUTPUT, layer, hidden, queryWidth));
                result.add(vector(TensorRole.FEED_FORWARD_NORM, layer, hidden));
                result.add(matrix(TensorRole.GATE, layer, feedForward, hidden));
                result.add(matrix(TensorRole.UP, layer, feedForward, hidden));
                result.add(matrix(TensorRole.DOWN, layer, hidden, feedForward));
                result.add(vector(TensorRole.ROPE_FREQUENCIES, layer, config.headDimension() / 2)
                        .with(Use.IGNORED));
            }
            result.add(vector(TensorRole.FINAL_NORM, 0, hidden));
            // A configuration that ties the head decides, as in transformers: a head stored all the same is not read. A
            // container
            // that cannot say so (GGUF) ties by leaving the head out.
            Use head = config.tiedHead()
                    .map(tied -> tied ? Use.IGNORED : Use.REQUIRED)
                    .orElse(Use.OPTIONAL);
            result.add(
                    matrix(TensorRole.HEAD, 0, config.vocabularySize(), hidden).with(head));
            result.add(vector(TensorRole.ROPE_DIVISORS, 0, config.headDimension() / 2)
                    .with(Use.OPTIONAL));
            return result;
        }

        @Override
        public Model build(
                ModelConfig config,
                ModelSpec spec,
                Weights weights,
                Compute compute,
                int rowsMax,
                int contextTokensMax) {
            return new Llama(config, spec, weights, compute, rowsMax, contextTokensMax);
        }
    }
}
