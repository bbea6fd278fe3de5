package dev.redoubt.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;

/// Operations over single rows that cost too little to differ between providers.
final class RowOperations {
    private RowOperations() {}

    /// Rotates the heads of one row: (a, b) becomes (fma(a, cos, -(b·sin)), fma(a, sin, b·cos)).
    static void rotate(FloatMatrix x, int row, int heads, RopeTable table, int position) {
        int half = table.cos().columns();
        long angles = 4L
                * Objects.checkIndex(position, table.cos().rows())
                * table.cos().stride();
        int pairStep = table.interleaved() ? 2 : 1;
        int partner = table.interleaved() ? 1 : half;
        for (int head = 0; head < heads; head++) {
            long at = 4L * ((long) row * x.stride() + 2L * head * half);
            rotateHead(x.segment(), at, half, table.cos().segment(), table.sin().segment(), angles, pairStep, partner);
        }
    }

    /// x = x · factor.
    static void scale(FloatMatrix x, int row, float factor) {
        for (int column = 0; column < x.columns(); column++) x.set(row, column, x.get(row, column) * factor);
    }

    private static void rotateHead(
            MemorySegment x,
            long at,
            int half,
            MemorySegment cosines,
            MemorySegment sines,
            long angles,
            int pairStep,
            int partner) {
        for (int j = 0; j < half; j++) {
            float cos = cosines.get(ValueLayout.JAVA_FLOAT, angles + 4L * j);
            float sin = sines.get(ValueLayout.JAVA_FLOAT, angles + 4L * j);
            long first = at + 4L * j * pairStep;
            long second = first + 4L * partner;
            float a = x.get(ValueLayout.JAVA_FLOAT, first);
            float b = x.get(ValueLayout.JAVA_FLOAT, second);
            x.set(ValueLayout.JAVA_FLOAT, first, Math.fma(a, cos, -(b * sin)));
            x.set(ValueLayout.JAVA_FLOAT, second, Math.fma(a, sin, b * cos));
        }
    }
}
