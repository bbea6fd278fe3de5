package dev.redoubt.trust;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.testkit.Shared;
import dev.redoubt.testkit.TinyTorch;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// Whatever the bytes, a reader accepts them or refuses them by name; nothing else comes out.
class ReaderFuzzTest {
    private static final int ROUNDS = 6_000;
    private static final long[] NASTY = {
        0,
        1,
        -1,
        2,
        31,
        32,
        33,
        255,
        65_535,
        65_536,
        1L << 20,
        1L << 31,
        (1L << 32) - 1,
        1L << 32,
        1L << 62,
        Long.MAX_VALUE,
        Long.MIN_VALUE
    };

    @Test
    void V4_3_mutatedGgufIsAcceptedOrRefused() throws IOException {
        run(
                seeds("gguf", TinyModels.gguf(3)),
                bytes -> GgufReader.read(MemorySegment.ofArray(bytes))
                        .tensors()
                        .values()
                        .forEach(WeightScan::check));
    }

    @Test
    void V4_3_mutatedSafetensorsIsAcceptedOrRefused() throws IOException {
        run(
                seeds("safetensors", TinyModels.safetensors("a.weight", "b.weight")),
                bytes -> SafetensorsReader.read(MemorySegment.ofArray(bytes))
                        .values()
                        .forEach(WeightScan::check));
    }

    @Test
    void V4_3_mutatedOnnxIsAcceptedOrRefused() throws IOException {
        byte[] own = Files.readAllBytes(Shared.testdata("hostile/onnx/ok-loop.onnx"));
        run(seeds("onnx", own), bytes -> OnnxReader.read(MemorySegment.ofArray(bytes)));
    }

    @Test
    void V4_3_mutatedTorchScriptIsAcceptedOrRefused() {
        byte[] stored = TinyTorch.archive(TinyTorch.module("    return x\n", 1, 2));
        run(List.of(stored), bytes -> TorchScriptReader.check(MemorySegment.ofArray(bytes)));
        byte[] pickle = TinyTorch.module("    return x\n", 1, 2).get("data.pkl");
        run(List.of(pickle), bytes -> PickleReader.read(MemorySegment.ofArray(bytes), "data.pkl", name -> true));
    }

    @Test
    void V4_2_mutatedManifestIsAcceptedOrRefused() {
        var files = new TreeMap<>(Map.of("model.gguf", new Manifest.FileFact(7, "0".repeat(64))));
        var manifest = new Manifest("tiny", VerifiedArtifact.Container.GGUF, files, "test", Instant.EPOCH);
        run(List.of(manifest.toJson()), bytes -> Manifest.parse("tiny", bytes));
    }

    @Test
    void R1_6_mutatedFoldersAreAcceptedOrRefused() throws IOException {
        String[] names = {
            "config.json", "tokenizer.json", "README.md", "a.bin", "model.gguf", "model.safetensors", "x.py", "LICENSE"
        };
        run(
                seeds("safetensors", TinyModels.gguf(1)),
                bytes -> FolderPolicy.check(Map.of(
                        names[(bytes.length + bytes[bytes.length / 2] & 0xFF) % names.length],
                        MemorySegment.ofArray(bytes))));
    }

    private static List<byte[]> seeds(String kind, byte[] own) throws IOException {
        var seeds = new ArrayList<byte[]>(List.of(own));
        Path folder = Shared.testdata("hostile/" + kind);
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.sorted().toList())
                if (Files.isRegularFile(file) && Files.size(file) > 16 && Files.size(file) < 8_192)
                    seeds.add(Files.readAllBytes(file));
        }
        return seeds;
    }

    private static void run(List<byte[]> seeds, Consumer<byte[]> reader) {
        long seed = System.nanoTime();
        var random = new Random(seed);
        int refused = 0;
        for (int round = 0; round < ROUNDS; round++) {
            byte[] bytes = mutated(seeds.get(random.nextInt(seeds.size())), random);
            try {
                reader.accept(bytes);
            } catch (ArtifactException e) {
                refused++;
            } catch (RuntimeException | Error e) {
                throw new AssertionError("seed " + seed + ", round " + round + ": " + e, e);
            }
        }
        assertThat(refused).isPositive();
    }

    private static byte[] mutated(byte[] original, Random random) {
        byte[] bytes = original.clone();
        int changes = 1 + random.nextInt(3);
        for (int i = 0; i < changes && bytes.length > 16; i++) {
            int at = random.nextInt(bytes.length - 8);
            switch (random.nextInt(5)) {
                case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> bytes[at] = (byte) random.nextInt(256);
                case 2 ->
                    ByteBuffer.wrap(bytes)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .putLong(at, NASTY[random.nextInt(NASTY.length)]);
                case 3 -> bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length + 16));
                default -> System.arraycopy(bytes, random.nextInt(bytes.length - 8), bytes, at, 8);
            }
        }
        return bytes.length == 0 ? new byte[1] : bytes;
    }
}
