package dev.redoubt.engine.model;

import dev.redoubt.testkit.TinySafetensors;
import dev.redoubt.testkit.WeightKind;
import dev.redoubt.trust.ModelStore;
import dev.redoubt.trust.Tensor;
import dev.redoubt.trust.VerifiedArtifact;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;

/// The float32 weights of a quantized checkpoint, by the formulas of its format and without a look at the
/// product's readers: one weight at a
/// time.
final class ReferenceWeights {
    private static final int[] AWQ_ORDER = {0, 2, 4, 6, 1, 3, 5, 7}; // output of each nibble

    private final Map<String, Tensor> tensors;
    private final String config;

    /// @param config the text of `config.json`
    ReferenceWeights(Map<String, Tensor> tensors, String config) {
        this.tensors = tensors;
        this.config = config.replaceAll("\\s", "");
    }

    /// Writes the same model in float32.
    static Path twin(Path checkpoint, Path folder) throws IOException {
        Files.createDirectories(folder);
        String text = Files.readString(checkpoint.resolve("config.json"));
        TinySafetensors file = new TinySafetensors();
        try (VerifiedArtifact artifact = ModelStore.openPath(checkpoint)) {
            var reference = new ReferenceWeights(artifact.tensors(), text);
            for (String name : artifact.tensors().keySet()) {
                Tensor tensor = reference.tensor(name);
                String module = name.substring(0, name.lastIndexOf('.'));
                if (reference.plain(module)) {
                    long[] shape =
                            tensor.shape().stream().mapToLong(each -> each).toArray();
                    file.tensor(name, WeightKind.F32, WeightKind.F32.encode(reference.values(name)), shape);
                } else if (name.endsWith("weight_scale") || name.endsWith(".scales")) {
                    int out = reference.rows(module);
                    int in = reference.columns(module);
                    float[] weights = new float[out * in];
                    for (int o = 0; o < out; o++)
                        for (int i = 0; i < in; i++) weights[o * in + i] = reference.weight(module, o, i);
                    file.tensor(module + ".weight", WeightKind.F32, WeightKind.F32.encode(weights), out, in);
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

    int rows(String module) {
        Tensor scales = tensors.get(module + ".scales");
        if (scales != null) return Math.toIntExact(scales.shape().get(1));
        return Math.toIntExact(tensor(module + ".weight_scale").shape().get(0));
    }

    int columns(String module) {
        if (tensors.containsKey(module + ".weight")) return dimension(module + ".weight", 1);
        if (tensors.containsKey(module + ".weight_packed")) return 8 * dimension(module + ".weight_packed", 1);
        if (tensors.containsKey(module + ".g_idx")) return dimension(module + ".g_idx", 0);
        return dimension(module + ".qweight", 0);
    }

    private Tensor tensor(String name) {
        return Objects.requireNonNull(tensors.get(name), name);
    }

    private int dimension(String name, int index) {
        return Math.toIntExact(tensor(name).shape().get(index));
    }

    /// w[o][i].
    float weight(String module, int o, int i) {
        if (tensors.containsKey(module + ".g_idx")) return gptq(module, o, i);
        if (tensors.containsKey(module + ".qweight")) return awq(module, o, i);
        if (tensors.containsKey(module + ".weight_packed")) {
            int in = columns(module);
            int groups = dimension(module + ".weight_scale", 1);
            int word = integer(module + ".weight_packed", (long) o * (in / 8) + i / 8);
            int q = (word >>> 4 * (i % 8) & 15) - 8;
            return q * value(module + ".weight_scale", (long) o * groups + i / (in / groups));
        }
        float scale = value(module + ".weight_scale", o);
        Tensor weight = tensor(module + ".weight");
        byte stored = weight.data().get(ValueLayout.JAVA_BYTE, (long) o * columns(module) + i);
        return scale * (weight.type().name().equals("I8") ? stored : e4m3(stored));
    }

    private float gptq(String module, int o, int i) {
        int bits = config.contains("\"bits\":8") ? 8 : 4;
        int mask = (1 << bits) - 1;
        int perWord = 32 / bits;
        int out = rows(module);
        int group = integer(module + ".g_idx", i);
        int q = integer(module + ".qweight", (long) (i / perWord) * out + o) >>> bits * (i % perWord) & mask;
        int z = integer(module + ".qzeros", (long) group * (out / perWord) + o / perWord) >>> bits * (o % perWord)
                & mask;
        if (!config.contains("gptq_v2")) z = (z + 1) % (mask + 1);
        return (q - z) * value(module + ".scales", (long) group * out + o);
    }

    private float awq(String module, int o, int i) {
        int out = rows(module);
        int group = i / (columns(module) / dimension(module + ".scales", 0));
        int q = awqNibble(integer(module + ".qweight", (long) i * (out / 8) + o / 8), o % 8);
        int z = awqNibble(integer(module + ".qzeros", (long) group * (out / 8) + o / 8), o % 8);
        return (q - z) * value(module + ".scales", (long) group * out + o);
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

    private int integer(String name, long index) {
        return tensor(name).data().get(ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 4 * index);
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
