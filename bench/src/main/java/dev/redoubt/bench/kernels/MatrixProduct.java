package dev.redoubt.bench.kernels;

import dev.redoubt.kernels.Compute;
import dev.redoubt.kernels.Compute.Projection;
import dev.redoubt.kernels.FloatMatrix;
import dev.redoubt.kernels.WeightFormat;
import dev.redoubt.kernels.WeightMatrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/// One product through the public operation, quantization of the input included. Parameters are set by [KernelBench].
@SuppressWarnings("NullAway.Init")
@State(Scope.Benchmark)
public class MatrixProduct {
    @Param("auto")
    public String provider;

    @Param("1")
    public int threads;

    @Param("1x64x64")
    public String shape;

    @Param("F32")
    public WeightFormat format;

    private Arena arena;
    private Compute compute;
    private FloatMatrix in;
    private Projection projection;
    private int rows;

    @Setup
    public void open() {
        Shape parsed = Shape.parse(shape);
        rows = parsed.rows();
        arena = Arena.ofShared();
        compute = Compute.open(provider, threads, rows, parsed.inputs());
        MemorySegment file = arena.allocate(format.bytes(parsed.outputs(), parsed.inputs()), 64);
        SplittableRandom random = new SplittableRandom(2);
        for (long at = 0; at + 4 <= file.byteSize(); at += 4)
            file.set(ValueLayout.JAVA_INT, at, weights(random.nextInt()));
        WeightMatrix weights = WeightMatrix.of(format, parsed.outputs(), parsed.inputs(), file, arena);
        in = FloatMatrix.allocate(rows, parsed.inputs(), arena);
        for (int r = 0; r < rows; r++)
            for (int c = 0; c < parsed.inputs(); c++) in.set(r, c, (float) random.nextDouble(-1, 1));
        projection = Projection.into(weights, FloatMatrix.allocate(rows, parsed.outputs(), arena));
    }

    /// Random bits made plausible: finite scales, and no bf16 so tiny that Java computes it one by one.
    private int weights(int bits) {
        return format == WeightFormat.BF16 ? bits & 0x807F807F | 0x3C003C00 : bits & 0x2FFF2FFF;
    }

    @Benchmark
    public void multiply() {
        compute.matmul(in, rows, projection);
    }

    @TearDown
    public void close() {
        compute.close();
        arena.close();
    }
}
