package dev.redoubt.testkit;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;

/// [TinyModels] whose linear layers are quantized as the tools of AWQ, GPTQ and compressed-tensors store them.
/// Codes are random, scales make the weights about as large as those of the plain model.
public final class TinyCheckpoints {
    private static final int GROUP = 32;

    /// (out, in) of the linear layers of a block.
    private static final Map<String, int[]> SHAPES = shapes();

    private TinyCheckpoints() {}

    /// Writes a folder as [TinyModels#huggingFace] does.
    public static Path write(Path folder, CheckpointKind kind, long seed) throws IOException {
        TinyModels.huggingFace(folder, WeightKind.F32, seed);
        Files.write(folder.resolve("model.safetensors"), tensors(kind, seed).bytes());
        Files.writeString(folder.resolve("config.json"), config(kind.settings()));
        return folder;
    }

    /// @param settings the value of `quantization_config`
    public static String config(String settings) {
        return TinyModels.configJson(WeightKind.F32)
                .replace("\"head_dim\":", "\"quantization_config\":" + settings + ",\"head_dim\":");
    }

    /// To be changed before it is written.
    public static TinySafetensors tensors(CheckpointKind kind, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        TinySafetensors file = TinyModels.safetensorsOf(WeightKind.F32, seed);
        for (int layer = 0; layer < TinyModels.LAYERS; layer++)
            for (Map.Entry<String, int[]> entry : SHAPES.entrySet()) {
                String module = "model.layers." + layer + "." + entry.getKey();
                file.removeTensor(module + ".weight");
                add(file, kind, module, entry.getValue()[0], entry.getValue()[1], random);
            }
        return file;
    }

    /// (out, in) of the linear layers by name, without the layer.
    public static Map<String, int[]> shapes() {
        int hidden = TinyModels.HIDDEN_SIZE;
        int query = TinyModels.QUERY_HEADS * TinyModels.HEAD_DIMENSION;
        int kv = TinyModels.KV_HEADS * TinyModels.HEAD_DIMENSION;
        int feedForward = TinyModels.FEED_FORWARD_SIZE;
        Map<String, int[]> shapes = new LinkedHashMap<>();
        shapes.put("self_attn.q_proj", new int[] {query, hidden});
        shapes.put("self_attn.k_proj", new int[] {kv, hidden});
        shapes.put("self_attn.v_proj", new int[] {kv, hidden});
        shapes.put("self_attn.o_proj", new int[] {hidden, query});
        shapes.put("mlp.gate_proj", new int[] {feedForward, hidden});
        shapes.put("mlp.up_proj", new int[] {feedForward, hidden});
        shapes.put("mlp.down_proj", new int[] {hidden, feedForward});
        return shapes;
    }

    private static void add(
            TinySafetensors file, CheckpointKind kind, String module, int out, int in, SplittableRandom random) {
        int groups = in / GROUP;
        switch (kind.method) {
            case "awq" -> {
                file.tensor(module + ".qweight", "I32", words(random, in * out / 8), in, out / 8);
                file.tensor(module + ".qzeros", "I32", words(random, groups * out / 8), groups, out / 8);
                file.tensor(module + ".scales", "F16", halves(random, 0.03f, groups * out), groups, out);
            }
            case "gptq" -> {
                int perWord = 32 / kind.bits;
                float scale = kind.bits == 4 ? 0.03f : 0.002f;
                int[] middle = new int[groups * out / perWord];
                int stored = (1 << (kind.bits - 1)) - kind.zeroOffset();
                for (int i = 0; i < middle.length; i++)
                    for (int n = 0; n < perWord; n++) middle[i] |= stored << kind.bits * n;
                byte[] zeros = kind.symmetric ? words(middle) : words(random, middle.length);
                file.tensor(module + ".qweight", "I32", words(random, in * out / perWord), in / perWord, out);
                file.tensor(module + ".qzeros", "I32", zeros, groups, out / perWord);
                file.tensor(module + ".scales", "F16", halves(random, scale, groups * out), groups, out);
                file.tensor(module + ".g_idx", "I32", words(groupsOf(module, in, kind.ordered())), in);
            }
            default -> {
                if (kind.bits == 4) {
                    file.tensor(module + ".weight_packed", "I32", words(random, out * in / 8), out, in / 8);
                    file.tensor(module + ".weight_scale", "BF16", brain(random, 0.03f, out * groups), out, groups);
                    file.tensor(module + ".weight_shape", "I64", longs(out, in), 2);
                } else {
                    boolean floats = kind == CheckpointKind.FP8;
                    byte[] bytes = words(random, out * in / 4);
                    for (int i = 0; i < bytes.length; i++) if (floats && (bytes[i] & 0x7F) == 0x7F) bytes[i] = 0x10;
                    file.tensor(module + ".weight", floats ? "F8_E4M3" : "I8", bytes, out, in);
                    file.tensor(module + ".weight_scale", "BF16", brain(random, floats ? 0.002f : 0.003f, out), out, 1);
                }
            }
        }
    }

    /// The group of every input feature; query, key and value share theirs, as one calibration makes them do.
    private static int[] groupsOf(String module, int in, boolean ordered) {
        int[] groups = new int[in];
        for (int i = 0; i < in; i++) groups[i] = i / GROUP;
        if (!ordered) return groups;
        var random = new SplittableRandom(module.contains("self_attn") ? in : module.hashCode());
        for (int i = in - 1; i > 0; i--) {
            int other = random.nextInt(i + 1);
            int kept = groups[i];
            groups[i] = groups[other];
            groups[other] = kept;
        }
        return groups;
    }

    private static byte[] words(SplittableRandom random, int count) {
        return words(random.ints(count).toArray());
    }

    /// 32-bit integers as a file holds them.
    public static byte[] words(int... values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (int value : values) bytes.putInt(value);
        return bytes.array();
    }

    private static byte[] longs(long... values) {
        ByteBuffer bytes = ByteBuffer.allocate(8 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (long value : values) bytes.putLong(value);
        return bytes.array();
    }

    private static byte[] halves(SplittableRandom random, float about, int count) {
        return WeightKind.F16.encode(scales(random, about, count));
    }

    private static byte[] brain(SplittableRandom random, float about, int count) {
        return WeightKind.BF16.encode(scales(random, about, count));
    }

    private static float[] scales(SplittableRandom random, float about, int count) {
        float[] scales = new float[count];
        for (int i = 0; i < count; i++) scales[i] = about * (float) random.nextDouble(0.5, 1.5);
        return scales;
    }
}
