package dev.redoubt.serve.schema;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import tools.jackson.databind.JsonNode;

/// Tensors in a body become what the schema says or an error of the closed table (R1.7, R3.2): as a safetensors file,
/// and as raw elements after a line with dtype and shape, which a request has in its headers.
public final class TensorsFuzz {
    private static final Schema BOX = new Schema.Box(DType.F32, List.of(-1, 2));
    private static final Schema FIELDS = new Schema.Fields(List.of(
            new Schema.Field("image", new Schema.Box(DType.U8, List.of(-1, -1)), true),
            new Schema.Field("mask", new Schema.Box(DType.BOOL, List.of(-1)), false)));

    private interface Read {
        JsonNode from(byte[] input);
    }

    private TensorsFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) {
        check(BOX, body -> SafetensorsBody.read(body, BOX), input);
        check(FIELDS, body -> SafetensorsBody.read(body, FIELDS), input);
        check(BOX, TensorsFuzz::raw, input);
    }

    private static JsonNode raw(byte[] input) {
        int line = 0;
        while (line < input.length && input[line] != '\n') line++;
        String[] head = new String(input, 0, line, StandardCharsets.ISO_8859_1).split(" ", 2);
        byte[] elements = Arrays.copyOfRange(input, Math.min(line + 1, input.length), input.length);
        return TensorBody.read(head[0], head.length < 2 ? "" : head[1], elements)
                .node();
    }

    private static void check(Schema schema, Read read, byte[] input) {
        JsonNode value;
        try {
            value = read.from(input);
            SchemaCheck.check(schema, value);
        } catch (ServeException refused) {
            if (refused.code() == ErrorCode.INTERNAL) throw refused;
            return;
        }
        byte[] written = SafetensorsBody.write(value);
        if (!Arrays.equals(written, SafetensorsBody.write(SafetensorsBody.read(written, schema))))
            throw new IllegalStateException("what was written is read as something else");
    }
}
