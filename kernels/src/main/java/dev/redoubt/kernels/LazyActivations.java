package dev.redoubt.kernels;

import org.jspecify.annotations.Nullable;

/// Activations that take memory when quantized weights first ask for them: a model of float weights never does.
final class LazyActivations implements AutoCloseable {
    private final int rowsMax;
    private final int columnsMax;
    private @Nullable Activations activations; // made by the caller's thread, before any worker reads it

    LazyActivations(int rowsMax, int columnsMax) {
        this.rowsMax = rowsMax;
        this.columnsMax = columnsMax;
    }

    Activations get() {
        Activations present = activations;
        if (present == null) activations = present = new Activations(rowsMax, columnsMax);
        return present;
    }

    /// Of what they take, or would.
    long bytes() {
        return Activations.bytes(rowsMax, columnsMax);
    }

    @Override
    public void close() {
        Activations present = activations;
        if (present != null) present.close();
        activations = null;
    }
}
