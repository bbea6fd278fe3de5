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
     * The other formats are unpacked to the bytes of Q8_0 first, once for all rows.
     *
     * Passes over a group, so that each loop body is short enough for the compiler to inline all of it: scales, minima and Σ w as floats;
     * for each row the exact sums of all blocks (or halves of blocks) as floats; then the scales are applied, in the order of blocks.
     * Scratch, with n blocks or halves: sums [n][lanes], scales, minima and Σ w [n][16], codes [blocks][512 bytes]. */
    private static final int LOW_BIAS = -(1 << 15);
    private static final int SCALE_STEP = 4 * R16.ROWS;

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
        long groupBytes = R16.groupBytes(format, x.columns());
        int scales = x.blocks() * R16.scales(format);
        long floats = 4L * scales * R16.ROWS;
        long own = SystemMemory.address(scratch.floats(floats + (long) x.blocks() * VectorCodes.BLOCK_BYTES / 4));
        long codes = own + 4 * floats;
        for (int group = groupFrom; group < groupTo; group++) {
            long w = SystemMemory.address(weights.data()) + group * groupBytes;
            unpack(format, w, x.blocks(), own + (long) SCALE_STEP * scales, codes);
            for (int row = 0; row < rows; row++) {
                long to = outAt + 4L * ((long) row * out.stride() + (long) group * R16.ROWS);
                for (int part = 0; part < R16.ROWS; part += COUNT) {
                    sumBlocks(format, w, codes, x, row, part, own);
                    addZeros(format, x, row, part, own);
                    scale(format, own, part, x, row, to + 4L * part, add);
                }
            }
        }
    }

    private static void unpack(WeightFormat format, long w, int blocks, long scales, long codes) {
        VectorCodes.scales(format, w, 0, blocks, scales, SCALE_STEP);
        long minima = scales + (long) SCALE_STEP * blocks * R16.scales(format);
        if (format.hasMinimum()) VectorCodes.minima(format, w, 0, blocks, minima, SCALE_STEP);
        weightSums(format, w, blocks, minima + (long) SCALE_STEP * blocks * R16.scales(format));
        if (inPlace(format)) return;
        for (int block = 0; block < blocks; block++)
            VectorCodes.unpack(
                    format,
                    w + VectorCodes.blockOffset(format, block) + R16.codesOffset(format),
                    codes + (long) VectorCodes.BLOCK_BYTES * block);
    }

    /// Whether codes are multiplied as they are unpacked.
    private static boolean inPlace(WeightFormat format) {
        return format == WeightFormat.Q8_0 || format == WeightFormat.Q4_0 || format == WeightFormat.Q4_1;
    }

    private static void sumBlocks(
            WeightFormat format, long w, long codes, Activations x, int row, int part, long sums) {
        int blocks = x.blocks();
        int first = row * blocks;
        int pairs = first * Activations.PAIRS;
        long quants = w + R16.inSpan(format, 0) + R16.codesOffset(format) + 4L * part;
        if (format == WeightFormat.Q8_0) q8(quants, R16.spanBytes(format), blocks, 8, x.pairs, pairs, sums);
        else if (inPlace(format)) q4(quants, R16.spanBytes(format), blocks, x.pairs, pairs, x.biases, first, sums);
        else if (R16.scales(format) == 1)
            q8(codes + 4L * part, VectorCodes.BLOCK_BYTES, blocks, 8, x.pairs, pairs, sums);
        else q8(codes + 4L * part, VectorCodes.BLOCK_BYTES / 2, 2 * blocks, 4, x.pairs, pairs, sums);
    }

    /// Σ w·x over `words` vectors, `count` times.
    private static void q8(long w, int step, int count, int words, short[] pairs, int at, long sums) {
        for (int i = 0; i < count; i++) {
            IntVector all = IntVector.broadcast(Lanes.INTS, words * LOW_BIAS);
            IntVector high = IntVector.broadcast(Lanes.INTS, 0);
            IntVector flip = IntVector.broadcast(Lanes.INTS, 0x8000);
            for (int v = 0; v < words; v++) {
                ShortVector four = Lanes.loadShorts(w + (long) R16.VECTOR_BYTES * v);
                ShortVector odd = four.lanewise(VectorOperators.ASHR, 8);
                ShortVector even = four.lanewise(VectorOperators.LSHL, 8).lanewise(VectorOperators.ASHR, 8);
                ShortVector sum = even.mul(pair(pairs, at, 2 * v)).add(odd.mul(pair(pairs, at, 2 * v + 1)));
                IntVector both = sum.reinterpretAsInts().lanewise(VectorOperators.XOR, flip);
                all = all.add(both);
                high = high.add(both.lanewise(VectorOperators.ASHR, 16));
            }
            store(all.sub(high.lanewise(VectorOperators.LSHL, 16)).add(high), sums + 4L * i * COUNT);
            w += step;
            at += 2 * words * Activations.PAIR;
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

    /// Σ w of each block or half, of 16 rows.
    private static void weightSums(WeightFormat format, long w, int blocks, long to) {
        int scales = R16.scales(format);
        int bytes = R16.sumBytes(format);
        for (int i = 0; i < blocks * scales; i++) {
            long from = w + VectorCodes.blockOffset(format, i / scales) + R16.sumsOffset(format);
            for (int part = 0; part < R16.ROWS; part += COUNT) {
                long own = from + (long) bytes * (R16.ROWS * (i % scales) + part);
                long at = to + (long) SCALE_STEP * i + 4L * part;
                if (bytes == 0) store(sumOfBytes(from + 4L * part), at);
                else Lanes.store(bytes == 1 ? Lanes.loadI8(own) : Lanes.loadI16(own), at);
            }
        }
    }

    /// Halves of a lane take sixteen bytes each, which fit.
    private static IntVector sumOfBytes(long codes) {
        ShortVector sum = ShortVector.broadcast(Lanes.SHORTS, 0);
        for (int v = 0; v < 8; v++) {
            ShortVector four = Lanes.loadShorts(codes + (long) R16.VECTOR_BYTES * v);
            ShortVector even = four.lanewise(VectorOperators.LSHL, 8).lanewise(VectorOperators.ASHR, 8);
            sum = sum.add(even).add(four.lanewise(VectorOperators.ASHR, 8));
        }
        IntVector halves = sum.reinterpretAsInts();
        return halves.lanewise(VectorOperators.LSHL, 16)
                .lanewise(VectorOperators.ASHR, 16)
                .add(halves.lanewise(VectorOperators.ASHR, 16));
    }

    /// Adds zero · Σ w to the sum of each block or half.
    private static void addZeros(WeightFormat format, Activations x, int row, int part, long sums) {
        int scales = R16.scales(format);
        long weightSums = sums + 3L * SCALE_STEP * x.blocks() * scales + 4L * part;
        for (int i = 0; i < x.blocks() * scales; i++) {
            int block = i / scales;
            FloatVector sum = Lanes.load(weightSums + (long) SCALE_STEP * i);
            float zero = x.zero(row, block);
            FloatVector exact = Lanes.load(sums + 4L * i * COUNT);
            if (format == WeightFormat.Q4_1) // q4 took 8 · Σ q away
            exact = exact.add(8 * (x.sum(row, block) - R16.BLOCK * zero));
            Lanes.store(sum.fma(Lanes.broadcast(zero), exact), sums + 4L * i * COUNT);
        }
    }

    private static void scale(WeightFormat format, long sums, int part, Activations x, int row, long to, boolean add) {
        int count = x.blocks() * R16.scales(format);
        long scales = sums + (long) SCALE_STEP * count + 4L * part;
        FloatVector product = format.hasMinimum()
                ? scaledWithMinima(format, count, sums, scales, x, row)
                : scaled(R16.scales(format), count, sums, scales, x, row);
        Lanes.store(add ? Lanes.load(to).add(product) : product, to);
    }

    private static FloatVector scaled(int inBlock, int count, long sums, long scales, Activations x, int row) {
        FloatVector acc = Lanes.broadcast(0);
        for (int i = 0; i < count; i++) {
            FloatVector scale = Lanes.load(scales + (long) SCALE_STEP * i).mul(x.scale(row, i / inBlock));
            acc = Lanes.load(sums + 4L * i * COUNT).fma(scale, acc);
        }
        return acc;
    }

    private static FloatVector scaledWithMinima(
            WeightFormat format, int count, long sums, long scales, Activations x, int row) {
        FloatVector acc = Lanes.broadcast(0);
        int inBlock = R16.scales(format);
        long minima = scales + (long) SCALE_STEP * count;
        for (int i = 0; i < count; i++) {
            float xScale = x.scale(row, i / inBlock);
            float xSum = inBlock == 1 ? x.sum(row, i) : x.sum(row, i * format.scaledWeights(), format.scaledWeights());
            FloatVector scale = Lanes.load(scales + (long) SCALE_STEP * i).mul(xScale);
            acc = Lanes.load(sums + 4L * i * COUNT).fma(scale, acc);
            acc = Lanes.load(minima + (long) SCALE_STEP * i).fma(Lanes.broadcast(xScale * xSum), acc);
        }
        return acc;
    }
}
