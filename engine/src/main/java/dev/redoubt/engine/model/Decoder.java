package dev.redoubt.engine.model;

import static dev.redoubt.kernels.Compute.Projection.into;

import dev.redoubt.base.Invariant;
import dev.redoubt.engine.lora.AdapterPlan;
import dev.redoubt.engine.lora.AdapterRows;
import dev.redoubt.kernels.AttentionBatch;
import dev.redoubt.kernels.Compute;
import dev.redoubt.kernels.Compute.Projection;
import dev.redoubt.kernels.FloatMatrix;
import dev.redoubt.kernels.KvFormat;
import dev.redoubt.kernels.KvLayout;
import dev.redoubt.kernels.KvMemory;
import dev.redoubt.kernels.RopeTable;
import dev.redoubt.kernels.WeightMatrix;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The computation of every family: embedding, layers of attention and feed-forward on a residual stream, a
/// norm and the head. What the layers are stands in a [DecoderPlan].
///
/// References: Touvron et al., arXiv 2302.13971; RMSNorm, arXiv 1910.07467.
final class Decoder implements Model {
    /// Rows of logits computed at once.
    private static final int LOGIT_ROWS_MAX = 32;

    private record Layer(SelfAttention attention, FeedForward feedForward) {}

    private final ModelSpec spec;
    private final DecoderPlan plan;
    private final ModelConfig config;
    private final Weights weights; // owned
    private final Compute compute;
    private final int contextTokensMax;
    private final DecoderParts parts;
    private final DecoderAdapters adapters;

    private final WeightMatrix embedding; // (vocabulary, hidden)
    private final Layer[] layers;
    private final FloatMatrix finalNorm; // (1, hidden)

    private final FloatMatrix last; // (LOGIT_ROWS_MAX, hidden)
    private final FloatMatrix logits; // (LOGIT_ROWS_MAX, vocabulary)
    private final Projection[] toLogits;
    private final int[] slice = new int[LOGIT_ROWS_MAX];

    /// @param weights exactly the tensors that [DecoderTensors] declares, each of the declared shape; owned by the
    ///     model from then on
    /// @param adapters that fit the plan's layers, in the order of their indices
    /// @param rowsMax tokens of the largest step
    /// @param contextTokensMax positions to prepare for
    Decoder(
            DecoderPlan plan,
            ModelSpec spec,
            Weights weights,
            List<AdapterPlan> adapters,
            Compute compute,
            int rowsMax,
            int contextTokensMax) {
        this.plan = plan;
        this.config = plan.config();
        this.spec = spec;
        this.weights = weights;
        this.compute = compute;
        this.contextTokensMax = contextTokensMax;
        parts = DecoderParts.allocate(compute, config, rowsMax, weights.arena());
        this.adapters = new DecoderAdapters(plan, parts, adapters, weights.memory());
        DecoderWeights named = new DecoderWeights(parts, weights, plan.normsLessOne(), this.adapters);
        embedding = weights.matrix(TensorRole.EMBEDDING, 0);
        finalNorm = named.norm(TensorRole.FINAL_NORM, 0);
        int logitRows = Math.min(LOGIT_ROWS_MAX, rowsMax);
        last = FloatMatrix.allocate(logitRows, config.hiddenSize(), weights.arena());
        logits = FloatMatrix.allocate(logitRows, config.vocabularySize(), weights.arena());
        toLogits = new Projection[] {into(head(), logits)};
        layers = layers(named);
    }

    private WeightMatrix head() {
        boolean tied = plan.tiedHead().orElse(false);
        return tied ? embedding : weights.optionalMatrix(TensorRole.HEAD, 0).orElse(embedding);
    }

    private Layer[] layers(DecoderWeights named) {
        Map<Rope, RopeTable> ropes = new HashMap<>(); // few layers, or none, differ
        SelfAttention.Activations attention = SelfAttention.Activations.allocate(parts);
        GatedNet.Activations gated = GatedNet.Activations.allocate(parts, config.feedForwardSize());
        Optional<ExpertMixture.Activations> experts = plan.layers().stream()
                .flatMap(layer -> layer.experts().stream())
                .findFirst()
                .map(first -> ExpertMixture.Activations.allocate(parts, first));
        Layer[] result = new Layer[config.layers()];
        for (int i = 0; i < result.length; i++) {
            int layer = i;
            LayerPlan it = plan.layers().get(i);
            @Nullable
            RopeTable rope = it.rope()
                    .map(each -> ropes.computeIfAbsent(each, this::ropeTable))
                    .orElse(null);
            FeedForward feedForward = it.experts()
                    .<FeedForward>map(plan -> new ExpertMixture(named, experts.orElseThrow(), layer, it, plan))
                    .orElseGet(() -> new GatedNet(named, gated, layer, it));
            result[i] = new Layer(new SelfAttention(named, attention, i, it, rope), feedForward);
        }
        return result;
    }

    private RopeTable ropeTable(Rope rope) {
        TensorRole divisors = plan.storedLongRope()
                .map(stored -> contextTokensMax > stored.originalContextTokens()
                        ? TensorRole.ROPE_LONG_DIVISORS
                        : TensorRole.ROPE_SHORT_DIVISORS)
                .orElse(TensorRole.ROPE_DIVISORS);
        return RopeTables.of(
                rope,
                config.headDimension(),
                weights.optionalVector(divisors, 0),
                contextTokensMax,
                plan.interleavedRope(),
                weights.arena());
    }

    @Override
    public void forward(StepBatch step, KvMemory kv, LogitsSink sink) {
        verify(step, kv);
        int rows = step.attention.rows;
        adapters.begin(step);
        compute.embed(embedding, step.tokenIds, rows, parts.x());
        if (plan.embeddingScale() != 1) compute.scale(parts.x(), rows, plan.embeddingScale());
        for (Layer layer : layers) {
            layer.attention.run(step.attention, kv);
            layer.feedForward.run(rows);
        }
        for (int first = 0; first < step.logitRowCount; first += last.rows()) {
            int count = Math.min(last.rows(), step.logitRowCount - first);
            System.arraycopy(step.logitRows, first, slice, 0, count);
            compute.gatherRows(parts.x(), slice, count, last);
            compute.rmsNorm(last, count, finalNorm, config.normEpsilon(), last);
            compute.matmul(last, count, toLogits);
            if (plan.logitCap() > 0) compute.softCap(logits, count, plan.logitCap());
            sink.accept(first, logits, count);
        }
    }

    /// What kernels take on trust: a wrong id, position or block would touch memory that is not the sequence's.
    private void verify(StepBatch step, KvMemory kv) {
        AttentionBatch batch = step.attention;
        Invariant.hold(batch.rows <= parts.rowsMax(), "%d rows in a step, limit is %d", batch.rows, parts.rowsMax());
        int positions = contextTokensMax;
        for (int row = 0; row < batch.rows; row++) {
            int id = step.tokenIds[row];
            Invariant.hold(
                    id >= 0 && id < config.vocabularySize(),
                    "token id %d, vocabulary is %d",
                    id,
                    config.vocabularySize());
            int adapter = step.adapters[row];
            Invariant.hold(
                    adapter >= AdapterRows.NONE && adapter < adapters.count(),
                    "adapter %d of %d",
                    adapter,
                    adapters.count());
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

    /// Whose bytes [#changedWeights] compares.
    List<WeightMemory.Held> watchedWeights() {
        return weights.memory().held();
    }

    @Override
    public Optional<String> changedWeights() {
        return weights.memory().changed();
    }

    @Override
    public void close() {
        weights.close();
    }
}
