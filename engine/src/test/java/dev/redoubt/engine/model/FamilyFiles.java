package dev.redoubt.engine.model;

import dev.redoubt.testkit.TinyGguf;
import dev.redoubt.testkit.TinySafetensors;
import dev.redoubt.testkit.WeightKind;
import dev.redoubt.trust.ModelPath;
import dev.redoubt.trust.Tensor;
import dev.redoubt.trust.VerifiedArtifact;
import dev.redoubt.trust.VerifiedArtifact.Container;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/// A tiny model of a family, taken from its fixture and changed, written as either container.
final class FamilyFiles {
    private final String config;
    private final DecoderPlan plan;
    private final Map<String, float[]> tensors = new TreeMap<>(); // by Hugging Face's name

    /// @param fixture whose tensors; layers that it does not have are those that it has, again
    /// @param folder for a copy of it
    FamilyFiles(Architecture family, String fixture, String config, Path folder) throws IOException {
        this.config = config;
        plan = family.plan(new HuggingFaceConfig(config.getBytes(StandardCharsets.UTF_8)), 0);
        try (VerifiedArtifact artifact = ModelPath.open(Families.with(fixture, config, folder))) {
            int layers = (int) artifact.tensors().keySet().stream()
                    .filter(name -> name.endsWith(".self_attn.o_proj.weight"))
                    .count();
            for (TensorSpec spec : specs()) {
                String name = spec.role().name(Container.SAFETENSORS, spec.layer() % layers, spec.expert());
                Tensor tensor = artifact.tensors().get(name);
                if (tensor != null)
                    tensors.put(
                            spec.name(Container.SAFETENSORS), tensor.data().toArray(ValueLayout.JAVA_FLOAT_UNALIGNED));
            }
        }
    }

    private List<TensorSpec> specs() {
        return DecoderTensors.of(plan, Container.SAFETENSORS);
    }

    Path huggingFace(Path folder) throws IOException {
        Files.createDirectories(folder);
        TinySafetensors file = new TinySafetensors();
        for (TensorSpec spec : specs()) {
            float[] values = tensors.get(spec.name(Container.SAFETENSORS));
            if (values != null)
                file.tensor(spec.name(Container.SAFETENSORS), WeightKind.F32, bytes(values), shape(spec));
        }
        Files.write(folder.resolve("model.safetensors"), file.bytes());
        Files.writeString(folder.resolve("config.json"), config);
        return folder;
    }

    /// As llama.cpp's converter would: the experts of a layer in one tensor, norms complete, heads interleaved where
    /// the architecture has it so.
    Path gguf(Path path, String architecture, boolean interleaved, Map<String, Object> extra) throws IOException {
        ModelConfig sizes = plan.config();
        TinyGguf file = new TinyGguf()
                .put("general.architecture", architecture)
                .put(architecture + ".block_count", sizes.layers())
                .put(architecture + ".context_length", sizes.contextTokensMax())
                .put(architecture + ".embedding_length", sizes.hiddenSize())
                .put(architecture + ".feed_forward_length", sizes.feedForwardSize())
                .put(architecture + ".attention.head_count", sizes.queryHeads())
                .put(architecture + ".attention.head_count_kv", sizes.kvHeads())
                .put(architecture + ".attention.key_length", sizes.headDimension())
                .put(architecture + ".attention.value_length", sizes.headDimension())
                .put(architecture + ".attention.layer_norm_rms_epsilon", sizes.normEpsilon())
                .put(architecture + ".vocab_size", sizes.vocabularySize())
                .put(architecture + ".rope.freq_base", (float)
                        plan.layers().get(0).rope().orElseThrow().base());
        extra.forEach((key, value) -> {
            if (!(value instanceof float[])) file.put(architecture + "." + key, value);
        });
        Map<String, float[]> merged = new LinkedHashMap<>();
        Map<String, long[]> shapes = new LinkedHashMap<>();
        for (TensorSpec spec : specs()) {
            float[] values = tensors.get(spec.name(Container.SAFETENSORS));
            if (values == null) continue;
            String name = spec.name(Container.GGUF);
            boolean expert = name.contains("_exps");
            if (expert) values = concatenated(merged.getOrDefault(name, new float[0]), values);
            else if (interleaved && (spec.role() == TensorRole.QUERY || spec.role() == TensorRole.KEY))
                values = interleaved(values, sizes.headDimension(), sizes.hiddenSize());
            else if (plan.normsLessOne() && spec.shape().size() == 1) values = plusOne(values);
            merged.put(name, values);
            long[] shape = shape(spec);
            shapes.put(name, expert ? new long[] {spec.expert() + 1L, shape[0], shape[1]} : shape);
        }
        merged.forEach((name, values) ->
                file.tensor(name, WeightKind.F32, bytes(values), Objects.requireNonNull(shapes.get(name))));
        extra.forEach((key, value) -> {
            if (value instanceof float[] values) file.tensor(key, WeightKind.F32, bytes(values), values.length);
        });
        Files.write(path, file.bytes());
        return path;
    }

    private static long[] shape(TensorSpec spec) {
        return spec.shape().stream().mapToLong(Long::longValue).toArray();
    }

    private static float[] concatenated(float[] left, float[] right) {
        float[] result = Arrays.copyOf(left, left.length + right.length);
        System.arraycopy(right, 0, result, left.length, right.length);
        return result;
    }

    private static float[] plusOne(float[] values) {
        float[] result = values.clone();
        for (int i = 0; i < result.length; i++) result[i] = 1 + result[i];
        return result;
    }

    /// Within each head, row `half · p + j` becomes row `2j + p`.
    private static float[] interleaved(float[] values, int headDimension, int columns) {
        float[] result = new float[values.length];
        int half = headDimension / 2;
        for (int row = 0; row < values.length / columns; row++) {
            int inHead = row % headDimension;
            int target = row - inHead + 2 * (inHead % half) + inHead / half;
            System.arraycopy(values, row * columns, result, target * columns, columns);
        }
        return result;
    }

    private static byte[] bytes(float[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return bytes.array();
    }
}
