package dev.redoubt.kernels;

/// A task over rows, cut by rows. Its fields belong to the caller between calls.
abstract class OverRows implements ComputeThreads.Task {
    /// What is worth a part of its own, in elements of the cheapest operation, a norm: about 2 µs.
    private static final int PART_ELEMENTS = 1 << 14;

    private final ComputeThreads threads;
    private int rows;
    private int rowsPerPart;

    OverRows(ComputeThreads threads) {
        this.threads = threads;
    }

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
