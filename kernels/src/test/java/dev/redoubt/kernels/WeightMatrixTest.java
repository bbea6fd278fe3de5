package dev.redoubt.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.testkit.Shared;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class WeightMatrixTest {
    @ParameterizedTest
    @EnumSource
    void embedWidensEveryRowAsTheFileHasIt(WeightFormat format) {
        Random random = new Random(8);
        try (Arena arena = Arena.ofShared();
                Compute compute = Compute.open("vector", 2, 64, 256)) {
            MemorySegment file = Samples.file(random, format, 35, 256, arena);
            WeightMatrix table = WeightMatrix.of(format, 35, 256, file, arena);
            int[] ids = new int[64];
            for (int i = 0; i < ids.length; i++) ids[i] = (i * 11) % 35;
            FloatMatrix out = FloatMatrix.allocate(64, 256, arena);
            compute.embed(table, ids, 64, out);
            for (int i = 0; i < 64; i++)
                for (int k = 0; k < 256; k++)
                    // d·q + m in double, rounded once, differs from f32 arithmetic by at most the two roundings.
                    assertThat((double) out.get(i, k))
                            .isCloseTo(
                                    Samples.weight(file, format, 256, ids[i], k),
                                    org.assertj.core.api.Assertions.within(2e-7));
            assertThatThrownBy(() -> compute.embed(table, new int[] {35}, 1, out))
                    .isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    /// The golden file holds raw blocks and their values, bit for bit as ggml has them.
    @ParameterizedTest
    @EnumSource(
            names = {"F32", "F16", "F8_E4M3"},
            mode = EnumSource.Mode.EXCLUDE)
    void dequantizedValuesAreGgmlsToTheBit(WeightFormat format) throws IOException {
        String json = Files.readString(Shared.testdata("shakespeare/gguf-dequant.json"));
        int at = json.indexOf("{\"type\": \"" + format + "\"");
        assertThat(at).isPositive();
        int next = json.indexOf("{\"type\": ", at + 1);
        Matcher cases = Pattern.compile("\"elements\": (\\d+), \"raw\": \"([0-9a-f]+)\", \"values\": \"([0-9a-f]+)\"")
                .matcher(json.substring(at, next < 0 ? json.length() : next));
        int checked = 0;
        while (cases.find()) {
            byte[] raw = HexFormat.of().parseHex(cases.group(2));
            byte[] values = HexFormat.of().parseHex(cases.group(3));
            try (Arena arena = Arena.ofConfined()) {
                int columns = Integer.parseInt(cases.group(1));
                MemorySegment file = arena.allocate(raw.length).copyFrom(MemorySegment.ofArray(raw));
                FloatMatrix row = FloatMatrix.allocate(1, columns, arena);
                WeightMatrix.of(format, 1, columns, file, arena).dequantize(0, row, 0);
                MemorySegment expected = MemorySegment.ofArray(values);
                for (int k = 0; k < columns; k++) {
                    float value = expected.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * k);
                    if (Float.isNaN(value)) assertThat(row.get(0, k)).isNaN();
                    else
                        assertThat(Float.floatToRawIntBits(row.get(0, k)))
                                .as("case %d, weight %d", checked, k)
                                .isEqualTo(Float.floatToRawIntBits(value));
                }
            }
            checked++;
        }
        assertThat(checked).isPositive();
    }

    @Test
    void allFiniteF16ValuesWidenExactly() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment all = arena.allocate(2 << 16, 64);
            for (int i = 0; i < 1 << 16; i++) all.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) i);
            MemorySegment wide = arena.allocate(64, 64);
            for (int i = 0; i < 1 << 16; i += Lanes.COUNT) {
                Lanes.store(Lanes.loadF16(all.address() + 2L * i), wide.address());
                for (int lane = 0; lane < Lanes.COUNT; lane++) {
                    float expected = Float.float16ToFloat((short) (i + lane));
                    if (!Float.isFinite(expected)) continue;
                    assertThat(Float.floatToRawIntBits(wide.getAtIndex(ValueLayout.JAVA_FLOAT, lane)))
                            .isEqualTo(Float.floatToRawIntBits(expected));
                }
            }
        }
    }

    @Test
    void aMappedFileIsReadInPlaceAndGivesTheSameBits(@TempDir Path folder) throws IOException {
        Path path = folder.resolve("weights");
        try (Arena arena = Arena.ofShared();
                Compute compute = Compute.open("vector", 1, 5, 80)) {
            MemorySegment file = Samples.file(new Random(6), WeightFormat.F32, 20, 80, arena);
            Files.write(path, file.toArray(ValueLayout.JAVA_BYTE));
            try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
                MemorySegment mapped = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
                WeightMatrix inPlace = WeightMatrix.of(WeightFormat.F32, 20, 80, mapped, arena);
                assertThat(inPlace.sharesFile()).isTrue();
                assertThat(inPlace.data().address()).isEqualTo(mapped.address());
                FloatMatrix in = Samples.matrix(new Random(7), 5, 80, arena);
                FloatMatrix one = FloatMatrix.allocate(5, 20, arena);
                FloatMatrix other = FloatMatrix.allocate(5, 20, arena);
                WeightMatrix copied = WeightMatrix.of(WeightFormat.F32, 20, 80, file, arena);
                compute.matmul(in, 5, Compute.Projection.into(inPlace, one), Compute.Projection.into(copied, other));
                assertThat(Samples.difference(one, other)).isEmpty();
            }
        }
    }

    @Test
    void freedWeightsThrowInsteadOfBeingRead() {
        try (Arena arena = Arena.ofShared();
                Compute compute = Compute.open("vector", 1, 1, 64)) {
            Arena gone = Arena.ofShared();
            WeightMatrix weights = WeightMatrix.of(
                    WeightFormat.BF16, 16, 64, Samples.file(new Random(1), WeightFormat.BF16, 16, 64, gone), gone);
            gone.close();
            FloatMatrix in = FloatMatrix.allocate(1, 64, arena);
            FloatMatrix out = FloatMatrix.allocate(1, 16, arena);
            assertThatThrownBy(() -> compute.matmul(in, 1, Compute.Projection.into(weights, out)))
                    .isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void sizesThatDoNotFitAreRefusedByNumber() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment file = arena.allocate(100);
            assertThatThrownBy(() -> WeightMatrix.of(WeightFormat.Q8_0, 2, 33, file, arena))
                    .hasMessage("columns 33, Q8_0 needs a multiple of 32");
            assertThatThrownBy(() -> WeightMatrix.of(WeightFormat.Q4_K, 2, 288, file, arena))
                    .hasMessage("columns 288, Q4_K needs a multiple of 256");
            assertThatThrownBy(() -> WeightMatrix.of(WeightFormat.Q8_0, 2, 64, file, arena))
                    .hasMessage("weights of 100 bytes, 2 × 64 Q8_0 takes 136");
            assertThatThrownBy(() -> WeightMatrix.of(WeightFormat.F32, 0, 64, file, arena))
                    .hasMessage("matrix of 0 × 64, both must be positive");
            assertThatThrownBy(
                            () -> WeightMatrix.of(WeightFormat.F32, 1, 1, MemorySegment.ofArray(new float[1]), arena))
                    .hasMessage("weights on the heap, they must be off-heap");
        }
    }

    @ParameterizedTest
    @EnumSource
    void everyProviderPacksTheSameBytes(WeightFormat format) {
        if (!format.quantized()) return;
        for (String provider : Providers.fast()) {
            for (int rows : new int[] {1, 16, 37, 600}) {
                try (Arena arena = Arena.ofShared();
                        Compute compute = Compute.open(provider, 2, 1, 512)) {
                    MemorySegment file = Samples.file(new Random(rows), format, rows, 512, arena);
                    WeightMatrix expected = WeightMatrix.of(format, rows, 512, file, arena);
                    WeightMatrix actual = compute.weights(format, rows, 512, file, arena);
                    assertThat(actual.data().mismatch(expected.data()))
                            .as(provider + ", " + rows + " rows")
                            .isEqualTo(-1);
                }
            }
        }
    }
}
