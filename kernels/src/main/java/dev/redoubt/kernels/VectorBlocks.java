package dev.redoubt.kernels;

import static dev.redoubt.kernels.Lanes.COUNT;

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
        long outAt = Lanes.address(out.segment());
        long w = Lanes.address(weights.data());
        long groupBytes = (long) x.blocks() * R16.blockBytes(weights.format());
        for (int group = groupFrom; group < groupTo; group++) {
            for (int row = 0; row < rows; row++) {
                long to = outAt + 4L * ((long) row * out.stride() + (long) group * R16.ROWS);
                for (int part = 0; part < R16.ROWS; part += COUNT) {
                    FloatVector product = product(weights.format(), w + group * groupBytes, x, row, part);
                    if (add) product = Lanes.load(to + 4L * part).add(product);
                    Lanes.store(product, to + 4L * part);
                }
            }
        }
    }

    private static FloatVector product(WeightFormat format, long w, Activations x, int row, int part) {
        int blocks = x.blocks();
        int first = row * blocks;
        long scales = Lanes.address(x.scales) + 4L * first;
        long sums = Lanes.address(x.sums) + 4L * first;
        return switch (format) {
            case Q8_0 -> q8(w, blocks, part, x.pairs, scales, first);
            case Q4_0 -> q4(w, blocks, part, x.pairs, x.biases, scales, first);
            case Q4_1 -> q4WithMinima(w, blocks, part, x.pairs, x.biases, scales, sums, first);
            case F32, F16, BF16 -> throw new IllegalArgumentException("block kernel for " + format);
        };
    }

    private static FloatVector q8(long w, int blocks, int part, int[] pairs, long scales, int first) {
        FloatVector acc = Lanes.broadcast(0);
        for (int block = 0; block < blocks; block++) {
            long from = w + (long) block * 34 * R16.ROWS;
            IntVector isum = q8Sum(from + 32 + 4L * part, pairs, (first + block) * Activations.PAIRS);
            FloatVector scale = Lanes.loadF16(from + 2L * part).mul(Lanes.get(scales + 4L * block));
            acc = toFloat(isum).fma(scale, acc);
        }
        return acc;
    }

    private static IntVector q8Sum(long w, int[] pairs, int at) {
        IntVector all = IntVector.broadcast(Lanes.INTS, LOW_BIAS);
        IntVector high = IntVector.broadcast(Lanes.INTS, 0);
        IntVector flip = IntVector.broadcast(Lanes.INTS, 0x8000);
        for (int v = 0; v < 8; v++) {
            ShortVector four = Lanes.loadInts(w + (long) R16.VECTOR_BYTES * v).reinterpretAsShorts();
            ShortVector odd = four.lanewise(VectorOperators.ASHR, 8);
            ShortVector even = four.lanewise(VectorOperators.LSHL, 8).lanewise(VectorOperators.ASHR, 8);
            ShortVector sum = even.mul(pair(pairs[at + 2 * v])).add(odd.mul(pair(pairs[at + 2 * v + 1])));
            IntVector both = sum.reinterpretAsInts().lanewise(VectorOperators.XOR, flip);
            all = all.add(both);
            high = high.add(both.lanewise(VectorOperators.ASHR, 16));
        }
        return all.sub(high.lanewise(VectorOperators.LSHL, 16)).add(high);
    }

    private static FloatVector q4(long w, int blocks, int part, int[] pairs, int[] biases, long scales, int first) {
        FloatVector acc = Lanes.broadcast(0);
        for (int block = 0; block < blocks; block++) {
            long from = w + (long) block * 18 * R16.ROWS;
            int bias = biases[first + block];
            IntVector isum = q4Sum(from + 32 + 4L * part, pairs, (first + block) * Activations.PAIRS, bias);
            FloatVector scale = Lanes.loadF16(from + 2L * part).mul(Lanes.get(scales + 4L * block));
            acc = toFloat(isum).fma(scale, acc);
        }
        return acc;
    }

    private static FloatVector q4WithMinima(
            long w, int blocks, int part, int[] pairs, int[] biases, long scales, long sums, int first) {
        FloatVector acc = Lanes.broadcast(0);
        for (int block = 0; block < blocks; block++) {
            long from = w + (long) block * 20 * R16.ROWS;
            int bias = biases[first + block];
            IntVector isum = q4Sum(from + 64 + 4L * part, pairs, (first + block) * Activations.PAIRS, bias);
            float xScale = Lanes.get(scales + 4L * block);
            float xSum = Lanes.get(sums + 4L * block);
            FloatVector scale = Lanes.loadF16(from + 2L * part).mul(xScale);
            acc = toFloat(isum).add(8 * xSum).fma(scale, acc);
            FloatVector minimum = Lanes.loadF16(from + 32 + 2L * part).mul(xScale);
            acc = minimum.fma(Lanes.broadcast(xSum), acc);
        }
        return acc;
    }

    /// Σ (w-8)·x of one block.
    private static IntVector q4Sum(long w, int[] pairs, int at, int bias) {
        ShortVector sum = IntVector.broadcast(Lanes.INTS, bias).reinterpretAsShorts();
        IntVector nibble = IntVector.broadcast(Lanes.INTS, 0x000F000F);
        for (int v = 0; v < 4; v++) {
            IntVector eight = Lanes.loadInts(w + (long) R16.VECTOR_BYTES * v);
            int low = at + 2 * v;
            int high = low + 8;
            sum = sum.add(eight.and(nibble).reinterpretAsShorts().mul(pair(pairs[low])));
            IntVector next = eight.lanewise(VectorOperators.LSHR, 4).and(nibble);
            sum = sum.add(next.reinterpretAsShorts().mul(pair(pairs[high])));
            next = eight.lanewise(VectorOperators.LSHR, 8).and(nibble);
            sum = sum.add(next.reinterpretAsShorts().mul(pair(pairs[low + 1])));
            next = eight.lanewise(VectorOperators.LSHR, 12).and(nibble);
            sum = sum.add(next.reinterpretAsShorts().mul(pair(pairs[high + 1])));
        }
        IntVector halves = sum.reinterpretAsInts();
        return halves.lanewise(VectorOperators.LSHL, 16).add(halves).lanewise(VectorOperators.ASHR, 16);
    }

    private static ShortVector pair(int halves) {
        return IntVector.broadcast(Lanes.INTS, halves).reinterpretAsShorts();
    }

    private static FloatVector toFloat(IntVector exact) {
        return (FloatVector) exact.convert(VectorOperators.I2F, 0);
    }
}
