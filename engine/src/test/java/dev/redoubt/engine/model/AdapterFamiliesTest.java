package dev.redoubt.engine.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.engine.lora.LinearLayer;
import dev.redoubt.testkit.TinyAdapters;
import dev.redoubt.testkit.TinySafetensors;
import dev.redoubt.testkit.WeightKind;
import dev.redoubt.trust.ModelPath;
import dev.redoubt.trust.Tensor;
import dev.redoubt.trust.VerifiedArtifact;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/// An adapter on every family is what `W + alpha / r · B A` is, merged into the weights: every projection,
/// fused ones too, wherever the family's norms stand.
class AdapterFamiliesTest {
    private static final int RANK = 3;
    private static final int ALPHA = 2;
    static final List<String> FAMILIES = Families.ALL;

    @TempDir
    Path folder;

    @ParameterizedTest
    @FieldSource("FAMILIES")
    void anAdapterIsWhatItIsMergedIntoTheWeights(String family) throws IOException {
        Path base = Families.with(family, Families.config(family), folder.resolve("base"));
        Map<String, int[]> layers = new LinkedHashMap<>();
        try (VerifiedArtifact artifact = ModelPath.open(base)) {
            for (LinearLayer layer : DecoderAdapters.layers(Models.plan(artifact)))
                layers.put(layer.name(), new int[] {layer.outputs(), layer.inputs()});
        }
        assertThat(layers).isNotEmpty();
        Path adapter = TinyAdapters.write(folder.resolve("adapter"), layers, RANK, ALPHA, 5);
        Path merged = merged(base, adapter, folder.resolve("merged"));
        int[] ids = new Random(3).ints(20, 0, 60).toArray();
        float[][] plain = logits(base, List.of(), ids);
        float[][] expected = logits(merged, List.of(), ids);
        float[][] found = logits(base, List.of(adapter), ids);
        double moved = difference(plain, expected);
        assertThat(difference(found, expected))
                .as("the adapter moves logits by %s", moved)
                .isLessThan(moved / 1000)
                .isLessThan(2e-3);
    }

    private static float[][] logits(Path model, List<Path> adapters, int[] ids) {
        try (PromptRunner runner = PromptRunner.open(model, adapters, "auto", 1, 32, 16)) {
            return runner.logits(ids);
        }
    }

    private static double difference(float[][] left, float[][] right) {
        double largest = 0;
        for (int i = 0; i < left.length; i++)
            for (int c = 0; c < left[i].length; c++) largest = Math.max(largest, Math.abs(left[i][c] - right[i][c]));
        return largest;
    }

    private static Path merged(Path base, Path adapter, Path target) throws IOException {
        Files.createDirectories(target);
        TinySafetensors file = new TinySafetensors();
        try (VerifiedArtifact model = ModelPath.open(base);
                VerifiedArtifact low = ModelPath.open(adapter)) {
            for (Tensor tensor : model.tensors().values()) {
                float[] values = floats(tensor);
                String module = "base_model.model." + tensor.name().replaceAll("\\.weight$", "");
                Tensor a = low.tensors().get(module + ".lora_A.weight");
                Tensor b = low.tensors().get(module + ".lora_B.weight");
                if (a != null && b != null) add(floats(b), floats(a), values);
                long[] shape =
                        tensor.shape().stream().mapToLong(Long::longValue).toArray();
                file.tensor(tensor.name(), WeightKind.F32, WeightKind.F32.encode(values), shape);
            }
        }
        Files.write(target.resolve("model.safetensors"), file.bytes());
        Files.copy(base.resolve("config.json"), target.resolve("config.json"));
        return target;
    }

    private static void add(float[] b, float[] a, float[] weights) {
        int inputs = a.length / RANK;
        for (int o = 0; o < b.length / RANK; o++)
            for (int i = 0; i < inputs; i++) {
                double sum = 0;
                for (int r = 0; r < RANK; r++) sum += (double) b[o * RANK + r] * a[r * inputs + i];
                weights[o * inputs + i] += (float) (sum * ALPHA / RANK);
            }
    }

    private static float[] floats(Tensor tensor) {
        return tensor.data().toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
    }
}
