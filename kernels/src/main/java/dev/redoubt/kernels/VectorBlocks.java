package dev.redoubt.kernels;

import static dev.redoubt.kernels.Lanes.COUNT;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/// Vector kernels of quantized weights for few rows of input: lanes are the 16 rows of a group, weights are read once from memory and
/// multiplied as they are unpacked.
final class VectorBlocks {
    /* 16-bit halves. A 32-bit lane holds 4 consecutive k of one row; each multiply works on two of them, in the low and the high half,
     * against a broadcast pair of activations (Activations.pairs).
     *
     * Q4: the four nibble positions of both halves are masked out in int lanes and multiplied modulo 2^16; the sum over a block starts at
     * -8 · Σx (Activations.biases), so that each half ends as Σ(w-8)·x over 16 k, at most 16·8·127 = 16,256: it fits. Both halves
     * together fit as well (32,512): they are added in the upper 16 bits and shifted down. Q4_1 adds 8 · Σx again, exactly.
     *
     * Q8_0: a half holds w·x + w'·x', at most 2·128·127 = 32,512: it fits, a third product would not. Halves are summed in 32 bits: with
     * 2^15 flipped into it, the low half is unsigned and no borrow reaches the high half, so `all` += p and `high` += p >> 16 give
     * Σ high exactly and Σ low as all - (high << 16), less 8 · 2^15. */
    private static final int LOW_BIAS = -8 * (1 << 15);

    private VectorBlocks() {}

    static void matmul(
            WeightMatrix weights, int groupFrom, int groupTo, Activations x, int rows, FloatMatrix out, boolean add) {
        long groupBytes = (long) x.blocks() * R16.blockBytes(weights.format());
        for (int group = groupFrom; group < groupTo; group++) {
            for (int row = 0; row < rows; row++) {
                long to = 4L * ((long) row * out.stride() + (long) group * R16.ROWS);
                for (int part = 0; part < R16.ROWS; part += COUNT) {
                    FloatVector product = product(weights, group * groupBytes, x, row, part);
                    if (add) product = Lanes.load(out.segment(), to + 4L * part).add(product);
                    Lanes.store(product, out.segment(), to + 4L * part);
                }
            }
        }
    }

    private static FloatVector product(WeightMatrix weights, long at, Activations x, int row, int part) {
        long first = (long) row * x.blocks();
        return switch (weights.format()) {
            case Q8_0 -> q8(weights.data(), at, x.blocks(), part, x.pairs, x.scales, first);
            case Q4_0 -> q4(weights.data(), at, x.blocks(), part, x.pairs, x.biases, x.scales, first);
            case Q4_1 -> q4WithMinima(weights.data(), at, x.blocks(), part, x.pairs, x.biases, x.scales, x.sums, first);
            case F32, F16, BF16 -> throw new IllegalArgumentException("block kernel for " + weights.format());
        };
    }

    private static FloatVector q8(
            MemorySegment w, long at, int blocks, int part, MemorySegment pairs, MemorySegment scales, long first) {
        FloatVector acc = Lanes.broadcast(0);
        for (int block = 0; block < blocks; block++) {
            long from = at + (long) block * 34 * R16.ROWS;
            IntVector isum = q8Sum(w, from + 32 + 4L * part, pairs, (first + block) * Activations.PAIRS_BYTES);
            FloatVector scale = Lanes.loadF16(w, from + 2L * part).mul(scales.getAtIndex(ValueLayout.JAVA_FLOAT, first + block));
            acc = toFloat(isum).fma(scale, acc);
        }
        return acc;
    }

    private static IntVector q8Sum(MemorySegment w, long from, MemorySegment pairs, long pairsAt) {
        IntVector all = IntVector.broadcast(Lanes.INTS, LOW_BIAS);
        IntVector high = IntVector.broadcast(Lanes.INTS, 0);
        IntVector flip = IntVector.broadcast(Lanes.INTS, 0x8000);
        for (int v = 0; v < 8; v++) {
            ShortVector four = Lanes.loadInts(w, from + (long) R16.VECTOR_BYTES * v).reinterpretAsShorts();
            ShortVector odd = four.lanewise(VectorOperators.ASHR, 8);
            ShortVector even = four.lanewise(VectorOperators.LSHL, 8).lanewise(VectorOperators.ASHR, 8);
            ShortVector sum = even.mul(pair(pairs, pairsAt + 8L * v)).add(odd.mul(pair(pairs, pairsAt + 8L * v + 4)));
            IntVector both = sum.reinterpretAsInts().lanewise(VectorOperators.XOR, flip);
            all = all.add(both);
            high = high.add(both.lanewise(VectorOperators.ASHR, 16));
        }
        return all.sub(high.lanewise(VectorOperators.LSHL, 16)).add(high);
    }

    private static FloatVector q4(
            MemorySegment w,
            long at,
            int blocks,
            int part,
            MemorySegment pairs,
            MemorySegment biases,
            MemorySegment scales,
            long first) {
        FloatVector acc = Lanes.broadcast(0);
        for (int block = 0; block < blocks; block++) {
            long from = at + (long) block * 18 * R16.ROWS;
            int bias = biases.getAtIndex(ValueLayout.JAVA_INT, first + block);
            IntVector isum = q4Sum(w, from + 32 + 4L * part, pairs, (first + block) * Activations.PAIRS_BYTES, bias);
            FloatVector scale = Lanes.loadF16(w, from + 2L * part).mul(scales.getAtIndex(ValueLayout.JAVA_FLOAT, first + block));
            acc = toFloat(isum).fma(scale, acc);
        }
        return acc;
    }

    private static FloatVector q4WithMinima(
            MemorySegment w,
            long at,
            int blocks,
            int part,
            MemorySegment pairs,
            MemorySegment biases,
            MemorySegment scales,
            MemorySegment sums,
            long first) {
        FloatVector acc = Lanes.broadcast(0);
        for (int block = 0; block < blocks; block++) {
            long from = at + (long) block * 20 * R16.ROWS;
            int bias = biases.getAtIndex(ValueLayout.JAVA_INT, first + block);
            IntVector isum = q4Sum(w, from + 64 + 4L * part, pairs, (first + block) * Activations.PAIRS_BYTES, bias);
            float xScale = scales.getAtIndex(ValueLayout.JAVA_FLOAT, first + block);
            float xSum = sums.getAtIndex(ValueLayout.JAVA_FLOAT, first + block);
            FloatVector scale = Lanes.loadF16(w, from + 2L * part).mul(xScale);
            acc = toFloat(isum).add(8 * xSum).fma(scale, acc);
            FloatVector minimum = Lanes.loadF16(w, from + 32 + 2L * part).mul(xScale);
            acc = minimum.fma(Lanes.broadcast(xSum), acc);
        }
        return acc;
    }

    /// Σ (w-8)·x of one block.
    private static IntVector q4Sum(MemorySegment w, long from, MemorySegment pairs, long pairsAt, int bias) {
        ShortVector sum = IntVector.broadcast(Lanes.INTS, bias).reinterpretAsShorts();
        IntVector nibble = IntVector.broadcast(Lanes.INTS, 0x000F000F);
        for (int v = 0; v < 4; v++) {
            IntVector eight = Lanes.loadInts(w, from + (long) R16.VECTOR_BYTES * v);
            long low = pairsAt + 8L * v;
            long high = low + 32;
            sum = sum.add(eight.and(nibble).reinterpretAsShorts().mul(pair(pairs, low)));
            IntVector next = eight.lanewise(VectorOperators.LSHR, 4).and(nibble);
            sum = sum.add(next.reinterpretAsShorts().mul(pair(pairs, high)));
            next = eight.lanewise(VectorOperators.LSHR, 8).and(nibble);
            sum = sum.add(next.reinterpretAsShorts().mul(pair(pairs, low + 4)));
            next = eight.lanewise(VectorOperators.LSHR, 12).and(nibble);
            sum = sum.add(next.reinterpretAsShorts().mul(pair(pairs, high + 4)));
        }
        IntVector halves = sum.reinterpretAsInts();
        return halves.lanewise(VectorOperators.LSHL, 16).add(halves).lanewise(VectorOperators.ASHR, 16);
    }

    private static ShortVector pair(MemorySegment pairs, long at) {
        return IntVector.broadcast(Lanes.INTS, pairs.get(ValueLayout.JAVA_INT, at)).reinterpretAsShorts();
    }

    private static FloatVector toFloat(IntVector exact) {
        return (FloatVector) exact.convert(VectorOperators.I2F, 0);
    }
}
