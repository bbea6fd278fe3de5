package dev.redoubt.trust;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class GgufReaderTest {
    private static GgufReader.Contents read(byte[] bytes) {
        return GgufReader.read(MemorySegment.ofArray(bytes));
    }

    @Test
    void versionsTwoAndThreeAreRead() {
        byte[] bytes = TinyModels.gguf(2);
        assertThat(read(bytes).tensors()).containsOnlyKeys("token_embd.weight");
        bytes[4] = 2;
        assertThat(read(bytes).metadata().string("general.architecture")).contains("llama");
    }

    @Test
    void V4_3_everyTruncationIsRefused() {
        byte[] bytes = TinyModels.gguf(1);
        for (int length = 0; length < bytes.length; length++) {
            byte[] cut = Arrays.copyOf(bytes, length);
            assertThatThrownBy(() -> read(cut)).as("cut to %d bytes", length).isInstanceOf(ArtifactException.class);
        }
    }

    @Test
    void V4_3_paddingThatHidesBytesIsRefused() {
        byte[] bytes = TinyModels.gguf(1);
        bytes[bytes.length - 33] = 1; // just before the tensor data
        List<MemorySegment> padding = read(bytes).padding();
        assertThatThrownBy(() -> padding.forEach(WeightScan::checkPadding)).hasMessageContaining("padding");
    }

    @Test
    void V4_3_memoryStaysInProportionToArraysInAll() {
        var out = new ByteArrayOutputStream(); // three arrays of 4 Mi bytes each: 12 MiB that would take 96 MiB
        ByteBuffer head = ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN);
        out.writeBytes(head.putInt(0x46554747).putInt(3).putLong(0).putLong(3).array());
        for (String key : List.of("a", "b", "c")) {
            ByteBuffer kv = ByteBuffer.allocate(8 + 1 + 4 + 4 + 8).order(ByteOrder.LITTLE_ENDIAN);
            out.writeBytes(kv.putLong(1)
                    .put((byte) key.charAt(0))
                    .putInt(9)
                    .putInt(0)
                    .putLong(4 << 20)
                    .array());
            out.writeBytes(new byte[4 << 20]);
        }
        assertThatThrownBy(() -> read(out.toByteArray())).hasMessageContaining("limit of 8388608 elements");
    }

    @Test
    void metadataOfAnotherTypeIsRefusedByName() {
        GgufMetadata metadata = read(TinyModels.gguf(1)).metadata();
        assertThatThrownBy(() -> metadata.integer("general.architecture")).hasMessageContaining("general.architecture");
        assertThat(metadata.integer("absent")).isEmpty();
        assertThat(metadata.strings("absent")).isEmpty();
        assertThat(metadata.values()).containsOnlyKeys("general.architecture");
    }

    @Test
    void V6_3_scalesOfEveryQuantizedTypeMustBeFinite() {
        for (TensorType type : TensorType.values()) {
            if (type.blockElements() == 1) continue;
            byte[] blocks = new byte[3 * type.blockBytes()];
            var tensor = new Tensor("t", type, List.of(3L, (long) type.blockElements()), MemorySegment.ofArray(blocks));
            WeightScan.check(tensor);
            int found = 0;
            for (int at = type.blockBytes(); at < 2 * type.blockBytes(); at += 2) { // NaN in the second block
                blocks[at + 1] = 0x7E;
                try {
                    WeightScan.check(tensor);
                } catch (ArtifactException e) {
                    assertThat(e.rule()).isEqualTo("V6.3");
                    assertThat(e).hasMessageContaining("block 1");
                    found++;
                }
                blocks[at + 1] = 0;
            }
            assertThat(found).as(type + ": scale and minimum").isBetween(1, 2);
        }
    }

    @Test
    void V6_3_scalesBeyondThoseOfAnyModelAreRefused() {
        byte[] blocks = new byte[2 * TensorType.Q4_1.blockBytes()];
        var tensor = new Tensor("t", TensorType.Q4_1, List.of(2L, 32L), MemorySegment.ofArray(blocks));
        blocks[23] = (byte) 0xE4; // -1024: the minimum of the second block
        WeightScan.check(tensor);
        blocks[22] = 1; // -1025
        assertThatThrownBy(() -> WeightScan.check(tensor))
                .hasMessage("tensor 't' of type Q4_1 has the scale -1025.0 in block 1, allowed is -1024 to 1024");
    }

    @Test
    void V6_3_rowsOfEveryQuantizedTypeAreWholeBlocks() {
        for (TensorType type : TensorType.values()) {
            int block = type.blockElements();
            if (block == 1) continue;
            assertThat(type.bytes(2, 3L * block)).isEqualTo(6L * type.blockBytes());
            assertThatThrownBy(() -> type.bytes(2, block + block / 2))
                    .isInstanceOf(ArithmeticException.class)
                    .hasMessage("dimension %d is not a multiple of the block of %d", block + block / 2, block);
        }
    }
}
