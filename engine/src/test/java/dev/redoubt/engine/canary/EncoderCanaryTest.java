package dev.redoubt.engine.canary;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.TimeSource;
import dev.redoubt.engine.EmbeddingEngine;
import dev.redoubt.engine.EngineOptions;
import dev.redoubt.kernels.Providers;
import dev.redoubt.testkit.TinyEncoder;
import dev.redoubt.testkit.WeightKind;
import dev.redoubt.trust.ModelPath;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A small model that embeds, tampered with as [CanaryReadingTest] does it.
class EncoderCanaryTest {
    @TempDir
    private Path folder;

    private Path encoder() throws IOException {
        return TinyEncoder.write(folder.resolve("encoder"), WeightKind.F32, 3);
    }

    private static CanaryReading read(Path encoder, String kernels, int threads) throws InterruptedException {
        EngineOptions options = CanaryOptions.of(kernels, threads);
        try (EmbeddingEngine engine = EmbeddingEngine.open(ModelPath.open(encoder), options, TimeSource.system())) {
            return CanaryReading.of(engine);
        }
    }

    @Test
    void V6_2_eachPathOfTheKernelsGivesTheSameVector() throws Exception {
        Path encoder = encoder();
        CanaryReading reference = read(encoder, "auto", 2);
        assertThat(reference.vector()).hasSize(TinyEncoder.HIDDEN_SIZE);
        List<String> providers = new ArrayList<>(Providers.fast());
        providers.add("scalar");
        for (String provider : providers)
            for (int threads = 1; threads <= 2; threads++)
                assertThat(reference.difference(read(encoder, provider, threads)))
                        .as("%s on %d threads", provider, threads)
                        .isEmpty();
    }

    /// The lowest bit of one number of each tensor, then all of each matrix. Every key has the same bias, which a
    /// softmax
    /// does not see.
    @Test
    void V6_2_faultsChangeTheVector() throws Exception {
        TamperedModel model = new TamperedModel(encoder());
        CanaryReading reference = read(model.path(), "auto", 2);
        List<String> names = model.names().stream()
                .filter(name -> name.startsWith("encoder.layer.") || name.contains("word_embeddings"))
                .toList();
        List<String> unseen = new ArrayList<>();
        for (String name : names) {
            model.flipLowestBit(name, reference.ids()[5]);
            if (reference.difference(read(model.path(), "auto", 2)).isEmpty()) unseen.add(name);
            model.restore();
        }
        System.out.printf("encoder: one bit in each of %d tensors, not seen %s%n", names.size(), unseen);
        assertThat(unseen).hasSizeLessThan(names.size() / 2);
        for (String name : names) {
            if (!name.endsWith("weight")) continue;
            model.zero(name.substring(0, name.length() - "weight".length()));
            assertThat(reference.difference(read(model.path(), "auto", 2)))
                    .as(name)
                    .isPresent();
            model.restore();
        }
    }
}
