package dev.redoubt.kernels;

import org.jspecify.annotations.Nullable;

/// The operations over single rows, each as a task of [ComputeThreads] that [Compute] makes once and uses
/// again: its fields are set by every call before the threads see them.
final class RowTasks {
    private RowTasks() {}

    @SuppressWarnings("NullAway.Init")
    static final class Embedding extends OverRows {
        WeightMatrix table;
        int[] ids;
        FloatMatrix out;

        Embedding(ComputeThreads threads) {
            super(threads);
        }

        @Override
        void run(int from, int to, int worker) {
            for (int row = from; row < to; row++) table.dequantize(ids[row], out, row);
        }
    }

    @SuppressWarnings("NullAway.Init")
    static final class Gathering extends OverRows {
        FloatMatrix in;
        ColumnOrder order;
        FloatMatrix out;

        Gathering(ComputeThreads threads) {
            super(threads);
        }

        @Override
        void run(int from, int to, int worker) {
            for (int row = from; row < to; row++) order.gather(in, row, out);
        }
    }

    @SuppressWarnings("NullAway.Init")
    static final class Quantization extends OverRows {
        private final Kernels kernels;
        FloatMatrix in;

        Quantization(ComputeThreads threads, Kernels kernels) {
            super(threads);
            this.kernels = kernels;
        }

        @Override
        void run(int from, int to, int worker) {
            kernels.quantize(in, from, to);
        }
    }

    @SuppressWarnings("NullAway.Init")
    static final class Rounding extends OverRows {
        private final Kernels kernels;
        FloatMatrix in;

        Rounding(ComputeThreads threads, Kernels kernels) {
            super(threads);
            this.kernels = kernels;
        }

        @Override
        void run(int from, int to, int worker) {
            kernels.round(in, from, to);
        }
    }

    @SuppressWarnings("NullAway.Init")
    static final class Norm extends OverRows {
        private final Kernels kernels;
        private final Scratch[] scratch;
        FloatMatrix in;
        FloatMatrix weight;
        float epsilon;
        FloatMatrix out;

        Norm(ComputeThreads threads, Kernels kernels, Scratch[] scratch) {
            super(threads);
            this.kernels = kernels;
            this.scratch = scratch;
        }

        @Override
        void run(int from, int to, int worker) {
            kernels.rmsNorm(in, from, to, weight, epsilon, out, scratch[worker]);
        }
    }

    @SuppressWarnings("NullAway.Init")
    static final class LayerNorm extends OverRows {
        private final Kernels kernels;
        private final Scratch[] scratch;
        FloatMatrix in;
        FloatMatrix weight;
        FloatMatrix bias;
        float epsilon;
        FloatMatrix out;

        LayerNorm(ComputeThreads threads, Kernels kernels, Scratch[] scratch) {
            super(threads);
            this.kernels = kernels;
            this.scratch = scratch;
        }

        @Override
        void run(int from, int to, int worker) {
            kernels.layerNorm(in, from, to, weight, bias, epsilon, out, scratch[worker]);
        }
    }

    @SuppressWarnings("NullAway.Init")
    static final class Rotation extends OverRows {
        private final Kernels kernels;
        FloatMatrix x;
        int heads;
        RopeTable table;
        AttentionBatch batch;

        Rotation(ComputeThreads threads, Kernels kernels) {
            super(threads);
            this.kernels = kernels;
        }

        @Override
        void run(int from, int to, int worker) {
            kernels.rope(x, from, to, heads, table, batch);
        }
    }

    @SuppressWarnings("NullAway.Init")
    static final class Store extends OverRows {
        FloatMatrix keys;
        FloatMatrix values;
        AttentionBatch batch;
        KvMemory kv;
        int layer;

        Store(ComputeThreads threads) {
            super(threads);
        }

        @Override
        void run(int from, int to, int worker) {
            for (int row = from; row < to; row++) KvRows.store(keys, values, batch, row, kv, layer);
        }
    }

    @SuppressWarnings("NullAway.Init")
    static final class Gate extends OverRows {
        private final Kernels kernels;
        GateFunction function;
        FloatMatrix gate;
        FloatMatrix up;

        Gate(ComputeThreads threads, Kernels kernels) {
            super(threads);
            this.kernels = kernels;
        }

        @Override
        void run(int from, int to, int worker) {
            kernels.activate(function, gate, up, from, to);
        }
    }

    @SuppressWarnings("NullAway.Init")
    static final class Gelu extends OverRows {
        private final Kernels kernels;
        FloatMatrix x;

        Gelu(ComputeThreads threads, Kernels kernels) {
            super(threads);
            this.kernels = kernels;
        }

        @Override
        void run(int from, int to, int worker) {
            kernels.gelu(x, from, to);
        }
    }

    /// Adds rows to rows: each to its own, one to all, or those of an expert to where they came from.
    @SuppressWarnings("NullAway.Init")
    static final class Addition extends OverRows {
        private final Kernels kernels;
        FloatMatrix in;
        boolean oneForAll;

        @Nullable
        ExpertChoice choice;

        int expert;
        FloatMatrix out;

        Addition(ComputeThreads threads, Kernels kernels) {
            super(threads);
            this.kernels = kernels;
        }

        void ofRows(FloatMatrix in, boolean oneForAll, int rows, FloatMatrix out) {
            Compute.checkRows(rows, out);
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
            Compute.same("output columns", out.columns(), in.columns());
            this.in = in;
            this.out = out;
            run(rows, Compute.ADDED_COST * in.columns());
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
    static final class Scaling extends OverRows {
        FloatMatrix x;
        float factor;

        Scaling(ComputeThreads threads) {
            super(threads);
        }

        @Override
        void run(int from, int to, int worker) {
            for (int row = from; row < to; row++) RowOperations.scale(x, row, factor);
        }
    }

    @SuppressWarnings("NullAway.Init")
    static final class Cap extends OverRows {
        private final Kernels kernels;
        FloatMatrix x;
        float cap;

        Cap(ComputeThreads threads, Kernels kernels) {
            super(threads);
            this.kernels = kernels;
        }

        @Override
        void run(int from, int to, int worker) {
            kernels.softCap(x, from, to, cap);
        }
    }

    @SuppressWarnings("NullAway.Init")
    static final class Choosing extends OverRows {
        FloatMatrix scores;
        ExpertChoice choice;

        Choosing(ComputeThreads threads) {
            super(threads);
        }

        @Override
        void run(int from, int to, int worker) {
            for (int row = from; row < to; row++) choice.choose(scores, row);
        }
    }
}
