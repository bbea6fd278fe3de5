package dev.redoubt.kernels;

import dev.redoubt.kernels.Compute.Projection;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Products of one input, cut by groups of weight rows, one projection after the other. Parts get smaller
/// towards the end, so that few are handed out and yet all threads end at about the same time.
@SuppressWarnings("NullAway.Init")
final class ProductTask implements ComputeThreads.Task {
    /// Multiply-adds that are worth a part of their own.
    private static final long PART_WORK = 1 << 17;
    /// A part is what is left, divided by that many for each thread.
    private static final int PARTS_LEFT = 2;

    private final ComputeThreads threads;
    private final Kernels kernels;
    private final Scratch[] scratch;
    private FloatMatrix in;
    private int rows;
    private Projection[] projections;
    private int parts;
    private int[] projectionOf = new int[64]; // by part
    private int[] groupFrom = new int[64]; // by part
    private int[] groupTo = new int[64]; // by part

    ProductTask(ComputeThreads threads, Kernels kernels, Scratch[] scratch) {
        this.threads = threads;
        this.kernels = kernels;
        this.scratch = scratch;
    }

    /// Those of the projections whose weights have one order of columns.
    ///
    /// @param in quantized or rounded already, where the weights ask for it
    void run(FloatMatrix in, int rows, @Nullable ColumnOrder order, Projection[] projections) {
        this.in = in;
        this.rows = rows;
        this.projections = projections;
        cut(order);
        threads.run(parts, this);
    }

    private void cut(@Nullable ColumnOrder order) {
        long workOfGroup = (long) R16.ROWS * in.columns() * rows;
        int atOnce = kernels.groupsAtOnce();
        int least = roundUp(Math.toIntExact((PART_WORK + workOfGroup - 1) / workOfGroup), atOnce);
        int left = 0;
        for (Projection projection : projections)
            if (projection.weights().order() == order)
                left += R16.groups(projection.weights().rows());
        if (threads.threads() == 1) least = left;
        parts = 0;
        for (int i = 0; i < projections.length; i++) {
            if (projections[i].weights().order() != order) continue;
            int groups = R16.groups(projections[i].weights().rows());
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
                projection.weights(),
                groupFrom[part],
                groupTo[part],
                in,
                rows,
                projection.out(),
                projection.add(),
                scratch[worker]);
    }
}
