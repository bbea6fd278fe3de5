package dev.redoubt.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// What a model's forward pass is written in: whole operations over the rows of a step, spread over a fixed set
/// of threads. The result of each row depends on that row (and, in attention, its own sequence) alone: not on
/// the other rows, their number, the provider, or the number of threads.
///
/// Threads: one caller at a time (the engine loop). `rows` is how many rows of a matrix count in this step.
public final class Compute implements AutoCloseable {
    /// One output of [#matmul]: `out[r] = weights · in[r]`, or added to what is there.
    public record Projection(WeightMatrix weights, FloatMatrix out, boolean add) {
        public static Projection into(WeightMatrix weights, FloatMatrix out) {
            return new Projection(weights, out, false);
        }

        /// `out[r] += weights · in[r]`: the residual connection.
        public static Projection addedTo(WeightMatrix weights, FloatMatrix out) {
            return new Projection(weights, out, true);
        }
    }

    /* A call is cut into parts by output (rows, groups of 16 weight rows, tiles of rows × KV heads), never along a sum, and a part is
     * computed by one provider function: this is why neither the number of threads nor their pace can show in a bit. Parts are small
     * enough to even out a slow thread and large enough to pay for handing them out; a call too small for two parts stays on the caller.
     * Ownership: the caller owns everything between calls; during a call, a worker owns the rows of its part and its own scratch.
     * What a call is about stands in one object per operation, used again and again, so that a step allocates nothing. */

    /// What an element of an operation over single rows costs, in those of a norm.
    private static final int GATHERED_COST = 4;
    private static final int QUANTIZED_COST = 4;
    private static final int ROUNDED_COST = 1;
    private static final int ROTATED_COST = 1;
    private static final int STORED_COST = 24;
    private static final int GATED_COST = 8;
    private static final int LAYER_NORM_COST = 2;
    private static final int EMBEDDED_COST = 8;
    static final int ADDED_COST = 1;
    private static final int CAPPED_COST = 8;
    private static final int CHOSEN_COST = 32;
    /// Weights whose packing is worth a part of its own.
    private static final int PACK_WORK = 1 << 18;

    private final Kernels kernels;
    private final ComputeThreads threads;
    private final Scratch[] scratch;
    private final AtomicLong bytes; // of what is computed with
    private @Nullable AttentionCall[] attentionCalls = {}; // by layer

    private final RowTasks.Embedding embedding;
    private final RowTasks.Gathering gathering;
    private final GatheredInputs gathered;
    private final RowTasks.Quantization quantization;
    private final RowTasks.Rounding rounding;
    private final ProductTask product;
    private final RowTasks.Norm norm;
    private final RowTasks.LayerNorm layerNorm;
    private final RowTasks.Rotation rotation;
    private final RowTasks.Store store;
    private final AttentionTask attention;
    private final RowTasks.Gate gate;
    private final RowTasks.Gelu gelu;
    private final RowTasks.Addition addition;
    private final RowTasks.Scaling scaling;
    private final RowTasks.Cap cap;
    private final RowTasks.Choosing choosing;
    private final Parts parts = new Parts();

    private Compute(Kernels kernels, int threads, int rowsMax) {
        this.kernels = kernels;
        this.threads = new ComputeThreads(threads);
        this.bytes = new AtomicLong(kernels.inputBytes());
        this.gathered = new GatheredInputs(rowsMax, newArena());
        this.scratch = new Scratch[threads];
        for (int i = 0; i < threads; i++) scratch[i] = new Scratch();
        embedding = new RowTasks.Embedding(this.threads);
        gathering = new RowTasks.Gathering(this.threads);
        quantization = new RowTasks.Quantization(this.threads, kernels);
        rounding = new RowTasks.Rounding(this.threads, kernels);
        product = new ProductTask(this.threads, kernels, scratch);
        norm = new RowTasks.Norm(this.threads, kernels, scratch);
        layerNorm = new RowTasks.LayerNorm(this.threads, kernels, scratch);
        rotation = new RowTasks.Rotation(this.threads, kernels);
        store = new RowTasks.Store(this.threads);
        attention = new AttentionTask(this.threads, kernels, scratch);
        gate = new RowTasks.Gate(this.threads, kernels);
        gelu = new RowTasks.Gelu(this.threads, kernels);
        addition = new RowTasks.Addition(this.threads, kernels);
        scaling = new RowTasks.Scaling(this.threads);
        cap = new RowTasks.Cap(this.threads, kernels);
        choosing = new RowTasks.Choosing(this.threads);
    }

    /// @param provider one of [Providers#NAMES], or `native-` and an instruction set such as `avx2`
    /// @param threads workers, the caller's included; 1 or more
    /// @param rowsMax rows of the largest step
    /// @param columnsMax columns of the widest input of a [#matmul]
    public static Compute open(String provider, int threads, int rowsMax, int columnsMax) {
        if (threads < 1 || rowsMax < 1 || columnsMax < 1)
            throw new IllegalArgumentException("compute of " + threads + " threads, " + rowsMax + " rows, " + columnsMax
                    + " columns: all must be positive");
        return new Compute(Providers.open(provider, rowsMax, columnsMax), threads, rowsMax);
    }

    /// The provider and what it stands on, for the start line: such as `native (AVX-512 VNNI)`.
    public String description() {
        return kernels.description();
    }

    /// Memory for weights and activations, which counts in [#bytes]; any thread may close it.
    public Arena newArena() {
        return new CountedArena(bytes);
    }

    /// What it computes with: weights, in memory or in files that are read where they are, and activations of
    /// the largest step.
    public long bytes() {
        return bytes.get();
    }

    /// As [WeightMatrix#of], packed by all threads.
    ///
    /// @param arena of [#newArena]
    public WeightMatrix weights(WeightFormat format, int rows, int columns, MemorySegment file, Arena arena) {
        if (!format.quantized()) bytes.addAndGet(file.byteSize());
        return WeightMatrix.of(format, rows, columns, file, arena, packed -> {
            int groups = R16.groups(rows);
            int groupsPerPart = Math.max(1, PACK_WORK / (R16.ROWS * columns));
            int parts = (groups + groupsPerPart - 1) / groupsPerPart;
            threads.run(parts, (part, worker) -> {
                int from = part * groupsPerPart;
                kernels.pack(format, rows, columns, file, from, Math.min(groups, from + groupsPerPart), packed);
            });
        });
    }

    /// Takes the memory that products with these weights need beside them, so that it counts in [#bytes] from
    /// the start.
    public void prepare(WeightMatrix weights) {
        ColumnOrder order = weights.order();
        if (order != null) {
            FloatMatrix ignored = gathered.of(order.columns());
        }
    }

    /// How many there are, the caller's included.
    public int threads() {
        return threads.threads();
    }

    /// `out[r] = table[ids[r]]`, dequantized.
    ///
    /// @throws IndexOutOfBoundsException if an id is not a row of the table
    public void embed(WeightMatrix table, int[] ids, int rows, FloatMatrix out) {
        same("columns", out.columns(), table.columns());
        if (table.order() != null)
            throw new IllegalArgumentException("a table whose columns have an order of their own");
        embedding.table = table;
        embedding.ids = ids;
        embedding.out = out;
        embedding.run(rows, EMBEDDED_COST * table.columns());
    }

    /// Several products of one input in one parallel region; quantizes or rounds `in` once where the weights
    /// ask for it. All projections take the same columns; their formats may differ. Those with an order of
    /// columns of their own are multiplied in a region of their own.
    public void matmul(FloatMatrix in, int rows, Projection... projections) {
        for (Projection projection : projections) {
            same("input columns", in.columns(), projection.weights.inputColumns());
            same("output columns", projection.out.columns(), projection.weights.rows());
            checkRows(rows, projection.out);
        }
        checkRows(rows, in);
        if (rows == 0) return;
        for (int i = 0; i < projections.length; i++) {
            ColumnOrder order = projections[i].weights.order();
            boolean done = false;
            for (int before = 0; before < i; before++) done |= projections[before].weights.order() == order;
            if (!done) multiply(order == null ? in : gather(in, rows, order), rows, order, projections);
        }
    }

    private FloatMatrix gather(FloatMatrix in, int rows, ColumnOrder order) {
        gathering.in = in;
        gathering.order = order;
        gathering.out = gathered.of(order.columns());
        gathering.run(rows, GATHERED_COST * order.columns());
        return gathering.out;
    }

    /// The products with the weights of one order.
    private void multiply(FloatMatrix in, int rows, @Nullable ColumnOrder order, Projection... projections) {
        boolean quantized = false;
        boolean rounded = false;
        for (Projection projection : projections) {
            if (projection.weights.order() != order) continue;
            quantized |= projection.weights.format().quantized();
            rounded |= projection.weights.format().rounded();
        }
        if (quantized) {
            kernels.expect(rows, in.columns());
            quantization.in = in;
            quantization.run(rows, QUANTIZED_COST * in.columns());
        }
        if (rounded) {
            kernels.expectRounded(rows, in.columns());
            rounding.in = in;
            rounding.run(rows, ROUNDED_COST * in.columns());
        }
        product.run(in, rows, order, projections);
    }

    /// `out[r] = in[r] / sqrt(mean(in[r]²) + epsilon) · weight`; `in` and `out` may be the same.
    ///
    /// @param weight (1, columns)
    public void rmsNorm(FloatMatrix in, int rows, FloatMatrix weight, float epsilon, FloatMatrix out) {
        same("weight columns", weight.columns(), in.columns());
        norm(in, rows, weight, epsilon, out);
    }

    /// As [#rmsNorm] of each head of each row alone, in place.
    ///
    /// @param x (tokens, heads · headDimension)
    /// @param weight (1, headDimension)
    public void rmsNormHeads(FloatMatrix x, int rows, int heads, FloatMatrix weight, float epsilon) {
        same("columns", x.columns(), heads * weight.columns());
        norm(x, rows, weight, epsilon, x);
    }

    private void norm(FloatMatrix in, int rows, FloatMatrix weight, float epsilon, FloatMatrix out) {
        same("output columns", out.columns(), in.columns());
        checkRows(rows, in);
        checkRows(rows, out);
        norm.in = in;
        norm.weight = weight;
        norm.epsilon = epsilon;
        norm.out = out;
        norm.run(rows, in.columns());
    }

    /// `out[r] = (in[r] - mean(in[r])) / sqrt(variance(in[r]) + epsilon) · weight + bias`; `in` and `out` may
    /// be the same.
    ///
    /// @param weight (1, columns), as `bias`
    public void layerNorm(
            FloatMatrix in, int rows, FloatMatrix weight, FloatMatrix bias, float epsilon, FloatMatrix out) {
        same("weight columns", weight.columns(), in.columns());
        same("bias columns", bias.columns(), in.columns());
        same("output columns", out.columns(), in.columns());
        checkRows(rows, in);
        checkRows(rows, out);
        layerNorm.in = in;
        layerNorm.weight = weight;
        layerNorm.bias = bias;
        layerNorm.epsilon = epsilon;
        layerNorm.out = out;
        layerNorm.run(rows, LAYER_NORM_COST * in.columns());
    }

    /// `out[r] += in[r]`.
    public void add(FloatMatrix in, int rows, FloatMatrix out) {
        checkRows(rows, in);
        addition.ofRows(in, false, rows, out);
    }

    /// `out[r] += bias`.
    ///
    /// @param bias (1, columns)
    public void addBias(FloatMatrix bias, int rows, FloatMatrix out) {
        addition.ofRows(bias, true, rows, out);
    }

    /// Rotates every head of every row in place by its position: a pair (a, b) becomes (a·cos - b·sin, a·sin +
    /// b·cos).
    ///
    /// @param x (tokens, heads · headDimension)
    public void rope(FloatMatrix x, int heads, RopeTable table, AttentionBatch batch) {
        same("columns", x.columns(), heads * table.cos().columns() * 2);
        checkRows(batch.rows, x);
        rotation.x = x;
        rotation.heads = heads;
        rotation.table = table;
        rotation.batch = batch;
        rotation.run(batch.rows, ROTATED_COST * x.columns());
    }

    /// Writes the step's keys and values to their slots, in the format of the KV memory. A token with a key or
    /// value that is not finite is marked, see [#attention].
    ///
    /// @param keys (tokens, kvHeads · headDimension), rotated
    public void storeKv(FloatMatrix keys, FloatMatrix values, AttentionBatch batch, KvMemory kv, int layer) {
        int columns = kv.layout().kvHeads() * kv.layout().headDimension();
        Objects.checkIndex(layer, kv.layout().layers());
        same("key columns", keys.columns(), columns);
        same("value columns", values.columns(), columns);
        checkRows(batch.rows, keys);
        checkRows(batch.rows, values);
        store.keys = keys;
        store.values = values;
        store.batch = batch;
        store.kv = kv;
        store.layer = layer;
        store.run(batch.rows, STORED_COST * columns);
    }

    /// Causal grouped-query attention of every row over the positions up to its own that are in its window. A
    /// row that sees a marked token becomes NaN, so that no format turns what is not finite into a plausible
    /// number.
    ///
    /// What a row sees goes by the position that `batch` has for it, and by that alone: where all rows of a
    /// sequence have its last one, each sees the whole sequence, which is the attention of an encoder.
    ///
    /// @param query (tokens, queryHeads · headDimension), rotated; `queryHeads` is a multiple of the KV heads
    /// @param out same shape as `query`
    public void attention(
            FloatMatrix query,
            int queryHeads,
            AttentionBatch batch,
            KvMemory kv,
            int layer,
            AttentionRule rule,
            FloatMatrix out) {
        KvLayout layout = kv.layout();
        Objects.checkIndex(layer, layout.layers());
        if (queryHeads % layout.kvHeads() != 0)
            throw new IllegalArgumentException(
                    "query heads " + queryHeads + ", must be a multiple of " + layout.kvHeads() + " KV heads");
        same("query columns", query.columns(), queryHeads * layout.headDimension());
        same("output columns", out.columns(), query.columns());
        checkRows(batch.rows, query);
        checkRows(batch.rows, out);
        attention.run(attentionCall(query, queryHeads / layout.kvHeads(), batch, kv, layer, rule, out));
        if (!kv.allFinite()) spoilRows(batch, kv, rule, out);
    }

    private static void spoilRows(AttentionBatch batch, KvMemory kv, AttentionRule rule, FloatMatrix out) {
        for (int row = 0; row < batch.rows; row++) {
            int position = batch.position[row];
            if (kv.finite(batch.blockTable[batch.sequence[row]], rule.first(position), position + 1)) continue;
            for (int column = 0; column < out.columns(); column++) out.set(row, column, Float.NaN);
        }
    }

    /// A model asks for the same things layer by layer, step after step: its calls are kept.
    private AttentionCall attentionCall(
            FloatMatrix query,
            int group,
            AttentionBatch batch,
            KvMemory kv,
            int layer,
            AttentionRule rule,
            FloatMatrix out) {
        if (layer >= attentionCalls.length)
            attentionCalls = Arrays.copyOf(attentionCalls, kv.layout().layers());
        AttentionCall kept = attentionCalls[layer];
        if (kept != null
                && kept.query() == query
                && kept.group() == group
                && kept.batch() == batch
                && kept.kv() == kv
                && kept.rule().equals(rule)
                && kept.out() == out) return kept;
        AttentionCall made = new AttentionCall(query, group, batch, kv, layer, rule, out);
        attentionCalls[layer] = made;
        return made;
    }

    /// `gate[r][i] = function(gate[r][i]) · up[r][i]`.
    public void activate(GateFunction function, FloatMatrix gate, FloatMatrix up, int rows) {
        same("columns", up.columns(), gate.columns());
        checkRows(rows, gate);
        checkRows(rows, up);
        this.gate.function = function;
        this.gate.gate = gate;
        this.gate.up = up;
        this.gate.run(rows, GATED_COST * gate.columns());
    }

    /// `x[r][i] = x[r][i] · Φ(x[r][i])`, Φ the distribution function of the standard normal distribution: GELU
    /// itself, of which [GateFunction#GELU_TANH] is an approximation.
    public void gelu(FloatMatrix x, int rows) {
        checkRows(rows, x);
        gelu.x = x;
        gelu.run(rows, GATED_COST * x.columns());
    }

    /// `x[r][i] *= factor`.
    public void scale(FloatMatrix x, int rows, float factor) {
        checkRows(rows, x);
        scaling.x = x;
        scaling.factor = factor;
        scaling.run(rows, ADDED_COST * x.columns());
    }

    /// `x[r][i] = cap · tanh(x[r][i] / cap)`.
    public void softCap(FloatMatrix x, int rows, float cap) {
        checkRows(rows, x);
        this.cap.x = x;
        this.cap.cap = cap;
        this.cap.run(rows, CAPPED_COST * x.columns());
    }

    /// Chooses the experts of every row.
    ///
    /// @param scores (tokens, experts), the router's
    public void chooseExperts(FloatMatrix scores, int rows, ExpertChoice choice) {
        same("columns", scores.columns(), choice.experts());
        checkRows(rows, scores);
        Objects.checkFromToIndex(0, rows, choice.rowsMax());
        choosing.scores = scores;
        choosing.choice = choice;
        choosing.run(rows, CHOSEN_COST * choice.experts());
        choice.group(rows);
    }

    /// `out[i] = in[r]`, r the `i`-th row of an expert.
    public void gatherRows(FloatMatrix in, ExpertChoice choice, int expert, FloatMatrix out) {
        same("columns", out.columns(), in.columns());
        checkRows(choice.rows(expert), out);
        for (int i = 0; i < choice.rows(expert); i++) copyRow(in, choice.row(expert, i), out, i);
    }

    /// `out[r] += weight · in[i]`, r the `i`-th row of an expert.
    public void addWeighted(FloatMatrix in, ExpertChoice choice, int expert, FloatMatrix out) {
        checkRows(choice.rows(expert), in);
        addition.ofExpert(in, choice, expert, out);
    }

    /// `out[i] = in[index[i]]` for the first `count` indices.
    public void gatherRows(FloatMatrix in, int[] index, int count, FloatMatrix out) {
        same("columns", out.columns(), in.columns());
        checkRows(count, out);
        for (int i = 0; i < count; i++) copyRow(in, index[i], out, i);
    }

    /// `out[index[i]] += factor · in[i]` for the first `count` indices.
    public void addRows(FloatMatrix in, float factor, int[] index, int count, FloatMatrix out) {
        same("output columns", out.columns(), in.columns());
        checkRows(count, in);
        for (int i = 0; i < count; i++) kernels.addScaled(in, i, factor, out, Objects.checkIndex(index[i], out.rows()));
    }

    private static void copyRow(FloatMatrix in, int row, FloatMatrix out, int outRow) {
        long from = 4L * Objects.checkIndex(row, in.rows()) * in.stride();
        MemorySegment.copy(in.segment(), from, out.segment(), 4L * outRow * out.stride(), 4L * in.columns());
    }

    /// `ln Σ exp(logits[row][i])`. Inside a part of [#forEach].
    ///
    /// @param worker the part's
    public float logSumExp(FloatMatrix logits, int row, int worker) {
        return kernels.logSumExp(logits, Objects.checkIndex(row, logits.rows()), scratch[worker]);
    }

    /// `out[outRow][i] = exp((in[row][i] - largest) · factor)`. Inside a part of [#forEach].
    public void exponentials(FloatMatrix in, int row, float largest, float factor, FloatMatrix out, int outRow) {
        same("output columns", out.columns(), in.columns());
        Objects.checkIndex(row, in.rows());
        Objects.checkIndex(outRow, out.rows());
        kernels.exponentials(in, row, largest, factor, out, outRow);
    }

    /// Index of the largest logit of a row, lowest of equals; 0 if there is a NaN. Inside a part of [#forEach].
    public int argMax(FloatMatrix logits, int row) {
        return kernels.argMax(logits, Objects.checkIndex(row, logits.rows()));
    }

    /// One part of [#forEach].
    @FunctionalInterface
    public interface Part {
        /// @param worker the thread it runs on, 0 to [#threads()] - 1: no other part has it at this time
        void run(int part, int worker);
    }

    /// Runs `task` for parts 0 to `count - 1` on the same threads; returns when all are done. For per-row work
    /// such as sampling.
    ///
    /// What a part throws is thrown here, after the other parts.
    public void forEach(int count, Part task) {
        parts.task = task;
        threads.run(count, parts);
    }

    /// Ends the threads.
    @Override
    public void close() {
        threads.close();
        gathered.close();
        kernels.close();
        for (Scratch each : scratch) each.close();
    }

    static void checkRows(int rows, FloatMatrix matrix) {
        if (rows < 0 || rows > matrix.rows())
            throw new IllegalArgumentException("rows " + rows + ", the matrix has " + matrix.rows());
    }

    static void same(String what, int actual, int expected) {
        if (actual != expected) throw new IllegalArgumentException(what + " " + actual + ", must be " + expected);
    }

    /// Somebody else's parts.
    @SuppressWarnings("NullAway.Init")
    private static final class Parts implements ComputeThreads.Task {
        private Part task;

        @Override
        public void runPart(int part, int worker) {
            task.run(part, worker);
        }
    }
}
