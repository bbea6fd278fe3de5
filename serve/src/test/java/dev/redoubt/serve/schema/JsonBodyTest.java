package dev.redoubt.serve.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.JsonNodeFactory;

class JsonBodyTest {
    private static ErrorCode refusal(String text) {
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        return catchThrowableOfType(ServeException.class, () -> JsonBody.read(body))
                .code();
    }

    @Test
    void R3_4_textsThatAreNotStrictJsonAreRefused() {
        assertThat(refusal("{\"a\":1,\"a\":2}")).isEqualTo(ErrorCode.DUPLICATE_FIELD);
        assertThat(refusal("{\"a\":NaN}")).isEqualTo(ErrorCode.INVALID_JSON);
        assertThat(refusal("[".repeat(11) + "]".repeat(11))).isEqualTo(ErrorCode.INVALID_JSON);
        assertThat(refusal("{} {}")).isEqualTo(ErrorCode.INVALID_JSON);
    }

    @Test
    void bytesAreBase64AndTensorsAreArrays() {
        var tree = JsonNodeFactory.instance.objectNode();
        tree.put("bytes", new byte[] {0, 1, 2}).put("text", "é\"").putNull("none");
        tree.put("float", 0.1f).put("double", 0.1).put("long", 9007199254740993L);
        tree.set("box", Tensor.of(List.of(2, 1, 2), 1, 0.1f, -3, 4).node());
        tree.set("empty", Tensor.of(List.of(0, 3)).node());
        tree.set(
                "flags",
                Tensor.written(
                                DType.BOOL,
                                List.of(2),
                                data -> data.set(java.lang.foreign.ValueLayout.JAVA_BYTE, 1, (byte) 1))
                        .node());
        assertThat(JsonBody.text(tree))
                .isEqualTo("{\"bytes\":\"AAEC\",\"text\":\"é\\\"\",\"none\":null,\"float\":0.1,\"double\":0.1,"
                        + "\"long\":9007199254740993,\"box\":[[[1.0,0.1]],[[-3.0,4.0]]],\"empty\":[],"
                        + "\"flags\":[false,true]}");
    }
}
