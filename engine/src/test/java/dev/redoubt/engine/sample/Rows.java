package dev.redoubt.engine.sample;

import dev.redoubt.kernels.FloatMatrix;
import java.lang.foreign.Arena;

/// Logits for tests.
final class Rows {
    private Rows() {}

    static FloatMatrix of(float[]... rows) {
        FloatMatrix result = FloatMatrix.allocate(rows.length, rows[0].length, Arena.ofAuto());
        for (int r = 0; r < rows.length; r++) for (int c = 0; c < rows[r].length; c++) result.set(r, c, rows[r][c]);
        return result;
    }
}
