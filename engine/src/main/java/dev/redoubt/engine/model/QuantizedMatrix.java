package dev.redoubt.engine.model;

import dev.redoubt.trust.Tensor;
import dev.redoubt.trust.TensorType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/// The tensors of one quantized matrix.
///
/// @param scheme how they are stored
/// @param module whose weights they are, such as `model.layers.0.mlp.up_proj`
/// @param rows out features
/// @param columns in features
/// @param parts by suffix; exactly those that the scheme asks for, of the shapes and types it asks for
record QuantizedMatrix(QuantizedScheme scheme, String module, int rows, int columns, Map<String, Tensor> parts) {
    /* A step of a scale is the smallest difference of two weights of a group. The largest that published models have is below 1; what is
     * above the limit would make weights beyond a thousand, and 448 times it still fits an f16. */
    static final float SCALE_MAX = 64;

    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    QuantizedMatrix {
        parts = Map.copyOf(parts);
    }

    private static final String SUFFIX = ".weight";

    /// The tensors of the matrix that would be called `name` if it were plain.
    ///
    /// @param declared gets the names of all tensors that the scheme asks for
    /// @param problems gets what is missing, or of another shape or type; the matrix is empty then
    static Optional<QuantizedMatrix> find(
            QuantizedScheme scheme,
            String name,
            List<Long> shape,
            Map<String, Tensor> tensors,
            Set<String> declared,
            List<String> problems) {
        String module = module(name);
        int before = problems.size();
        Map<String, Tensor> parts = new HashMap<>();
        for (QuantizedScheme.Part part : scheme.parts(module, shape.get(0), shape.get(1))) {
            String partName = module + "." + part.suffix();
            declared.add(partName);
            Tensor tensor = tensors.get(partName);
            if (tensor == null) problems.add("tensor '" + partName + "' is missing");
            else if (!part.types().contains(tensor.type()))
                problems.add("tensor '" + partName + "' has dtype " + tensor.type() + ", "
                        + scheme.method().word() + " asks for "
                        + part.types().stream().map(TensorType::name).sorted().collect(Collectors.joining(" or ")));
            else if (!tensor.shape().equals(part.shape()))
                problems.add("tensor '" + partName + "' has shape " + tensor.shape() + ", "
                        + scheme.method().word() + " asks for " + part.shape());
            else parts.put(part.suffix(), tensor);
        }
        if (problems.size() > before) return Optional.empty();
        return Optional.of(new QuantizedMatrix(
                scheme, module, Math.toIntExact(shape.get(0)), Math.toIntExact(shape.get(1)), parts));
    }

    static String module(String name) {
        return name.endsWith(SUFFIX) ? name.substring(0, name.length() - SUFFIX.length()) : name;
    }

    /// As the file stores them.
    long bytes() {
        return parts.values().stream().mapToLong(part -> part.data().byteSize()).sum();
    }

    Tensor part(String suffix) {
        return Objects.requireNonNull(parts.get(suffix), suffix);
    }

    MemorySegment data(String suffix) {
        return part(suffix).data();
    }

    /// Of a tensor of 32-bit words.
    int word(String suffix, long index) {
        return data(suffix).get(INT, 4 * index);
    }

    float scale(String suffix, long index) {
        Tensor tensor = part(suffix);
        return value(tensor.type(), tensor.data(), index);
    }

    /// A scale as blocks hold it.
    float half(String suffix, long index) {
        return Float.float16ToFloat(Float.floatToFloat16(scale(suffix, index)));
    }

    private static float value(TensorType type, MemorySegment data, long index) {
        return switch (type) {
            case F32 -> data.get(FLOAT, 4 * index);
            case F16 -> Float.float16ToFloat(data.get(SHORT, 2 * index));
            case BF16 -> Float.intBitsToFloat(data.get(SHORT, 2 * index) << 16);
            default -> throw new IllegalStateException("scales of " + type);
        };
    }

    /// @throws dev.redoubt.trust.ArtifactException V6.3, naming the first scale that is not finite, not
    ///     positive or absurd
    void checkScales(String suffix) {
        Tensor tensor = part(suffix);
        long count = tensor.data().byteSize() / tensor.type().blockBytes();
        for (long i = 0; i < count; i++) {
            float scale = value(tensor.type(), tensor.data(), i);
            if (!(scale > 0 && scale <= SCALE_MAX))
                throw QuantizedScheme.refusal("tensor '" + tensor.name() + "' has the scale " + scale + " at element "
                        + i + ", allowed is above 0, at most " + SCALE_MAX);
        }
    }

    /// Gives the pages of the file back to the system, which can read them again.
    void unload() {
        for (Tensor tensor : parts.values())
            if (tensor.data().isMapped()) tensor.data().unload();
    }
}
