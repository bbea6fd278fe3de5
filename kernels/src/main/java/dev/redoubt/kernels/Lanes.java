package dev.redoubt.kernels;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/// The vector shapes of this machine, and what every vector kernel needs.
///
/// The arithmetic knows 16 lanes (16 rows of a group, 16 partial sums, 16 tokens of a block). Where vectors have fewer, a kernel runs
/// once per part of the 16: lanes never meet before the tree, so the bits are the same. The compiler sees constants only.
final class Lanes {
    static final VectorSpecies<Float> FLOATS = floats();
    /// Lanes of a vector: 4, 8 or 16.
    static final int COUNT = FLOATS.length();
    static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, FLOATS.vectorShape());
    static final VectorSpecies<Short> SHORTS = VectorSpecies.of(short.class, FLOATS.vectorShape());
    /// As many shorts as there are float lanes.
    static final VectorSpecies<Short> HALVES =
            VectorSpecies.of(short.class, VectorShape.forBitSize(FLOATS.vectorBitSize() / 2));
    static final ByteOrder LITTLE = ByteOrder.LITTLE_ENDIAN;

    private Lanes() {}

    private static VectorSpecies<Float> floats() {
        int bits = Math.clamp(FloatVector.SPECIES_PREFERRED.vectorBitSize(), 128, 512);
        return VectorSpecies.of(float.class, VectorShape.forBitSize(Integer.highestOneBit(bits)));
    }

    static FloatVector load(MemorySegment segment, long offset) {
        return FloatVector.fromMemorySegment(FLOATS, segment, offset, LITTLE);
    }

    static void store(FloatVector vector, MemorySegment segment, long offset) {
        vector.intoMemorySegment(segment, offset, LITTLE);
    }

    static IntVector loadInts(MemorySegment segment, long offset) {
        return IntVector.fromMemorySegment(INTS, segment, offset, LITTLE);
    }

    /// As many f16 as there are lanes, widened exactly.
    static FloatVector loadF16(MemorySegment segment, long offset) {
        /* Sign to bit 31, exponent and fraction to where f32 has them (the sign's copies in between masked away), then times 2^112
         * for the difference of the exponents' biases, which also makes subnormals right. Exponent 31 (infinite, NaN) gets f32's. */
        IntVector wide = (IntVector) ShortVector.fromMemorySegment(HALVES, segment, offset, LITTLE)
                .convertShape(VectorOperators.S2I, INTS, 0);
        IntVector moved = wide.lanewise(VectorOperators.LSHL, 13).and(0x8FFFE000);
        IntVector scaled = moved.reinterpretAsFloats().mul(0x1p112f).reinterpretAsInts();
        IntVector special = moved.or(0x7F800000);
        return scaled.blend(special, moved.and(0x0F800000).eq(0x0F800000)).reinterpretAsFloats();
    }

    /// As many bf16 as there are lanes, widened exactly.
    static FloatVector loadBf16(MemorySegment segment, long offset) {
        IntVector wide = (IntVector) ShortVector.fromMemorySegment(HALVES, segment, offset, LITTLE)
                .convertShape(VectorOperators.S2I, INTS, 0);
        return wide.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
    }

    /// [Numbers#exp] of every lane.
    static FloatVector exp(FloatVector x) {
        FloatVector t = x.fma(broadcast(Numbers.LOG2_E), broadcast(Numbers.ROUND));
        FloatVector n = t.sub(Numbers.ROUND);
        FloatVector r = n.fma(broadcast(Numbers.MINUS_LN2_HIGH), x);
        r = n.fma(broadcast(Numbers.MINUS_LN2_LOW), r);
        FloatVector p = r.fma(broadcast(Numbers.P0), broadcast(Numbers.P1));
        p = p.fma(r, broadcast(Numbers.P2));
        p = p.fma(r, broadcast(Numbers.P3));
        p = p.fma(r, broadcast(Numbers.P4));
        p = p.fma(r, broadcast(Numbers.P5));
        p = p.fma(r.mul(r), r).add(1f);
        FloatVector power = t.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23).add(0x3F800000).reinterpretAsFloats();
        FloatVector y = p.mul(power);
        y = y.blend(Float.POSITIVE_INFINITY, x.compare(VectorOperators.GT, Numbers.EXP_MAX));
        return y.blend(0f, x.compare(VectorOperators.LT, Numbers.EXP_MIN));
    }

    static FloatVector broadcast(float value) {
        return FloatVector.broadcast(FLOATS, value);
    }
}
