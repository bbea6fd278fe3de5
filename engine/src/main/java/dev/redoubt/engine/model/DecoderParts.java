package dev.redoubt.engine.model;

import dev.redoubt.kernels.Compute;
import dev.redoubt.kernels.FloatMatrix;
import java.lang.foreign.Arena;

/// What all layers of a decoder share: the kernels, the sizes, and the activations of a step, allocated once.
///
/// @param x (rows, hidden): the residual stream
/// @param normed (rows, hidden): a block's input
/// @param inner (rows, hidden): what a block adds, before it is normed
record DecoderParts(
        Compute compute,
        ModelConfig config,
        Arena arena,
        int rowsMax,
        FloatMatrix x,
        FloatMatrix normed,
        FloatMatrix inner) {
    static DecoderParts allocate(Compute compute, ModelConfig config, int rowsMax, Arena arena) {
        return new DecoderParts(
                compute,
                config,
                arena,
                rowsMax,
                FloatMatrix.allocate(rowsMax, config.hiddenSize(), arena),
                FloatMatrix.allocate(rowsMax, config.hiddenSize(), arena),
                FloatMatrix.allocate(rowsMax, config.hiddenSize(), arena));
    }

    /// (rows, columns), all zero.
    FloatMatrix activations(int columns) {
        return FloatMatrix.allocate(rowsMax, columns, arena);
    }
}
