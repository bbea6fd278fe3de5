package dev.redoubt.engine.model;

import dev.redoubt.kernels.Compute;
import dev.redoubt.kernels.FloatMatrix;
import dev.redoubt.kernels.WeightFormat;
import dev.redoubt.kernels.WeightMatrix;
import dev.redoubt.trust.Tensor;
import dev.redoubt.trust.VerifiedArtifact;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.Optional;

/// The declared tensors of an artifact, turned into what kernels read. Owns the memory of the weights, and the
/// artifact as long as a matrix reads from its files.
final class Weights implements AutoCloseable {
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort BITS16 =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final VerifiedArtifact artifact;
    private final Compute compute;
    private final Arena arena; // weights and activations: read by every compute thread
    private final Map<String, QuantizedMatrix> quantized; // by the name of the plain tensor
    private final String prefix; // of all names in the file
    private final ColumnOrders orders = new ColumnOrders();
    private final WeightMemory memory = new WeightMemory();
    private boolean sharesFile;

    /// @param artifact checked by [TensorCheck]
    /// @param quantized what the check found
    /// @param compute whose threads pack
    Weights(VerifiedArtifact artifact, Map<String, QuantizedMatrix> quantized, Compute compute) {
        this(artifact, "", quantized, compute);
    }

    /// As above, where all names in the file begin with `prefix`.
    Weights(VerifiedArtifact artifact, String prefix, Map<String, QuantizedMatrix> quantized, Compute compute) {
        this.artifact = artifact;
        this.prefix = prefix;
        this.quantized = quantized;
        this.compute = compute;
        this.arena = compute.newArena();
    }

    /// Memory that lives as long as the weights.
    Arena arena() {
        return arena;
    }

    /// What was asked for, and lies in memory.
    WeightMemory memory() {
        return memory;
    }

    WeightMatrix matrix(TensorRole role, int layer) {
        return optionalMatrix(role, layer).orElseThrow(() -> new IllegalStateException("undeclared tensor " + role));
    }

    Optional<WeightMatrix> optionalMatrix(TensorRole role, int layer) {
        String name = prefix + role.name(artifact.container(), layer);
        return quantized(name)
                .or(() -> tensor(role, layer)
                        .map(tensor ->
                                rows(tensor, 0, Math.toIntExact(tensor.shape().get(0)))));
    }

    /// Some of the rows of a plain matrix, as a matrix of their own.
    WeightMatrix rows(TensorRole role, int layer, int from, int count) {
        return rows(required(tensor(role, layer), role), from, count);
    }

    /// The matrix of one expert, be it stored alone or a part of a tensor.
    WeightMatrix ofExpert(TensorRole role, int layer, int expert) {
        String name = prefix + role.name(artifact.container(), layer, expert);
        return quantized(name).orElseGet(() -> {
            Tensor tensor = required(Optional.ofNullable(artifact.tensors().get(name)), role);
            if (tensor.shape().size() == 2)
                return rows(tensor, 0, Math.toIntExact(tensor.shape().get(0)));
            int rows = Math.toIntExact(tensor.shape().get(1));
            return rows(tensor, expert * rows, rows);
        });
    }

    private Optional<WeightMatrix> quantized(String name) {
        return Optional.ofNullable(quantized.get(name)).map(parts -> {
            WeightMatrix matrix = parts.scheme().load(parts, orders, compute, arena);
            compute.prepare(matrix);
            parts.unload(); // else a start would hold the file and the packed weights at once
            memory.add(name, matrix.memory());
            return matrix;
        });
    }

    private WeightMatrix rows(Tensor tensor, int from, int count) {
        WeightFormat format = TensorCheck.format(tensor);
        int columns = Math.toIntExact(tensor.shape().getLast());
        MemorySegment data = tensor.data().asSlice(from * format.bytes(1, columns), format.bytes(count, columns));
        WeightMatrix matrix = compute.weights(format, count, columns, data, arena);
        sharesFile |= matrix.sharesFile();
        memory.add(tensor.name(), matrix.memory());
        return matrix;
    }

    private static Tensor required(Optional<Tensor> tensor, TensorRole role) {
        return tensor.orElseThrow(() -> new IllegalStateException("undeclared tensor " + role));
    }

    /// (1, size), widened to f32.
    FloatMatrix vector(TensorRole role, int layer) {
        return optionalVector(role, layer).orElseThrow(() -> new IllegalStateException("undeclared tensor " + role));
    }

    Optional<FloatMatrix> optionalVector(TensorRole role, int layer) {
        return tensor(role, layer).map(tensor -> {
            int size = Math.toIntExact(tensor.shape().get(0));
            FloatMatrix result = FloatMatrix.allocate(1, size, arena);
            WeightFormat format = TensorCheck.format(tensor);
            for (int i = 0; i < size; i++) result.set(0, i, widen(format, tensor.data(), i));
            memory.add(tensor.name(), result.segment());
            return result;
        });
    }

    /// Everything was asked for: gives the files back unless a matrix reads from them.
    void loaded() {
        if (!sharesFile) artifact.close();
    }

    @Override
    public void close() {
        arena.close();
        if (sharesFile) artifact.close();
    }

    /// After a failed load: gives back what was taken and leaves the artifact to the caller.
    void abandon() {
        arena.close();
    }

    private Optional<Tensor> tensor(TensorRole role, int layer) {
        return Optional.ofNullable(artifact.tensors().get(prefix + role.name(artifact.container(), layer)));
    }

    private static float widen(WeightFormat format, MemorySegment data, long i) {
        return switch (format) {
            case F32 -> data.get(F32, 4 * i);
            case F16 -> Float.float16ToFloat(data.get(BITS16, 2 * i));
            case BF16 -> Float.intBitsToFloat(data.get(BITS16, 2 * i) << 16);
            default -> throw new IllegalStateException("a vector of " + format);
        };
    }
}
