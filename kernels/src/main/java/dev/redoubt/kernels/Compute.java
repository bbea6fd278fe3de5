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

    /// Multiply-adds that are worth a part of their own.
    private static final long PART_WORK = 1 << 17;
    /// What is worth a part of its own in operations over single rows, in elements of the cheapest, a norm:
    /// about 2 µs.
    private static final int PART_ELEMENTS = 1 << 14;
    /// What an element of the others costs, in those of a norm.
    private static final int GATHERED_COST = 4;
    private static final int QUANTIZED_COST = 4;
    private static final int ROUNDED_COST = 1;
    private static final int ROTATED_COST = 1;
    private static final int STORED_COST = 24;
    private static final int GATED_COST = 8;
    private static final int EMBEDDED_COST = 8;
    private static final int ADDED_COST = 1;
    private static final int CAPPED_COST = 8;
    private static final int CHOSEN_COST = 32;
    /// Weights whose packing is worth a part of its own.
    private static final int PACK_WORK = 1 << 18;
    /// A part of a product is what is left, divided by that many for each thread.
    private static final int PARTS_LEFT = 2;
    /// Query rows × heads that share the loads of a KV head.
    private static final int TILE_QUERIES = 12;

    private final Kernels kernels;
    private final ComputeThreads threads;
    private final Scratch[] scratch;
    private final AtomicLong bytes; // of what is computed with
    private @Nullable AttentionCall[] attentionCalls = {}; // by layer

    private final Embedding embedding = new Embedding();
    private final Gathering gathering = new Gathering();
    private final GatheredInputs gathered;
    private final Quantization quantization = new Quantization();
    private final Rounding rounding = new Rounding();
    private final Product product = new Product();
    private final Norm norm = new Norm();
    private final Rotation rotation = new Rotation();
    private final Store store = new Store();
    private final Attention attention = new Attention();
    private final Gate gate = new Gate();
    private final Addition addition = new Addition();
    private final Scaling scaling = new Scaling();
    private final Cap cap = new Cap();
    private final Choosing choosing = new Choosing();
    private final Parts parts = new Parts();

    private Compute(Kernels kernels, int threads, int rowsMax) {
        this.kernels = kernels;
        this.threads = new ComputeThreads(threads);
        this.bytes = new AtomicLong(kernels.inputBytes());
        this.gathered = new GatheredInputs(rowsMax, newArena());
        this.scratch = new Scratch[threads];
        for (int i = 0; i < threads; i++) scratch[i] = new Scratch();
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

    /// What it computes with: weights, in memory or in files that are read where they are, and activations of the
    /// largest
    /// step.
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
    /// ask for
    /// it. All projections take the same columns; their formats may differ. Those with an order of columns of their
    /// own are multiplied in a region of
    /// their own.
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
        product.in = in;
        product.rows = rows;
        product.order = order;
        product.projections = projections;
        product.cut();
        threads.run(product.parts, product);
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
    /// value
    /// that is not finite is marked, see [#attention].
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

    /// Causal grouped-query attention of every row over the positions up to its own that are in its window. A row that
    /// sees a marked token becomes NaN, so that no format turns what is not finite into a plausible number.
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
        attention.call = attentionCall(query, queryHeads / layout.kvHeads(), batch, kv, layer, rule, out);
        attention.kvHeads = layout.kvHeads();
        attention.cutIntoTiles(batch, Math.max(1, TILE_QUERIES / attention.call.group()));
        threads.run(attention.tiles * layout.kvHeads(), attention);
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

    private static void checkRows(int rows, FloatMatrix matrix) {
        if (rows < 0 || rows > matrix.rows())
            throw new IllegalArgumentException("rows " + rows + ", the matrix has " + matrix.rows());
    }

    private static void same(String what, int actual, int expected) {
        if (actual != expected) throw new IllegalArgumentException(what + " " + actual + ", must be " + expected);
    }

    // The operations. Fields are set by every call before the threads see them.

    /// One over rows, cut by rows.
    private abstract class OverRows implements ComputeThreads.Task {
        private int rows;
        private int rowsPerPart;

        abstract void run(int from, int to, int worker);

        /// @param elements of a norm that a row costs
        final void run(int rows, int elements) {
            this.rows = rows;
            rowsPerPart = Math.max(1, PART_ELEMENTS / elements);
            if (rows <= rowsPerPart || threads.threads() == 1) run(0, rows, 0);
            else threads.run((rows + rowsPerPart - 1) / rowsPerPart, this);
        }

        @Override
        public final void runPart(int part, int worker) {
            run(part * rowsPerPart, Math.min(rows, (part + 1) * rowsPerPart), worker);
        }
    }

    @SuppressWarnings("NullAway.Init")
    private final class Embedding extends OverRows {
        private WeightMatrix table;
        private int[] ids;
        private FloatMatrix out;

        @Override
        void run(int from, int to, int worker) {
            for (int row = from; row < to; row++) table.dequantize(ids[row], out, row);
        }
    }

    @SuppressWarnings("NullAway.Init")
    private final class Gathering extends OverRows {
        private FloatMatrix in;
        private ColumnOrder order;
        private FloatMatrix out;

        @Override
        void run(int from, int to, int worker) {
            for (int row = from; row < to; row++) order.gather(in, row, out);
        }
    }

    @SuppressWarnings("NullAway.Init")
    private final class Quantization extends OverRows {
        private FloatMatrix in;

        @Override
        void run(int from, int to, int worker) {
            kernels.quantize(in, from, to);
        }
    }

    @SuppressWarnings("NullAway.Init")
    private final class Rounding extends OverRows {
        private FloatMatrix in;

        @Override
        void run(int from, int to, int worker) {
            kernels.round(in, from, to);
        }
    }

    /// Cut by groups of weight rows, one projection after the other. Parts get smaller towards the end, so that
    /// few are
    /// handed out and yet all threads end at about the same time.
    @SuppressWarnings("NullAway.Init")
    private final class Product implements ComputeThreads.Task {
        private FloatMatrix in;
        private int rows;
        private @Nullable ColumnOrder order;
        private Projection[] projections;
        private int parts;
        private int[] projectionOf = new int[64]; // by part
        private int[] groupFrom = new int[64]; // by part
        private int[] groupTo = new int[64]; // by part

        void cut() {
            long workOfGroup = (long) R16.ROWS * in.columns() * rows;
            int atOnce = kernels.groupsAtOnce();
            int least = roundUp(Math.toIntExact((PART_WORK + workOfGroup - 1) / workOfGroup), atOnce);
            int left = 0;
            for (Projection projection : projections)
                if (projection.weights.order() == order) left += R16.groups(projection.weights.rows());
            if (threads.threads() == 1) least = left;
            parts = 0;
            for (int i = 0; i < projections.length; i++) {
                if (projections[i].weights.order() != order) continue;
                int groups = R16.groups(projections[i].weights.rows());
                for (int from = 0; from < groups; ) {
                    int size = Math.max(least, left / (PARTS_LEFT * threads.threads()) / atOnce * atOnce);
                    int to = Math.min(groups, from + size);
                    add(i, from, to);
                    left -= to - from;
                    from = to;
                }
            }
        }

        private static int roundUp(int number, int multiple) {
            return (number + multiple - 1) / multiple * multiple;
        }

        private void add(int projection, int from, int to) {
            if (parts == groupFrom.length) {
                projectionOf = Arrays.copyOf(projectionOf, 2 * parts);
                groupFrom = Arrays.copyOf(groupFrom, 2 * parts);
                groupTo = Arrays.copyOf(groupTo, 2 * parts);
            }
            projectionOf[parts] = projection;
            groupFrom[parts] = from;
            groupTo[parts++] = to;
        }

        @Override
        public void runPart(int part, int worker) {
            Projection projection = projections[projectionOf[part]];
            kernels.matmul(
                    projection.weights,
                    groupFrom[part],
                    groupTo[part],
                    in,
                    rows,
                    projection.out,
                    projection.add,
                    scratch[worker]);
        }
    }

    @SuppressWarnings("NullAway.Init")
    private final class Norm extends OverRows {
        private FloatMatrix in;
        private FloatMatrix weight;
        private float epsilon;
        private FloatMatrix out;

        @Override
        void run(int from, int to, int worker) {
            kernels.rmsNorm(in, from, to, weight, epsilon, out, scratch[worker]);
        }
    }

    @SuppressWarnings("NullAway.Init")
    private final class Rotation extends OverRows {
        private FloatMatrix x;
        private int heads;
        private RopeTable table;
        private AttentionBatch batch;

        @Override
        void run(int from, int to, int worker) {
            kernels.rope(x, from, to, heads, table, batch);
        }
    }

    @SuppressWarnings("NullAway.Init")
    private final class Store extends OverRows {
        private FloatMatrix keys;
        private FloatMatrix values;
        private AttentionBatch batch;
        private KvMemory kv;
        private int layer;

        @Override
        void run(int from, int to, int worker) {
            for (int row = from; row < to; row++) KvRows.store(keys, values, batch, row, kv, layer);
        }
    }

    /// Cut into tiles of neighbouring rows of one sequence × KV heads.
    @SuppressWarnings("NullAway.Init")
    private final class Attention implements ComputeThreads.Task {
        private AttentionCall call;
        private int kvHeads;
        private int tiles;
        private int[] tileFrom = new int[16]; // tile i is rows tileFrom[i] to tileFrom[i + 1] - 1

        void cutIntoTiles(AttentionBatch batch, int tileRows) {
            if (tileFrom.length < batch.rows + 1) tileFrom = new int[batch.rows + 1 + batch.rows / 4];
            tiles = 0;
            for (int row = 0; row < batch.rows; row++) {
                boolean begins = tiles == 0
                        || row - tileFrom[tiles - 1] == tileRows
                        || batch.sequence[row] != batch.sequence[row - 1];
                if (begins) tileFrom[tiles++] = row;
            }
            tileFrom[tiles] = batch.rows;
        }

        /// From the last tile to the first: a sequence's later rows cost more, and the costly parts go out early.
        @Override
        public void runPart(int part, int worker) {
            int tile = tiles - 1 - part / kvHeads;
            kernels.attention(call, tileFrom[tile], tileFrom[tile + 1], part % kvHeads, scratch[worker]);
        }
    }

    @SuppressWarnings("NullAway.Init")
    private final class Gate extends OverRows {
        private GateFunction function;
        private FloatMatrix gate;
        private FloatMatrix up;

        @Override
        void run(int from, int to, int worker) {
            kernels.activate(function, gate, up, from, to);
        }
    }

    /// Adds rows to rows: each to its own, one to all, or those of an expert to where they came from.
    @SuppressWarnings("NullAway.Init")
    private final class Addition extends OverRows {
        private FloatMatrix in;
        private boolean oneForAll;
        private @Nullable ExpertChoice choice;
        private int expert;
        private FloatMatrix out;

        void ofRows(FloatMatrix in, boolean oneForAll, int rows, FloatMatrix out) {
            checkRows(rows, out);
            this.oneForAll = oneForAll;
            choice = null;
            begin(in, rows, out);
        }

        void ofExpert(FloatMatrix in, ExpertChoice choice, int expert, FloatMatrix out) {
            this.choice = choice;
            this.expert = expert;
            begin(in, choice.rows(expert), out);
        }

        private void begin(FloatMatrix in, int rows, FloatMatrix out) {
            same("output columns", out.columns(), in.columns());
            this.in = in;
            this.out = out;
            run(rows, ADDED_COST * in.columns());
        }

        @Override
        void run(int from, int to, int worker) {
            ExpertChoice by = choice;
            for (int row = from; row < to; row++) {
                if (by == null) kernels.addScaled(in, oneForAll ? 0 : row, 1, out, row);
                else kernels.addScaled(in, row, by.weight(expert, row), out, by.row(expert, row));
            }
        }
    }

    @SuppressWarnings("NullAway.Init")
    private final class Scaling extends OverRows {
        private FloatMatrix x;
        private float factor;

        @Override
        void run(int from, int to, int worker) {
            for (int row = from; row < to; row++) RowOperations.scale(x, row, factor);
        }
    }

    @SuppressWarnings("NullAway.Init")
    private final class Cap extends OverRows {
        private FloatMatrix x;
        private float cap;

        @Override
        void run(int from, int to, int worker) {
            kernels.softCap(x, from, to, cap);
        }
    }

    @SuppressWarnings("NullAway.Init")
    private final class Choosing extends OverRows {
        private FloatMatrix scores;
        private ExpertChoice choice;

        @Override
        void run(int from, int to, int worker) {
            for (int row = from; row < to; row++) choice.choose(scores, row);
        }
    }

    @SuppressWarnings("NullAway.Init")
    private final class Parts implements ComputeThreads.Task {
        private Part task;

        @Override
        public void runPart(int part, int worker) {
            task.run(part, worker);
        }
    }
}
