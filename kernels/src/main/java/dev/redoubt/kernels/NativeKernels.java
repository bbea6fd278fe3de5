package dev.redoubt.kernels;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Objects;

/// The kernels of `src/main/native`, compiled for one instruction set.
final class NativeKernels implements Kernels {
    /* C takes addresses on trust. So every method first compares rows, columns and groups with what the matrices have, once a call, and
     * hands over addresses of live segments only (SystemMemory.address). A handle is a constant of the class and takes the function's address
     * as its first argument: the compiler folds it, and several instruction sets can live side by side. */
    private static final MethodHandle PACK =
            nothing(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle QUANTIZE =
            nothing(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle MULTIPLY_BLOCKS = nothing(
            JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT);
    private static final MethodHandle MULTIPLY_FLOATS = nothing(
            JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG,
            JAVA_INT, JAVA_LONG);
    private static final MethodHandle ROUND =
            nothing(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle MULTIPLY_PAIRS = nothing(
            JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT,
            JAVA_LONG);
    private static final MethodHandle RMS_NORM = nothing(
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_FLOAT,
            JAVA_LONG,
            JAVA_LONG);
    private static final MethodHandle LAYER_NORM = nothing(
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_FLOAT,
            JAVA_LONG,
            JAVA_LONG);
    private static final MethodHandle GELU = nothing(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle ACTIVATE =
            nothing(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle ADD_SCALED = nothing(JAVA_LONG, JAVA_LONG, JAVA_FLOAT, JAVA_LONG);
    private static final MethodHandle SOFT_CAP = nothing(JAVA_LONG, JAVA_LONG, JAVA_FLOAT);
    private static final MethodHandle ROTATE = nothing(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT);
    private static final MethodHandle EXPONENTIAL_SUM = nothing(JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle EXPONENTIALS = nothing(JAVA_LONG, JAVA_LONG, JAVA_FLOAT, JAVA_FLOAT, JAVA_LONG);
    private static final MethodHandle INDEX_OF_LARGEST =
            Linker.nativeLinker().downcallHandle(FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG));
    private static final MethodHandle ATTENTION = nothing(
            JAVA_INT,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_FLOAT,
            JAVA_FLOAT,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG);
    /// Queries that share keys and values in the widest kernel.
    private static final int QUERY_TILE = 6;

    private final InstructionSet set;
    private final MemorySegment pack;
    private final MemorySegment quantize;
    private final MemorySegment multiplyBlocks;
    private final MemorySegment multiplyFloats;
    private final MemorySegment round;
    private final MemorySegment multiplyPairs;
    private final MemorySegment rmsNorm;
    private final MemorySegment layerNorm;
    private final MemorySegment gelu;
    private final MemorySegment activate;
    private final MemorySegment addScaled;
    private final MemorySegment softCap;
    private final MemorySegment rotate;
    private final MemorySegment exponentialSum;
    private final MemorySegment exponentials;
    private final MemorySegment indexOfLargest;
    private final MemorySegment attention;
    private final NativeActivations input;
    private final RoundedActivations rounded;

    /// @param rowsMax rows of the largest step
    /// @param columnsMax columns of the widest input
    NativeKernels(NativeLibrary library, InstructionSet set, int rowsMax, int columnsMax) {
        this.set = set;
        pack = library.function("pack");
        quantize = library.function(set, "quantize");
        multiplyBlocks = library.function(set, "multiply_blocks");
        multiplyFloats = library.function(set, "multiply_floats");
        round = library.function(set, "round");
        multiplyPairs = library.function(set, "multiply_pairs");
        rmsNorm = library.function(set, "rms_norm");
        layerNorm = library.function(set, "layer_norm");
        gelu = library.function(set, "gelu");
        activate = library.function(set, "activate");
        addScaled = library.function(set, "add_scaled");
        softCap = library.function(set, "soft_cap");
        rotate = library.function(set, "rotate");
        exponentialSum = library.function(set, "exponential_sum");
        exponentials = library.function(set, "exponentials");
        indexOfLargest = library.function(set, "index_of_largest");
        attention = library.function(set, "attention");
        input = new NativeActivations(rowsMax, columnsMax);
        rounded = new RoundedActivations(rowsMax, columnsMax);
    }

    private static MethodHandle nothing(MemoryLayout... arguments) {
        return Linker.nativeLinker().downcallHandle(FunctionDescriptor.ofVoid(arguments));
    }

    @Override
    public String description() {
        return "native (" + set.title() + ")";
    }

    @Override
    public void pack(
            WeightFormat format,
            int rows,
            int columns,
            MemorySegment file,
            int groupFrom,
            int groupTo,
            MemorySegment packed) {
        Objects.checkFromToIndex(groupFrom, groupTo, R16.groups(rows));
        Objects.checkFromIndexSize(0, format.bytes(rows, columns), file.byteSize());
        Objects.checkFromIndexSize(0, R16.bytes(format, rows, columns), packed.byteSize());
        try {
            PACK.invokeExact(
                    pack,
                    number(format),
                    SystemMemory.address(file),
                    (long) rows,
                    (long) columns / R16.BLOCK,
                    (long) groupFrom,
                    (long) groupTo,
                    SystemMemory.address(packed));
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    @Override
    public long inputBytes() {
        return input.bytes() + rounded.bytes();
    }

    @Override
    public void expect(int rows, int columns) {
        input.columns(rows, columns);
    }

    @Override
    public void quantize(FloatMatrix in, int rowFrom, int rowTo) {
        Objects.checkFromToIndex(rowFrom, rowTo, Math.min(in.rows(), input.rowsMax()));
        same("columns", in.columns(), input.columns());
        try {
            QUANTIZE.invokeExact(
                    quantize,
                    SystemMemory.address(in.segment()),
                    (long) in.stride(),
                    (long) rowFrom,
                    (long) rowTo,
                    (long) input.blocks(),
                    SystemMemory.address(input.data()));
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    @Override
    public void expectRounded(int rows, int columns) {
        rounded.columns(rows, columns);
    }

    @Override
    public void round(FloatMatrix in, int rowFrom, int rowTo) {
        Objects.checkFromToIndex(rowFrom, rowTo, Math.min(in.rows(), rounded.rowsMax()));
        same("columns", in.columns(), rounded.columns());
        try {
            ROUND.invokeExact(
                    round,
                    SystemMemory.address(in.segment()),
                    (long) in.stride(),
                    (long) rowFrom,
                    (long) rowTo,
                    (long) in.columns(),
                    rounded.rowAddress(0),
                    (long) rounded.stride());
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    @Override
    public int groupsAtOnce() {
        return 2;
    }

    @Override
    public void matmul(
            WeightMatrix weights,
            int groupFrom,
            int groupTo,
            FloatMatrix in,
            int rows,
            FloatMatrix out,
            boolean add,
            Scratch scratch) {
        Objects.checkFromToIndex(groupFrom, groupTo, R16.groups(weights.rows()));
        Objects.checkFromToIndex(0, rows, Math.min(in.rows(), out.rows()));
        same("input columns", in.columns(), weights.columns());
        same("output columns", out.columns(), weights.rows());
        if (weights.format().quantized()) multiplyBlocks(weights, groupFrom, groupTo, rows, out, add);
        else if (weights.format().rounded()) multiplyPairs(weights, groupFrom, groupTo, rows, out, add, scratch);
        else multiplyFloats(weights, groupFrom, groupTo, in, rows, out, add, scratch);
    }

    private void multiplyBlocks(
            WeightMatrix weights, int groupFrom, int groupTo, int rows, FloatMatrix out, boolean add) {
        same("columns", input.columns(), weights.columns());
        Objects.checkFromToIndex(0, rows, input.rowsMax());
        try {
            MULTIPLY_BLOCKS.invokeExact(
                    multiplyBlocks,
                    number(weights.format()),
                    SystemMemory.address(weights.data()),
                    (long) groupFrom,
                    (long) groupTo,
                    SystemMemory.address(input.data()),
                    (long) rows,
                    (long) input.blocks(),
                    SystemMemory.address(out.segment()),
                    (long) out.stride(),
                    add ? 1 : 0);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private void multiplyFloats(
            WeightMatrix weights,
            int groupFrom,
            int groupTo,
            FloatMatrix in,
            int rows,
            FloatMatrix out,
            boolean add,
            Scratch scratch) {
        MemorySegment widened = scratch.floats(4L * in.stride()); // four rows of weights as f32
        try {
            MULTIPLY_FLOATS.invokeExact(
                    multiplyFloats,
                    number(weights.format()),
                    SystemMemory.address(weights.data()),
                    (long) groupFrom * R16.ROWS,
                    Math.min((long) groupTo * R16.ROWS, weights.rows()),
                    (long) weights.columns(),
                    SystemMemory.address(in.segment()),
                    (long) in.stride(),
                    (long) rows,
                    SystemMemory.address(out.segment()),
                    (long) out.stride(),
                    add ? 1 : 0,
                    SystemMemory.address(widened));
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private void multiplyPairs(
            WeightMatrix weights, int groupFrom, int groupTo, int rows, FloatMatrix out, boolean add, Scratch scratch) {
        same("columns", rounded.columns(), weights.columns());
        Objects.checkFromToIndex(0, rows, rounded.rowsMax());
        MemorySegment copies = scratch.floats(2L * rounded.stride()); // four rows of weights as bf16
        try {
            MULTIPLY_PAIRS.invokeExact(
                    multiplyPairs,
                    SystemMemory.address(weights.data()),
                    (long) groupFrom * R16.ROWS,
                    Math.min((long) groupTo * R16.ROWS, weights.rows()),
                    (long) weights.columns(),
                    rounded.rowAddress(0),
                    (long) rounded.stride(),
                    (long) rows,
                    SystemMemory.address(out.segment()),
                    (long) out.stride(),
                    add ? 1 : 0,
                    SystemMemory.address(copies));
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    @Override
    public void rmsNorm(
            FloatMatrix in,
            int rowFrom,
            int rowTo,
            FloatMatrix weight,
            float epsilon,
            FloatMatrix out,
            Scratch scratch) {
        Objects.checkFromToIndex(rowFrom, rowTo, Math.min(in.rows(), out.rows()));
        int pieces = in.columns() / weight.columns();
        same("columns", in.columns(), pieces * weight.columns());
        same("output columns", out.columns(), in.columns());
        try {
            RMS_NORM.invokeExact(
                    rmsNorm,
                    SystemMemory.address(in.segment()),
                    (long) in.stride(),
                    (long) rowFrom,
                    (long) rowTo,
                    (long) pieces,
                    (long) weight.columns(),
                    SystemMemory.address(weight.segment()),
                    epsilon,
                    SystemMemory.address(out.segment()),
                    (long) out.stride());
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    @Override
    public void layerNorm(
            FloatMatrix in,
            int rowFrom,
            int rowTo,
            FloatMatrix weight,
            FloatMatrix bias,
            float epsilon,
            FloatMatrix out,
            Scratch scratch) {
        Objects.checkFromToIndex(rowFrom, rowTo, Math.min(in.rows(), out.rows()));
        same("weight columns", weight.columns(), in.columns());
        same("bias columns", bias.columns(), in.columns());
        same("output columns", out.columns(), in.columns());
        try {
            LAYER_NORM.invokeExact(
                    layerNorm,
                    SystemMemory.address(in.segment()),
                    (long) in.stride(),
                    (long) rowFrom,
                    (long) rowTo,
                    (long) in.columns(),
                    SystemMemory.address(weight.segment()),
                    SystemMemory.address(bias.segment()),
                    epsilon,
                    SystemMemory.address(out.segment()),
                    (long) out.stride());
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    @Override
    public void gelu(FloatMatrix x, int rowFrom, int rowTo) {
        Objects.checkFromToIndex(rowFrom, rowTo, x.rows());
        try {
            GELU.invokeExact(
                    gelu, SystemMemory.address(x.segment()), (long) x.stride(), (long) rowFrom, (long) rowTo, (long)
                            x.columns());
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    @Override
    public void rope(FloatMatrix x, int rowFrom, int rowTo, int heads, RopeTable table, AttentionBatch batch) {
        Objects.checkFromToIndex(rowFrom, rowTo, x.rows());
        int half = table.cos().columns();
        same("columns", x.columns(), 2 * half * heads);
        same("sines", table.sin().columns(), half);
        long angleBytes = 4L * table.cos().stride();
        for (int row = rowFrom; row < rowTo; row++) {
            long angles = angleBytes
                    * Objects.checkIndex(batch.position[row], table.cos().rows());
            try {
                ROTATE.invokeExact(
                        rotate,
                        SystemMemory.address(x.segment()) + 4L * row * x.stride(),
                        (long) heads,
                        (long) half,
                        SystemMemory.address(table.cos().segment()) + angles,
                        SystemMemory.address(table.sin().segment()) + angles,
                        table.interleaved() ? 1 : 0);
            } catch (Throwable thrown) {
                throw unexpected(thrown);
            }
        }
    }

    @Override
    public void activate(GateFunction function, FloatMatrix gate, FloatMatrix up, int rowFrom, int rowTo) {
        Objects.checkFromToIndex(rowFrom, rowTo, Math.min(gate.rows(), up.rows()));
        same("columns", up.columns(), gate.columns());
        try {
            ACTIVATE.invokeExact(
                    activate,
                    number(function),
                    SystemMemory.address(gate.segment()),
                    (long) gate.stride(),
                    SystemMemory.address(up.segment()),
                    (long) up.stride(),
                    (long) rowFrom,
                    (long) rowTo,
                    (long) gate.columns());
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    @Override
    public void addScaled(FloatMatrix in, int row, float factor, FloatMatrix out, int outRow) {
        same("output columns", out.columns(), in.columns());
        try {
            ADD_SCALED.invokeExact(
                    addScaled, rowAddress(in, row), (long) in.columns(), factor, rowAddress(out, outRow));
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    @Override
    public void softCap(FloatMatrix x, int rowFrom, int rowTo, float cap) {
        for (int row = rowFrom; row < rowTo; row++) {
            try {
                SOFT_CAP.invokeExact(softCap, rowAddress(x, row), (long) x.columns(), cap);
            } catch (Throwable thrown) {
                throw unexpected(thrown);
            }
        }
    }

    @Override
    public void attention(AttentionCall call, int rowFrom, int rowTo, int kvHead, Scratch scratch) {
        int rows = rowTo - rowFrom;
        Objects.checkFromToIndex(
                rowFrom, rowTo, Math.min(call.query().rows(), call.out().rows()));
        int blocks = call.batch().position[rowTo - 1] / KvLayout.BLOCK_TOKENS + 1;
        long scores = 4L * QUERY_TILE * KvLayout.BLOCK_TOKENS * blocks;
        MemorySegment own = scratch.floats(scores / 4 + blocks + rows);
        long table = scores;
        long seen = table + 4L * blocks;
        int[] blockTable = call.batch().blockTable[call.batch().sequence[rowFrom]];
        for (int i = 0; i < blocks; i++)
            own.set(
                    JAVA_INT,
                    table + 4L * i,
                    Objects.checkIndex(blockTable[i], call.kv().blocks()));
        for (int i = 0; i < rows; i++) own.set(JAVA_INT, seen + 4L * i, call.batch().position[rowFrom + i] + 1);
        long head = call.headOffset(rowFrom, kvHead, 0);
        try {
            ATTENTION.invokeExact(
                    attention,
                    number(call.format()),
                    SystemMemory.address(call.query().segment()) + head,
                    SystemMemory.address(call.out().segment()) + head,
                    (long) call.query().stride(),
                    (long) call.group(),
                    (long) call.headDimension(),
                    (long) rows,
                    SystemMemory.address(own) + seen,
                    SystemMemory.address(own) + table,
                    SystemMemory.address(call.kv().segment())
                            + call.kv().layout().keyOffset(call.layer(), kvHead),
                    call.kv().layout().blockBytes(),
                    call.valueDistance(),
                    call.rule().scale(),
                    call.rule().cap(),
                    (long) call.rule().window(),
                    SystemMemory.address(own),
                    (long) KvLayout.BLOCK_TOKENS * blocks);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    @Override
    public float logSumExp(FloatMatrix logits, int row, Scratch scratch) {
        MemorySegment largestAndSum = scratch.floats(2);
        try {
            EXPONENTIAL_SUM.invokeExact(
                    exponentialSum,
                    rowAddress(logits, row),
                    (long) logits.columns(),
                    SystemMemory.address(largestAndSum));
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
        return largestAndSum.get(JAVA_FLOAT, 0) + (float) StrictMath.log(largestAndSum.get(JAVA_FLOAT, 4));
    }

    @Override
    public void exponentials(FloatMatrix in, int row, float largest, float factor, FloatMatrix out, int outRow) {
        same("output columns", out.columns(), in.columns());
        try {
            EXPONENTIALS.invokeExact(
                    exponentials, rowAddress(in, row), (long) in.columns(), largest, factor, rowAddress(out, outRow));
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    @Override
    public int argMax(FloatMatrix logits, int row) {
        try {
            return (int) (long)
                    INDEX_OF_LARGEST.invokeExact(indexOfLargest, rowAddress(logits, row), (long) logits.columns());
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    /// By which formats.h knows a format.
    private static int number(WeightFormat format) {
        return switch (format) {
            case F32 -> 0;
            case F16 -> 1;
            case BF16 -> 2;
            case Q8_0 -> 3;
            case Q4_0 -> 4;
            case Q4_1 -> 5;
            case Q5_0 -> 6;
            case Q5_1 -> 7;
            case Q2_K -> 8;
            case Q3_K -> 9;
            case Q4_K -> 10;
            case Q5_K -> 11;
            case Q6_K -> 12;
            case IQ4_NL -> 13;
            case IQ4_XS -> 14;
            case F8_E4M3 -> 15;
        };
    }

    /// By which rows.h knows a gate function.
    private static int number(GateFunction function) {
        return switch (function) {
            case SILU -> 0;
            case GELU_TANH -> 1;
        };
    }

    /// By which attention.h knows a format.
    private static int number(KvFormat format) {
        return switch (format) {
            case F32 -> 0;
            case F16 -> 1;
            case Q8 -> 2;
        };
    }

    private static long rowAddress(FloatMatrix matrix, int row) {
        return SystemMemory.address(matrix.segment()) + 4L * Objects.checkIndex(row, matrix.rows()) * matrix.stride();
    }

    private static void same(String what, int actual, int expected) {
        if (actual != expected) throw new IllegalArgumentException(what + " " + actual + ", must be " + expected);
    }

    private static AssertionError unexpected(Throwable thrown) {
        return new AssertionError("a native function threw", thrown);
    }

    @Override
    public void close() {
        input.close();
        rounded.close();
    }
}
