package dev.redoubt.kernels;

import static dev.redoubt.kernels.Lanes.COUNT;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/// Vector kernels of quantized weights for few rows of input: lanes are the 16 rows of a group, weights are
/// read once from memory and multiplied as they are unpacked.
final class VectorBlocks {
    /* 16-bit halves. A 32-bit lane holds 4 consecutive k of one row; each multiply works on two of them, in the low and the high half,
     * against a repeated pair of activations (Activations.pairs).
     *
     * Q4: the four nibble positions of both halves are masked out and multiplied modulo 2^16; the sum over a block starts at
     * -8 · Σx (Activations.biases), so that each half ends as Σ(w-8)·x over 16 k, at most 16·8·127 = 16,256: it fits. Both halves
     * together fit as well (32,512): they are added in the upper 16 bits and shifted down. Q4_1 adds 8 · Σx again, exactly.
     *
     * Q8_0: a half holds w·x + w'·x', at most 2·128·127 = 32,512: it fits, a third product would not. Halves are summed in 32 bits: with
     * 2^15 flipped into it, the low half is unsigned and no borrow reaches the high half, so `all` += p and `high` += p >> 16 give
     * Σ high exactly and Σ low as all - (high << 16), less 8 · 2^15.
     *
     * The zero point of the activations comes in afterwards: Σ w·t = Σ w·q + zero · Σ w, exact in floats as all of it is below 2^24.
     *
     * Two passes over a group, so that each loop body is short enough for the compiler to inline all of it: first the exact sums of all
     * blocks, as floats, into scratch [blocks][16]; then the scales, in the order of blocks. */
    private static final int LOW_BIAS = -8 * (1 << 15);

    private VectorBlocks() {}

    static void matmul(
            WeightMatrix weights,
            int groupFrom,
            int groupTo,
            Activations x,
            int rows,
            FloatMatrix out,
            boolean add,
            Scratch scratch) {
        WeightFormat format = weights.format();
        long outAt = SystemMemory.address(out.segment());
        long w = SystemMemory.address(weights.data());
        long sums = SystemMemory.address(scratch.floats((long) x.blocks() * R16.ROWS));
        long groupBytes = (long) x.blocks() * R16.blockBytes(format);
        for (int group = groupFrom; group < groupTo; group++) {
            for (int row = 0; row < rows; row++) {
                long to = outAt + 4L * ((long) row * out.stride() + (long) group * R16.ROWS);
                for (int part = 0; part < R16.ROWS; part += COUNT) {
                    sumBlocks(format, w + group * groupBytes, x, row, part, sums);
                    scaleBlocks(format, w + group * groupBytes + 2L * part, x, row, sums, to + 4L * part, add);
                }
            }
        }
    }

    private static void sumBlocks(WeightFormat format, long w, Activations x, int row, int part, long sums) {
        int blocks = x.blocks();
        int first = row * blocks;
        long quants = w + R16.headerBytes(format) + 4L * part;
        if (format == WeightFormat.Q8_0)
            q8(quants, R16.blockBytes(format), blocks, x.pairs, first * Activations.PAIRS, sums);
        else q4(quants, R16.blockBytes(format), blocks, x.pairs, first * Activations.PAIRS, x.biases, first, sums);
    }

    private static void q8(long w, int blockBytes, int blocks, short[] pairs, int at, long sums) {
        for (int block = 0; block < blocks; block++) {
            IntVector all = IntVector.broadcast(Lanes.INTS, LOW_BIAS);
            IntVector high = IntVector.broadcast(Lanes.INTS, 0);
            IntVector flip = IntVector.broadcast(Lanes.INTS, 0x8000);
            for (int v = 0; v < 8; v++) {
                ShortVector four = Lanes.loadShorts(w + (long) R16.VECTOR_BYTES * v);
                ShortVector odd = four.lanewise(VectorOperators.ASHR, 8);
                ShortVector even = four.lanewise(VectorOperators.LSHL, 8).lanewise(VectorOperators.ASHR, 8);
                ShortVector sum = even.mul(pair(pairs, at, 2 * v)).add(odd.mul(pair(pairs, at, 2 * v + 1)));
                IntVector both = sum.reinterpretAsInts().lanewise(VectorOperators.XOR, flip);
                all = all.add(both);
                high = high.add(both.lanewise(VectorOperators.ASHR, 16));
            }
            store(all.sub(high.lanewise(VectorOperators.LSHL, 16)).add(high), sums + 4L * block * COUNT);
            w += blockBytes;
            at += Activations.PAIRS;
        }
    }

    /// Σ (w-8)·x of each block.
    private static void q4(
            long w, int blockBytes, int blocks, short[] pairs, int at, int[] biases, int first, long sums) {
        ShortVector nibble = ShortVector.broadcast(Lanes.SHORTS, 15);
        for (int block = 0; block < blocks; block++) {
            ShortVector sum =
                    IntVector.broadcast(Lanes.INTS, biases[first + block]).reinterpretAsShorts();
            for (int v = 0;
                    v < 4;
                    v += 2) { // two rounds: the compiler unrolls these, and inlines no longer body than this
                sum = q4Step(sum, nibble, w + (long) R16.VECTOR_BYTES * v, pairs, at, 2 * v);
                sum = q4Step(sum, nibble, w + (long) R16.VECTOR_BYTES * (v + 1), pairs, at, 2 * v + 2);
            }
            IntVector halves = sum.reinterpretAsInts();
            IntVector both = halves.lanewise(VectorOperators.LSHL, 16).add(halves);
            store(both.lanewise(VectorOperators.ASHR, 16), sums + 4L * block * COUNT);
            w += blockBytes;
            at += Activations.PAIRS;
        }
    }

    /// One vector: 16 rows × 4 bytes, k and k + 16 in each.
    private static ShortVector q4Step(ShortVector sum, ShortVector nibble, long w, short[] pairs, int at, int pair) {
        ShortVector eight = Lanes.loadShorts(w);
        ShortVector one = eight.and(nibble).mul(pair(pairs, at, pair));
        ShortVector two = eight.lanewise(VectorOperators.LSHR, 4).and(nibble).mul(pair(pairs, at, pair + 8));
        ShortVector three = eight.lanewise(VectorOperators.LSHR, 8).and(nibble).mul(pair(pairs, at, pair + 1));
        ShortVector four = eight.lanewise(VectorOperators.LSHR, 12).mul(pair(pairs, at, pair + 9));
        return sum.add(one.add(two)).add(three.add(four));
    }

    private static ShortVector pair(short[] pairs, int at, int index) {
        return ShortVector.fromArray(Lanes.SHORTS, pairs, at + index * Activations.PAIR);
    }

    private static void store(IntVector exact, long address) {
        Lanes.store((FloatVector) exact.convert(VectorOperators.I2F, 0), address);
    }

    private static void scaleBlocks(
            WeightFormat format, long w, Activations x, int row, long sums, long to, boolean add) {
        int blocks = x.blocks();
        int blockBytes = R16.blockBytes(format);
        long first = 4L * row * blocks;
        withZeros(w + R16.sumsOffset(format), blockBytes, blocks, sums, SystemMemory.address(x.zeros) + first);
        long scales = SystemMemory.address(x.scales) + first;
        FloatVector product = format == WeightFormat.Q4_1
                ? scaledWithMinima(w, blockBytes, blocks, sums, scales, x, row)
                : scaled(w, blockBytes, blocks, sums, scales);
        Lanes.store(add ? Lanes.load(to).add(product) : product, to);
    }

    /// Adds zero · Σ w to the sum of each block.
    private static void withZeros(long weightSums, int blockBytes, int blocks, long sums, long zeros) {
        for (int block = 0; block < blocks; block++) {
            long at = sums + 4L * block * COUNT;
            FloatVector zero = Lanes.broadcast(Lanes.get(zeros + 4L * block));
            Lanes.store(Lanes.loadI16(weightSums + (long) block * blockBytes).fma(zero, Lanes.load(at)), at);
        }
    }

    private static FloatVector scaled(long w, int blockBytes, int blocks, long sums, long scales) {
        FloatVector acc = Lanes.broadcast(0);
        for (int block = 0; block < blocks; block++) {
            FloatVector scale = Lanes.loadF16(w + (long) block * blockBytes).mul(Lanes.get(scales + 4L * block));
            acc = Lanes.load(sums + 4L * block * COUNT).fma(scale, acc);
        }
        return acc;
    }

    private static FloatVector scaledWithMinima(
            long w, int blockBytes, int blocks, long sums, long scales, Activations x, int row) {
        FloatVector acc = Lanes.broadcast(0);
        for (int block = 0; block < blocks; block++) {
            float xScale = Lanes.get(scales + 4L * block);
            float xSum = x.sum(row, block);
            float eight = 8 * (xSum - R16.BLOCK * x.zero(row, block)); // q4 took 8 · Σ q away
            long from = w + (long) block * blockBytes;
            FloatVector scale = Lanes.loadF16(from).mul(xScale);
            acc = Lanes.load(sums + 4L * block * COUNT).add(eight).fma(scale, acc);
            acc = Lanes.loadF16(from + 2 * R16.ROWS).fma(Lanes.broadcast(xScale * xSum), acc);
        }
        return acc;
    }
}
