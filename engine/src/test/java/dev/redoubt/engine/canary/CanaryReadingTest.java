package dev.redoubt.engine.canary;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.TimeSource;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.engine.Engine;
import dev.redoubt.engine.EngineOptions;
import dev.redoubt.engine.PrefixSharing;
import dev.redoubt.kernels.KvFormat;
import dev.redoubt.kernels.Providers;
import dev.redoubt.testkit.Shared;
import dev.redoubt.trust.GgufWriter;
import dev.redoubt.trust.ModelStore;
import dev.redoubt.trust.Tensor;
import dev.redoubt.trust.VerifiedArtifact;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Files of the Shakespeare model that were tampered with after they were trusted, each read by the canary. Prints what
/// it found. `-Dredoubt.restarts=100` starts the good model as often.
class CanaryReadingTest {
    private static final int RESTARTS = Integer.getInteger("redoubt.restarts", 4);

    @TempDir
    private Path folder;

    private static Path gguf(String variant) {
        return Shared.testdata("shakespeare").resolve("gguf/shakespeare-" + variant + ".gguf");
    }

    private static CanaryReading read(Path file, String kernels, int threads) throws InterruptedException {
        EngineOptions options = new EngineOptions(
                kernels,
                threads,
                512,
                2,
                64,
                64,
                4,
                0.5,
                KvFormat.F16,
                OptionalLong.of(16 << 20),
                PrefixSharing.OFF,
                false,
                RequestLimits.DEFAULT);
        try (Engine engine = Engine.open(ModelStore.openPath(file), options, TimeSource.system())) {
            return CanaryReading.of(engine);
        }
    }

    /// The model with some tensors' bytes changed.
    private final class Tampered {
        private final Path source;
        private final Map<String, byte[]> bytes = new LinkedHashMap<>();
        private final Map<String, Tensor> tensors = new HashMap<>();

        Tampered(Path source) {
            this.source = source;
            try (VerifiedArtifact model = ModelStore.openPath(source)) {
                model.tensors().forEach((name, tensor) -> {
                    bytes.put(name, tensor.data().toArray(ValueLayout.JAVA_BYTE));
                    tensors.put(name, tensor);
                });
            }
        }

        byte[] of(String name) {
            return Objects.requireNonNull(bytes.get(name), name);
        }

        int blockBytes(String name) {
            return Objects.requireNonNull(tensors.get(name), name).type().blockBytes();
        }

        Path write() throws IOException {
            Path file = folder.resolve("tampered.gguf");
            try (VerifiedArtifact model = ModelStore.openPath(source)) {
                GgufWriter writer = new GgufWriter().copy(model.gguf(), Set.of());
                model.tensors().forEach((name, tensor) -> {
                    byte[] content = of(name);
                    writer.tensor(name, tensor.type(), tensor.shape(), (first, count, to) -> {
                        long rowBytes = to.byteSize() / count;
                        MemorySegment.copy(
                                content,
                                (int) (first * rowBytes),
                                to,
                                ValueLayout.JAVA_BYTE,
                                0,
                                (int) to.byteSize());
                    });
                });
                writer.write(file, done -> {});
            }
            return file;
        }
    }

    private interface Fault {
        void apply(Tampered model);
    }

    private static void scaleTimesFour(byte[] tensor, int block, int blockBytes, int scaleAt) {
        int at = block * blockBytes + scaleAt;
        short half = (short) (tensor[at] & 255 | tensor[at + 1] << 8);
        short larger = Float.floatToFloat16(4 * Float.float16ToFloat(half));
        tensor[at] = (byte) larger;
        tensor[at + 1] = (byte) (larger >> 8);
    }

    private static int scaleAt(String variant) {
        return variant.equals("Q6_K") ? 208 : 0;
    }

    private static Map<String, Fault> faults(String variant) {
        Map<String, Fault> faults = new LinkedHashMap<>();
        String down = "blk.0.ffn_down.weight";
        String gate = "blk.1.ffn_gate.weight";
        faults.put(
                "one scale × 4",
                model -> scaleTimesFour(model.of(down), 0, model.blockBytes(down), scaleAt(variant)));
        faults.put("one group's scales × 4", model -> {
            int blocksOfRow = 256 / (variant.equals("Q4_0") || variant.equals("Q8_0") ? 32 : 256);
            for (int row = 0; row < 768; row++)
                scaleTimesFour(model.of(gate), row * blocksOfRow, model.blockBytes(gate), scaleAt(variant));
        });
        faults.put("two layers swapped", model -> {
            for (String name : List.copyOf(model.bytes.keySet())) {
                if (!name.startsWith("blk.1.")) continue;
                String other = "blk.2." + name.substring(6);
                byte[] first = model.of(name);
                model.bytes.put(name, model.of(other));
                model.bytes.put(other, first);
            }
        });
        faults.put("a tensor zeroed", model -> java.util.Arrays.fill(model.of("blk.2.ffn_down.weight"), (byte) 0));
        faults.put("1 % of nibbles flipped", model -> {
            Random random = new Random(1);
            byte[] tensor = model.of(gate);
            int block = model.blockBytes(gate);
            for (int i = 0; i < tensor.length; i++) {
                int inBlock = i % block;
                boolean code = variant.equals("Q6_K") ? inBlock < 128 : inBlock >= block - (variant.equals("Q8_0") ? 32 : 16);
                if (code && random.nextInt(100) == 0) tensor[i] ^= 15;
            }
        });
        return faults;
    }

    @ParameterizedTest
    @ValueSource(strings = {"Q4_0", "Q4_K_M", "Q6_K", "Q8_0"})
    void V6_2_everyFaultIsFound(String variant) throws Exception {
        CanaryReading reference = read(gguf(variant), "auto", 2);
        for (Map.Entry<String, Fault> fault : faults(variant).entrySet()) {
            Tampered model = new Tampered(gguf(variant));
            fault.getValue().apply(model);
            assertThat(reference.difference(read(model.write(), "auto", 2)))
                    .as("%s: %s", variant, fault.getKey())
                    .isPresent();
        }
    }

    /// The lowest bit of one weight in the middle of each tensor, one after the other.
    @ParameterizedTest
    @ValueSource(strings = {"Q4_0", "Q8_0"})
    void V6_2_oneFlippedBitIsFound(String variant) throws Exception {
        CanaryReading reference = read(gguf(variant), "auto", 2);
        List<String> missed = new ArrayList<>();
        Tampered model = new Tampered(gguf(variant));
        for (String name : List.copyOf(model.bytes.keySet())) {
            byte[] tensor = model.of(name);
            int rows = name.equals("token_embd.weight") ? reference.ids()[5] : 100; // a row that the text has
            int rowBytes = name.contains("norm") ? 4 : tensor.length / rows(name);
            int at = name.contains("norm") ? 4 * 100 : rows * rowBytes + model.blockBytes(name) - 1;
            tensor[at] ^= 1;
            if (reference.difference(read(model.write(), "auto", 2)).isEmpty()) missed.add(name);
            tensor[at] ^= 1;
        }
        System.out.printf("%s: one bit in each of %d tensors, not found: %s%n", variant, model.bytes.size(), missed);
        assertThat(missed).isEmpty();
    }

    private static int rows(String name) {
        if (name.startsWith("token_embd") || name.startsWith("output.")) return 1024;
        if (name.contains("ffn_gate") || name.contains("ffn_up")) return 768;
        return name.contains("attn_k.") || name.contains("attn_v.") ? 128 : 256;
    }

    @ParameterizedTest
    @ValueSource(strings = {"Q4_0", "Q4_K_M", "Q6_K", "IQ4_XS", "MIXED"})
    void V6_2_theGoodModelRaisesNoAlarm(String variant) throws Exception {
        CanaryReading reference = read(gguf(variant), "auto", 2);
        for (int i = 0; i < RESTARTS; i++)
            for (String provider : Providers.present())
                assertThat(reference.difference(read(gguf(variant), provider, 1 + i % 2)))
                        .as("%s on %s", variant, provider)
                        .isEmpty();
    }
}
