package dev.redoubt.engine.model;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;

/// Where the weights of a model lie, tensor by tensor, and whether a bit of them has changed since they were loaded
/// (V6.2). A CRC-32C finds every change of one bit, and of up to 32 neighbouring ones (Castagnoli et al., 1993).
final class WeightMemory {
    /* What kernels compute of a weight hides its lowest bits: activations are rounded to eight bits before a product. So the log
     * probabilities of a text do not see each bit, and the sums do. They are of memory as this process arranged it: they say nothing
     * about another run. */
    private static final long PIECE_BYTES = 1 << 30; // what a buffer can hold

    /// @param bytes as kernels read them: packed, where the provider packs
    record Held(String tensor, MemorySegment bytes) {}

    private final List<Held> tensors = new ArrayList<>();
    private int[] sums = {}; // none before the first call

    void add(String tensor, MemorySegment bytes) {
        tensors.add(new Held(tensor, bytes));
    }

    /// All that is compared; a tensor that is more than one matrix is there more than once.
    List<Held> held() {
        return List.copyOf(tensors);
    }

    /// Compares with what the first call found. One caller at a time, and not while the model is being loaded.
    ///
    /// @return a tensor that has changed; empty if none has, and on the first call
    Optional<String> changed() {
        int[] now = tensors.stream().mapToInt(held -> sum(held.bytes())).toArray();
        if (sums.length == 0) sums = now;
        for (int i = 0; i < now.length; i++)
            if (sums[i] != now[i]) return Optional.of(tensors.get(i).tensor());
        return Optional.empty();
    }

    private static int sum(MemorySegment bytes) {
        CRC32C sum = new CRC32C();
        for (long at = 0; at < bytes.byteSize(); at += PIECE_BYTES)
            sum.update(bytes.asSlice(at, Math.min(PIECE_BYTES, bytes.byteSize() - at))
                    .asByteBuffer());
        return (int) sum.getValue();
    }
}
