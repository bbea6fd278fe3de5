package dev.redoubt.serve.schema;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

final class ImageLimitTest {
    private static final List<Schema> IMAGES = List.of(new Schema.Binary(), new Schema.Box(DType.U8, List.of(-1)));

    private static JsonNode value(Schema schema, int bytes) {
        return schema instanceof Schema.Box
                ? Tensor.written(DType.U8, List.of(bytes), ignored -> {}).node()
                : JsonNodeFactory.instance.binaryNode(new byte[bytes]);
    }

    @Test
    void R5_1_anImageHasTenMillionBytesAtMost() {
        for (Schema schema : IMAGES) {
            SchemaCheck.check(schema, value(schema, ImageLimit.BYTES_MAX));
            assertThatThrownBy(() -> SchemaCheck.check(schema, value(schema, ImageLimit.BYTES_MAX + 1)))
                    .hasMessageContaining("10000001 bytes")
                    .hasMessageContaining("at most 10000000");
        }
    }

    @Test
    void aTensorOfNumbersIsNoImage() {
        Tensor large = Tensor.written(DType.F32, List.of(ImageLimit.BYTES_MAX / 4 + 1), ignored -> {});
        SchemaCheck.check(new Schema.Box(DType.F32, List.of(-1)), large.node());
    }
}
