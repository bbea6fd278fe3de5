package dev.redoubt.serve.schema;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.base.json.StrictJson;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;

/// Plain data as a JSON text. Bytes are base64, a tensor is arrays inside arrays.
public final class JsonBody {
    private static final StrictJson READER = new StrictJson(JsonLimits.REQUEST);
    private static final JsonFactory WRITERS = new JsonFactory();

    private JsonBody() {}

    /// @throws ServeException with status 400 if it breaks the grammar or a bound
    public static JsonNode read(byte[] text) {
        try {
            return READER.parse(text);
        } catch (JsonRefusal refusal) {
            if (!refusal.duplicateField().isEmpty())
                throw ServeException.ofField(
                        ErrorCode.DUPLICATE_FIELD, refusal.duplicateField(), refusal.duplicateField());
            throw ServeException.of(ErrorCode.INVALID_JSON, refusal.problem(), refusal.line(), refusal.column());
        }
    }

    /// @param node every number in it is finite
    public static byte[] write(JsonNode node) {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        try (JsonGenerator out = WRITERS.createGenerator(ObjectWriteContext.empty(), text)) {
            write(node, out);
        }
        return text.toByteArray();
    }

    /// As [#write(JsonNode)], as a string.
    public static String text(JsonNode node) {
        return new String(write(node), StandardCharsets.UTF_8);
    }

    private static void write(JsonNode node, JsonGenerator out) {
        switch (node.getNodeType()) {
            case OBJECT -> {
                out.writeStartObject();
                for (Map.Entry<String, JsonNode> field : node.properties()) {
                    out.writeName(field.getKey());
                    write(field.getValue(), out);
                }
                out.writeEndObject();
            }
            case ARRAY -> {
                out.writeStartArray();
                for (int i = 0; i < node.size(); i++) write(node.get(i), out);
                out.writeEndArray();
            }
            case STRING -> out.writeString(node.stringValue());
            case BOOLEAN -> out.writeBoolean(node.booleanValue());
            case NULL -> out.writeNull();
            case BINARY -> out.writeBinary(node.binaryValue());
            case NUMBER -> number(node, out);
            case POJO -> new Elements(Tensor.of(node), out).write(0);
            case MISSING -> throw new IllegalArgumentException("a missing value is none");
        }
    }

    private static void number(JsonNode node, JsonGenerator out) {
        switch (node.numberType()) {
            case INT -> out.writeNumber(node.intValue());
            case LONG -> out.writeNumber(node.longValue());
            case FLOAT -> out.writeNumber(node.floatValue());
            case DOUBLE -> out.writeNumber(node.doubleValue());
            case BIG_INTEGER -> out.writeNumber(node.bigIntegerValue());
            case BIG_DECIMAL -> out.writeNumber(node.decimalValue());
        }
    }

    private static final class Elements {
        private final Tensor tensor;
        private final List<Integer> shape;
        private final JsonGenerator out;
        private long index;

        Elements(Tensor tensor, JsonGenerator out) {
            this.tensor = tensor;
            this.shape = tensor.shape();
            this.out = out;
        }

        void write(int level) {
            if (level == shape.size()) {
                element();
                return;
            }
            out.writeStartArray();
            for (int i = 0; i < shape.get(level); i++) write(level + 1);
            out.writeEndArray();
        }

        private void element() {
            long at = index++;
            switch (tensor.dtype()) {
                case F32 -> out.writeNumber(tensor.floatAt(at));
                case F64 -> out.writeNumber(tensor.doubleAt(at));
                case I32, I64, U8, I8 -> out.writeNumber(tensor.longAt(at));
                case BOOL -> out.writeBoolean(tensor.longAt(at) != 0);
            }
        }
    }
}
