package dev.redoubt.engine.model;

import dev.redoubt.testkit.TinySafetensors;
import dev.redoubt.testkit.WeightKind;
import dev.redoubt.trust.ModelPath;
import dev.redoubt.trust.Tensor;
import dev.redoubt.trust.VerifiedArtifact;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The float32 weights of a quantized checkpoint, by the formulas of its format and without a look at the
/// product's readers: one weight at a time.
final class ReferenceWeights {
    private static final int[] AWQ_ORDER = {0, 2, 4, 6, 1, 3, 5, 7}; // output of each nibble

    private final Map<String, Tensor> tensors;
    private final int bits; // of GPTQ
    private final boolean secondVersion; // of GPTQ

    /// @param config the text of `config.json`
    ReferenceWeights(Map<String, Tensor> tensors, String config) {
        this.tensors = tensors;
        String dense = config.replaceAll("\\s", "");
        this.bits = dense.contains("\"bits\":8") ? 8 : 4;
        this.secondVersion = dense.contains("gptq_v2");
    }

    /// Writes the same model in float32.
    static Path twin(Path checkpoint, Path folder) throws IOException {
        Files.createDirectories(folder);
        String text = Files.readString(checkpoint.resolve("config.json"));
        TinySafetensors file = new TinySafetensors();
        try (VerifiedArtifact artifact = ModelPath.open(checkpoint)) {
            var reference = new ReferenceWeights(artifact.tensors(), text);
            for (String name : artifact.tensors().keySet()) {
                Tensor tensor = reference.tensor(name);
                String module = name.substring(0, name.lastIndexOf('.'));
                if (reference.plain(module)) {
                    long[] shape =
                            tensor.shape().stream().mapToLong(each -> each).toArray();
                    file.tensor(name, WeightKind.F32, WeightKind.F32.encode(reference.values(name)), shape);
                } else if (name.endsWith("weight_scale") || name.endsWith(".scales")) {
                    Matrix matrix = reference.matrix(module);
                    float[] weights = new float[matrix.out * matrix.in];
                    for (int o = 0; o < matrix.out; o++)
                        for (int i = 0; i < matrix.in; i++) weights[o * matrix.in + i] = matrix.weight(o, i);
                    file.tensor(
                            module + ".weight", WeightKind.F32, WeightKind.F32.encode(weights), matrix.out, matrix.in);
                }
            }
        }
        Files.write(folder.resolve("model.safetensors"), file.bytes());
        Files.writeString(folder.resolve("config.json"), withoutDeclaration(text));
        return folder;
    }

    private static String withoutDeclaration(String config) {
        int start = config.indexOf("\"quantization_config\"");
        int end = config.indexOf('{', start) + 1;
        for (int depth = 1; depth > 0; end++) {
            if (config.charAt(end) == '{') depth++;
            if (config.charAt(end) == '}') depth--;
        }
        return config.substring(0, start) + "\"was_quantized\":true" + config.substring(end);
    }

    boolean plain(String module) {
        return !tensors.containsKey(module + ".scales") && !tensors.containsKey(module + ".weight_scale");
    }

    /// w[o][i] of the matrix of one module.
    Matrix matrix(String module) {
        return new Matrix(module);
    }

    /// One quantized matrix, out × in.
    final class Matrix {
        final int out;
        final int in;
        private final MemorySegment codes;
        private final float[] scales;
        private final int groups;
        private final @Nullable MemorySegment zeros;
        private final @Nullable MemorySegment groupOf;
        private final boolean packed;
        private final boolean floats;

        private Matrix(String module) {
            Tensor zeros = tensors.get(module + ".qzeros");
            Tensor groupOf = tensors.get(module + ".g_idx");
            this.zeros = zeros == null ? null : zeros.data();
            this.groupOf = groupOf == null ? null : groupOf.data();
            this.scales = values(module + (zeros == null ? ".weight_scale" : ".scales"));
            this.packed = tensors.containsKey(module + ".weight_packed");
            Tensor codes = tensor(module + (packed ? ".weight_packed" : zeros == null ? ".weight" : ".qweight"));
            this.codes = codes.data();
            this.floats = codes.type().name().equals("F8_E4M3");
            int second = Math.toIntExact(codes.shape().get(1));
            int first = Math.toIntExact(codes.shape().get(0));
            this.out = zeros == null ? first : groupOf == null ? 8 * second : second;
            this.in = groupOf != null
                    ? Math.toIntExact(groupOf.shape().get(0))
                    : zeros != null ? first : packed ? 8 * second : second;
            this.groups = scales.length / out;
        }

        float weight(int o, int i) {
            if (groupOf != null) return gptq(o, i);
            if (zeros != null) return awq(o, i);
            if (packed) {
                int q = (integer(codes, (long) o * (in / 8) + i / 8) >>> 4 * (i % 8) & 15) - 8;
                return q * scales[o * groups + i / (in / groups)];
            }
            byte stored = codes.get(ValueLayout.JAVA_BYTE, (long) o * in + i);
            return scales[o] * (floats ? e4m3(stored) : stored);
        }

        private float gptq(int o, int i) {
            int mask = (1 << bits) - 1;
            int perWord = 32 / bits;
            int group = integer(Objects.requireNonNull(groupOf), i);
            int q = integer(codes, (long) (i / perWord) * out + o) >>> bits * (i % perWord) & mask;
            int z = integer(Objects.requireNonNull(zeros), (long) group * (out / perWord) + o / perWord)
                            >>> bits * (o % perWord)
                    & mask;
            if (!secondVersion) z = (z + 1) % (mask + 1);
            return (q - z) * scales[group * out + o];
        }

        private float awq(int o, int i) {
            int group = i / (in / groups);
            int q = awqNibble(integer(codes, (long) i * (out / 8) + o / 8), o % 8);
            int z = awqNibble(integer(Objects.requireNonNull(zeros), (long) group * (out / 8) + o / 8), o % 8);
            return (q - z) * scales[group * out + o];
        }
    }

    private static int awqNibble(int word, int output) {
        for (int n = 0; n < 8; n++) if (AWQ_ORDER[n] == output) return word >>> 4 * n & 15;
        throw new IllegalArgumentException("output " + output);
    }

    private static float e4m3(int stored) {
        int exponent = stored >>> 3 & 15;
        double magnitude = exponent == 0
                ? (stored & 7) / 8.0 * Math.pow(2, -6)
                : (1 + (stored & 7) / 8.0) * Math.pow(2, exponent - 7);
        return (float) (stored < 0 ? -magnitude : magnitude);
    }

    private static int integer(MemorySegment data, long index) {
        return data.get(ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 4 * index);
    }

    private Tensor tensor(String name) {
        return Objects.requireNonNull(tensors.get(name), name);
    }

    private float[] values(String name) {
        Tensor tensor = tensor(name);
        float[] values = new float
                [Math.toIntExact(tensor.data().byteSize() / tensor.type().blockBytes())];
        for (int i = 0; i < values.length; i++) values[i] = value(name, i);
        return values;
    }

    private float value(String name, long index) {
        Tensor tensor = tensor(name);
        var half = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
        return switch (tensor.type()) {
            case F32 ->
                tensor.data().get(ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 4 * index);
            case F16 -> Float.float16ToFloat(tensor.data().get(half, 2 * index));
            case BF16 -> Float.intBitsToFloat(tensor.data().get(half, 2 * index) << 16);
            default -> throw new IllegalArgumentException(tensor.type().name());
        };
    }
}
