package dev.redoubt.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.redoubt.kernels.Compute;
import dev.redoubt.kernels.Compute.Projection;
import dev.redoubt.kernels.FloatMatrix;
import dev.redoubt.kernels.Providers;
import dev.redoubt.kernels.WeightMatrix;
import dev.redoubt.testkit.CheckpointKind;
import dev.redoubt.testkit.TinyCheckpoints;
import dev.redoubt.trust.ModelPath;
import dev.redoubt.trust.VerifiedArtifact;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Every weight of every kind of checkpoint, read back through the kernels: a product with one feature that is
/// 1 and others that are 0 is a column of the matrix.
class QuantizedSchemeTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @EnumSource
    void everyWeightIsWhatTheFormatSays(CheckpointKind kind) throws IOException {
        Path model = TinyCheckpoints.write(folder, kind, 3);
        String config = Files.readString(model.resolve("config.json"));
        QuantizedScheme scheme = QuantizationConfig.read(config.getBytes(StandardCharsets.UTF_8), Optional.empty())
                .orElseThrow()
                .scheme();
        for (String provider : Providers.present()) {
            try (VerifiedArtifact artifact = ModelPath.open(model);
                    Arena arena = Arena.ofShared();
                    Compute compute = Compute.open(provider, 2, 96, 192)) {
                var reference = new ReferenceWeights(artifact.tensors(), config);
                var orders = new ColumnOrders();
                for (Map.Entry<String, int[]> entry : TinyCheckpoints.shapes().entrySet()) {
                    String module = "model.layers.1." + entry.getKey();
                    int rows = entry.getValue()[0];
                    int columns = entry.getValue()[1];
                    QuantizedMatrix parts = QuantizedMatrix.find(
                                    scheme,
                                    module + ".weight",
                                    List.of((long) rows, (long) columns),
                                    artifact.tensors(),
                                    new HashSet<>(),
                                    new ArrayList<>())
                            .orElseThrow();
                    WeightMatrix matrix = scheme.load(parts, orders, compute, arena);
                    assertThat(matrix.inputColumns()).isEqualTo(columns);
                    compare(kind, compute, matrix, reference, module, arena);
                }
            }
        }
    }

    private static void compare(
            CheckpointKind kind,
            Compute compute,
            WeightMatrix matrix,
            ReferenceWeights reference,
            String module,
            Arena arena) {
        int columns = matrix.inputColumns();
        FloatMatrix in = FloatMatrix.allocate(columns, columns, arena);
        for (int i = 0; i < columns; i++) in.set(i, i, 1);
        FloatMatrix out = FloatMatrix.allocate(columns, matrix.rows(), arena);
        compute.matmul(in, columns, Projection.into(matrix, out));
        ReferenceWeights.Matrix expected = reference.matrix(module);
        for (int i = 0; i < columns; i++)
            for (int o = 0; o < matrix.rows(); o++)
                assertThat(out.get(i, o))
                        .as("%s %s[%d][%d]", kind, module, o, i)
                        .isCloseTo(expected.weight(o, i), within(tolerance(kind)));
    }

    /// Codes and scales are exact; minimums -scale·zero, up to 0.045 · 15, are rounded to f16.
    private static float tolerance(CheckpointKind kind) {
        return switch (kind) {
            case AWQ, GPTQ_ZEROS, GPTQ_ZEROS_V2, GPTQ_ORDERED_ZEROS -> 0x1.01p-12f;
            default -> 2e-7f;
        };
    }

    @Test
    void matricesOfOneOrderShareIt() {
        var orders = new ColumnOrders();
        int[] features = {2, 0, 1};
        assertThat(orders.of(3, features.clone())).isSameAs(orders.of(3, features));
        assertThat(orders.of(4, features)).isNotSameAs(orders.of(3, features));
        assertThat(orders.of(3, new int[] {0, 1, 2})).isNotSameAs(orders.of(3, features));
    }
}
