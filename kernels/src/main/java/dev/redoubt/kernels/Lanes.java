package dev.redoubt.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/// The vector shapes of this machine, and what every vector kernel needs.
///
/// The arithmetic knows 16 lanes (16 rows of a group, 16 partial sums, 16 tokens of a block). Where vectors
/// have fewer, a kernel runs once per part of the 16: lanes never meet before the tree, so the bits are the
/// same. The compiler sees constants only.
///
/// Kernels read and write at addresses ([SystemMemory#address] of a live segment plus an offset); what they
/// reach was checked against the segments' sizes when matrices were made and calls accepted.
final class Lanes {
    static final VectorSpecies<Float> FLOATS = floats();
    /// Lanes of a vector: 4, 8 or 16.
    static final int COUNT = FLOATS.length();
    static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, FLOATS.vectorShape());
    static final VectorSpecies<Short> SHORTS = VectorSpecies.of(short.class, FLOATS.vectorShape());
    /// As many shorts as there are float lanes.
    static final VectorSpecies<Short> HALVES =
            VectorSpecies.of(short.class, VectorShape.forBitSize(FLOATS.vectorBitSize() / 2));
    /// As many bytes as there are float lanes; with 4 lanes, for which there is no shape, twice as many.
    private static final VectorSpecies<Byte> QUARTERS =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, FLOATS.vectorBitSize() / 4)));
    /// Of 4 lanes: how far their bytes are from the top of an int.
    private static final int[] TO_TOP = {24, 16, 8, 0};

    private static final ByteOrder LITTLE = ByteOrder.LITTLE_ENDIAN;

    /* Why addresses. A load through a segment that the compiler does not know costs it a hundred nodes: class, lifetime and bounds
     * are looked up each time, and vectors' own fallbacks (which run until the compiler is done) use heap segments, so that the class is
     * never just one. A tile of 24 accumulators then passes the limit beyond which the compiler stops inlining, and every vector becomes
     * an object: 20 to 100 times slower. Through one constant segment over all memory a load is one instruction. */
    private static final MemorySegment MEMORY = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    private Lanes() {}

    private static VectorSpecies<Float> floats() {
        int bits = Math.clamp(FloatVector.SPECIES_PREFERRED.vectorBitSize(), 128, 512);
        return VectorSpecies.of(float.class, VectorShape.forBitSize(Integer.highestOneBit(bits)));
    }

    static float get(long address) {
        return MEMORY.get(ValueLayout.JAVA_FLOAT_UNALIGNED, address);
    }

    static void set(long address, float value) {
        MEMORY.set(ValueLayout.JAVA_FLOAT_UNALIGNED, address, value);
    }

    static FloatVector load(long address) {
        return FloatVector.fromMemorySegment(FLOATS, MEMORY, address, LITTLE);
    }

    static void store(FloatVector vector, long address) {
        vector.intoMemorySegment(MEMORY, address, LITTLE);
    }

    static ShortVector loadShorts(long address) {
        return ShortVector.fromMemorySegment(SHORTS, MEMORY, address, LITTLE);
    }

    static IntVector loadInts(long address) {
        return IntVector.fromMemorySegment(INTS, MEMORY, address, LITTLE);
    }

    static void storeInts(IntVector vector, long address) {
        vector.intoMemorySegment(MEMORY, address, LITTLE);
    }

    /// The lower halves of all lanes.
    static void storeHalves(IntVector vector, long address) {
        ((ShortVector) vector.convertShape(VectorOperators.I2S, HALVES, 0)).intoMemorySegment(MEMORY, address, LITTLE);
    }

    /// As many f16 as there are lanes, widened exactly. They must be finite, as the weights and scales of a
    /// verified artifact are: what is infinite or no number elsewhere costs more operations than the compiler
    /// inlines.
    static FloatVector loadF16(long address) {
        /* Sign to bit 31, exponent and fraction to where f32 has them (the sign's copies in between masked away), then times 2^112
         * for the difference of the exponents' biases, which also makes subnormals right. */
        IntVector moved = loadHalves(address).lanewise(VectorOperators.LSHL, 13).and(0x8FFFE000);
        return moved.reinterpretAsFloats().mul(0x1p112f);
    }

    /// As many E4M3 as there are lanes, widened exactly to 2^-8 of what they stand for: to the f16 of the same
    /// bits.
    static FloatVector loadE4m3(long address) {
        IntVector top = bytesAtTop(address);
        IntVector moved = top.lanewise(VectorOperators.LSHR, 4).and(0x07F00000).or(top.and(0x80000000));
        return moved.reinterpretAsFloats().mul(0x1p112f); // as in loadF16
    }

    /// As many bytes as there are lanes, each the highest of an integer; what is below it is anything.
    private static IntVector bytesAtTop(long address) {
        if (COUNT == 4) {
            IntVector four = IntVector.broadcast(INTS, MEMORY.get(ValueLayout.JAVA_INT_UNALIGNED, address));
            return four.lanewise(VectorOperators.LSHL, IntVector.fromArray(INTS, TO_TOP, 0));
        }
        return ((IntVector) ByteVector.fromMemorySegment(QUARTERS, MEMORY, address, LITTLE)
                        .convertShape(VectorOperators.B2I, INTS, 0))
                .lanewise(VectorOperators.LSHL, 24);
    }

    /// As many i16 as there are lanes, as floats.
    static FloatVector loadI16(long address) {
        return (FloatVector) loadHalves(address).convert(VectorOperators.I2F, 0);
    }

    /// As many i8 as there are lanes, as floats.
    static FloatVector loadI8(long address) {
        if (COUNT == 4) return (FloatVector) loadBytes(address).convert(VectorOperators.I2F, 0);
        return (FloatVector) ByteVector.fromMemorySegment(QUARTERS, MEMORY, address, LITTLE)
                .convertShape(VectorOperators.B2F, FLOATS, 0);
    }

    /// As many i8 as there are lanes.
    static IntVector loadBytes(long address) {
        if (COUNT == 4) {
            IntVector four = IntVector.broadcast(INTS, MEMORY.get(ValueLayout.JAVA_INT_UNALIGNED, address));
            IntVector top = four.lanewise(VectorOperators.LSHL, IntVector.fromArray(INTS, TO_TOP, 0));
            return top.lanewise(VectorOperators.ASHR, 24);
        }
        return (IntVector) ByteVector.fromMemorySegment(QUARTERS, MEMORY, address, LITTLE)
                .convertShape(VectorOperators.B2I, INTS, 0);
    }

    /// Sixteen bytes, each replaced by the entry of a table that it is the index of.
    static void look(ByteVector table, long address) {
        ByteVector.fromMemorySegment(ByteVector.SPECIES_128, MEMORY, address, LITTLE)
                .selectFrom(table)
                .intoMemorySegment(MEMORY, address, LITTLE);
    }

    private static IntVector loadHalves(long address) {
        return (IntVector) ShortVector.fromMemorySegment(HALVES, MEMORY, address, LITTLE)
                .convertShape(VectorOperators.S2I, INTS, 0);
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
        FloatVector power = t.reinterpretAsInts()
                .lanewise(VectorOperators.LSHL, 23)
                .add(0x3F800000)
                .reinterpretAsFloats();
        FloatVector y = p.mul(power);
        y = y.blend(Float.POSITIVE_INFINITY, x.compare(VectorOperators.GT, Numbers.EXP_MAX));
        return y.blend(0f, x.compare(VectorOperators.LT, Numbers.EXP_MIN));
    }

    /// [Numbers#softCap] of every lane.
    static FloatVector softCap(FloatVector x, float cap) {
        return broadcast(1).sub(broadcast(2).div(exp(x.mul(2 / cap)).add(1f))).mul(cap);
    }

    /// [Numbers#gelu] of every lane.
    static FloatVector gelu(FloatVector x) {
        FloatVector a = x.abs();
        FloatVector t = broadcast(1).div(a.fma(broadcast(Numbers.GELU_STEP), broadcast(1)));
        FloatVector p = t.fma(broadcast(Numbers.G7), broadcast(Numbers.G6));
        p = p.fma(t, broadcast(Numbers.G5));
        p = p.fma(t, broadcast(Numbers.G4));
        p = p.fma(t, broadcast(Numbers.G3));
        p = p.fma(t, broadcast(Numbers.G2));
        p = p.fma(t, broadcast(Numbers.G1));
        p = p.fma(t, broadcast(Numbers.G0));
        FloatVector tail = p.mul(t).mul(exp(a.mul(a).mul(-0.5f)));
        return a.neg().fma(tail, x.max(0f));
    }

    /// [Numbers#tree] of 16 floats in memory.
    static float tree(long partials) {
        float a0 = get(partials) + get(partials + 32);
        float a1 = get(partials + 4) + get(partials + 36);
        float a2 = get(partials + 8) + get(partials + 40);
        float a3 = get(partials + 12) + get(partials + 44);
        float a4 = get(partials + 16) + get(partials + 48);
        float a5 = get(partials + 20) + get(partials + 52);
        float a6 = get(partials + 24) + get(partials + 56);
        float a7 = get(partials + 28) + get(partials + 60);
        return ((a0 + a4) + (a2 + a6)) + ((a1 + a5) + (a3 + a7));
    }

    static FloatVector broadcast(float value) {
        return FloatVector.broadcast(FLOATS, value);
    }
}
