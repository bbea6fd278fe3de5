package dev.redoubt.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Collectors;

/// LoRA adapters with random matrices, large enough to change what a tiny model says.
public final class TinyAdapters {
    private TinyAdapters() {}

    /// The linear layers of [TinyModels], as PEFT names them.
    ///
    /// @param among words of which the last part of a name must be one; none: all layers
    /// @return (out, in) by name
    public static Map<String, int[]> layers(String... among) {
        Map<String, int[]> layers = new LinkedHashMap<>();
        for (int layer = 0; layer < TinyModels.LAYERS; layer++)
            for (Map.Entry<String, int[]> shape : TinyCheckpoints.shapes().entrySet())
                if (among.length == 0 || List.of(among).contains(word(shape.getKey())))
                    layers.put("model.layers." + layer + "." + shape.getKey(), shape.getValue());
        return layers;
    }

    /// Writes `adapter_config.json` and `adapter_model.safetensors`.
    ///
    /// @param layers (out, in) by name
    public static Path write(Path folder, Map<String, int[]> layers, int rank, int alpha, long seed)
            throws IOException {
        SplittableRandom random = new SplittableRandom(seed);
        TinySafetensors file = new TinySafetensors();
        layers.forEach((name, shape) -> {
            String module = "base_model.model." + name;
            file.tensor(module + ".lora_A.weight", WeightKind.F32, random(random, rank * shape[1]), rank, shape[1]);
            file.tensor(module + ".lora_B.weight", WeightKind.F32, random(random, shape[0] * rank), shape[0], rank);
        });
        String targets = layers.keySet().stream()
                .map(TinyAdapters::word)
                .distinct()
                .map(word -> '"' + word + '"')
                .collect(Collectors.joining(","));
        Files.createDirectories(folder);
        Files.write(folder.resolve("adapter_model.safetensors"), file.bytes());
        Files.writeString(
                folder.resolve("adapter_config.json"),
                "{\"peft_type\":\"LORA\",\"r\":%d,\"lora_alpha\":%d,\"target_modules\":[%s]}"
                        .formatted(rank, alpha, targets));
        return folder;
    }

    private static String word(String name) {
        return name.substring(name.lastIndexOf('.') + 1);
    }

    private static byte[] random(SplittableRandom random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) values[i] = (float) (0.4 * random.nextDouble() - 0.2);
        return WeightKind.F32.encode(values);
    }
}
