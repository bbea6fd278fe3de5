package dev.redoubt.engine.model;

import dev.redoubt.kernels.FloatMatrix;

/// How the last states of a text's tokens become one vector.
///
/// @param unitLength whether the vector is divided by its Euclidean length
public record Pooling(Mode mode, boolean unitLength) {
    /* In f64, in order of the rows, and rounded to f32 once at the end: what little there is to sum costs nothing beside the layers, and
     * no provider of kernels has a part in it. */

    /// Which states count.
    public enum Mode {
        /// That of the first token.
        FIRST,
        /// The mean of all.
        MEAN
    }

    /// @param states (tokens, hidden)
    /// @param firstRow of the text
    /// @param rows of the text
    /// @param dimensions how many of the vector's first numbers are wanted
    public float[] vector(FloatMatrix states, int firstRow, int rows, int dimensions) {
        int counted = mode == Mode.FIRST ? 1 : rows;
        double[] sum = new double[dimensions];
        for (int row = firstRow; row < firstRow + counted; row++)
            for (int i = 0; i < dimensions; i++) sum[i] += states.get(row, i);
        double squares = 0;
        for (int i = 0; i < dimensions; i++) {
            sum[i] /= counted;
            squares += sum[i] * sum[i];
        }
        double length = unitLength && squares > 0 ? Math.sqrt(squares) : 1;
        float[] vector = new float[dimensions];
        for (int i = 0; i < dimensions; i++) vector[i] = (float) (sum[i] / length);
        return vector;
    }
}
