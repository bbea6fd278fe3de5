package dev.redoubt.serve.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

class SafetensorsBodyTest {
    private static final Schema FIELDS = new Schema.Fields(List.of());
    private static final Schema BOX = new Schema.Box(DType.F32, List.of(-1));
    private static final long SEED = 20261128;

    private static byte[] body(String header, int dataBytes) {
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + text.length + dataBytes)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(text.length)
                .put(text)
                .array();
    }

    private static ServeException refusal(byte[] body) {
        return catchThrowableOfType(ServeException.class, () -> SafetensorsBody.read(body, FIELDS));
    }

    private static void refused(String header, int dataBytes, String problem) {
        ServeException refusal = refusal(body(header, dataBytes));
        assertThat(refusal).as(header).isNotNull();
        assertThat(refusal.code()).as(header).isEqualTo(ErrorCode.INVALID_BODY);
        assertThat(refusal)
                .hasMessageStartingWith("body is not valid safetensors: ")
                .hasMessageContaining(problem);
    }

    private static String tensor(String name, String dtype, String shape, int begin, int end) {
        return "\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%d,%d]}"
                .formatted(name, dtype, shape, begin, end);
    }

    private static byte[] two() {
        ObjectNode tensors = JsonNodeFactory.instance.objectNode();
        tensors.set("a", Tensor.of(List.of(2), 1, -2).node());
        tensors.set(
                "b",
                Tensor.written(DType.I64, List.of(1, 1), data -> data.fill((byte) 1))
                        .node());
        return SafetensorsBody.write(tensors);
    }

    @Test
    void whatIsWrittenIsReadAgain() {
        JsonNode tensors = SafetensorsBody.read(two(), FIELDS);
        assertThat(tensors.propertyNames()).containsExactly("a", "b");
        assertThat(Tensor.of(tensors.get("a"))).isEqualTo(Tensor.of(List.of(2), 1, -2));
        assertThat(Tensor.of(tensors.get("b")).longAt(0)).isEqualTo(0x0101010101010101L);
    }

    @Test
    void oneTensorIsTheInputWhereTheSchemaIsATensor() {
        byte[] body = SafetensorsBody.write(Tensor.of(List.of(1), 5).node());
        assertThat(Tensor.of(SafetensorsBody.read(body, BOX))).isEqualTo(Tensor.of(List.of(1), 5));
        assertThat(SafetensorsBody.read(body, FIELDS).propertyNames()).containsExactly("output");
        JsonNode text = JsonNodeFactory.instance.objectNode().put("a", "text");
        assertThatIllegalArgumentException().isThrownBy(() -> SafetensorsBody.write(text));
    }

    @Test
    void metadataIsTextAndIgnored() {
        String one = tensor("a", "F32", "[1]", 0, 4);
        assertThat(SafetensorsBody.read(body("{\"__metadata__\":{\"k\":\"v\"}," + one + "}   ", 4), FIELDS)
                        .propertyNames())
                .containsExactly("a");
        refused("{\"__metadata__\":{\"k\":1}," + one + "}", 4, "metadata that is no text");
    }

    @Test
    void R1_7_overlapsHolesAndRestsAreRefused() {
        refused("{" + tensor("a", "F32", "[1]", 4, 8) + "}", 8, "a hole");
        refused("{" + tensor("a", "F32", "[1]", 0, 4) + "," + tensor("b", "F32", "[1]", 0, 4) + "}", 4, "overlaps");
        refused("{" + tensor("a", "F32", "[1]", 0, 4) + "," + tensor("b", "F32", "[1]", 2, 6) + "}", 6, "overlaps");
        refused("{" + tensor("a", "F32", "[1]", 0, 4) + "}", 5, "bytes that belong to no tensor");
        refused("{" + tensor("a", "F32", "[1]", 0, 4) + "}", 3, "a tensor goes past the end");
        refused("{" + tensor("a", "F32", "[2]", 0, 4) + "}", 4, "say 8 bytes, the data are 4");
        refused("{" + tensor("a", "F32", "[2]", 4, 0) + "}", 4, "a hole");
    }

    @Test
    void R3_2_headersThatAreNotExactlyThatAreRefused() {
        String one = tensor("a", "F32", "[1]", 0, 4);
        refused("{" + one + "," + one + "}", 4, "holds a name twice");
        refused(" {" + one + "}", 4, "does not begin with {");
        refused("{" + one, 4, "not JSON");
        refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "exactly dtype, shape and data_offsets");
        refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"code\":1}}", 4, "exactly");
        refused("{" + tensor("a", "F32", "[-1]", 0, 4) + "}", 4, "no number of 0 to");
        refused("{" + tensor("a", "F32", "[1.0]", 0, 4) + "}", 4, "no number of 0 to");
        refused("{" + tensor("a", "F32", "[9999999999]", 0, 4) + "}", 4, "no number of 0 to");
        refused("{" + tensor("a", "F32", "[2147483647,2147483647]", 0, 4) + "}", 4, "a shape of more than");
        refused("{" + tensor("a", "F32", "[1,1,1,1,1,1,1,1,1]", 0, 4) + "}", 4, "has over 8");
        assertThat(refusal(body("{" + tensor("a", "BF16", "[2]", 0, 4) + "}", 4))
                        .field())
                .hasValue("dtype");
    }

    @Test
    void R3_2_aHeaderLengthIsBelievedOnlyAsFarAsBytesFollow() {
        for (long length : new long[] {-1, 0, 1, Long.MAX_VALUE, 1 << 20}) {
            byte[] body = ByteBuffer.allocate(16)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(length)
                    .array();
            assertThat(refusal(body)).as("length %s", length).hasMessageContaining("a header length that is not");
        }
        byte[] body = ByteBuffer.allocate(16)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(200_000)
                .array();
        assertThat(refusal(body)).hasMessageContaining("the header goes past the end");
    }

    @Test
    void R3_2_everyTruncationIsRefusedAndNoBytesDoAnythingElse() {
        byte[] whole = two();
        for (int length = 0; length < whole.length; length++)
            assertThat(refusal(Arrays.copyOf(whole, length)))
                    .as("%s bytes", length)
                    .isNotNull();
        Random random = new Random(SEED);
        int refusals = 0;
        for (int round = 0; round < 10_000; round++) {
            byte[] body = whole.clone();
            for (int i = 0; i < 2; i++) body[random.nextInt(body.length)] = (byte) random.nextInt(256);
            try {
                SafetensorsBody.read(body, FIELDS);
            } catch (ServeException expected) { // anything else fails the test
                refusals++;
            }
        }
        assertThat(refusals).isPositive();
    }
}
