package dev.redoubt.serve.schema;

import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// A schema as JSON Schema (2020-12), for people and for generators of clients: it says every limit that
/// [SchemaCheck] keeps.
public final class JsonSchema {
    private final boolean packed;

    private JsonSchema(boolean packed) {
        this.packed = packed;
    }

    /// A new node.
    public static ObjectNode of(Schema schema) {
        return new JsonSchema(false).node(schema);
    }

    /// A new node, of the value as [MessagePackBody] writes it: tensors as maps, bytes as bytes.
    public static ObjectNode packed(Schema schema) {
        return new JsonSchema(true).node(schema);
    }

    private ObjectNode node(Schema schema) {
        return switch (schema) {
            case Schema.Text() -> type("string");
            case Schema.Whole(long min, long max) ->
                type("integer").put("minimum", min).put("maximum", max);
            case Schema.Real(double min, double max) ->
                type("number").put("minimum", min).put("maximum", max);
            case Schema.Bool() -> type("boolean");
            case Schema.Choice(List<String> names) -> {
                ObjectNode choice = type("string");
                ArrayNode all = choice.putArray("enum");
                names.forEach(all::add);
                yield choice;
            }
            case Schema.Binary() -> packed ? bytes() : type("string").put("contentEncoding", "base64");
            case Schema.Many(Schema item) -> {
                ObjectNode many = type("array").put("maxItems", SchemaCheck.ITEMS_MAX);
                many.set("items", node(item));
                yield many;
            }
            case Schema.Table(Schema value) -> table(value);
            case Schema.Box(DType dtype, List<Integer> shape) -> packed ? map(dtype, shape) : box(dtype, shape);
            case Schema.Fields(List<Schema.Field> fields) -> fields(fields);
        };
    }

    private ObjectNode table(Schema value) {
        ObjectNode table = type("object").put("maxProperties", SchemaCheck.ITEMS_MAX);
        table.putObject("propertyNames").put("minLength", 1).put("maxLength", SchemaCheck.NAME_LENGTH_MAX);
        table.set("additionalProperties", node(value));
        return table;
    }

    /// Arrays inside arrays, the innermost of elements. `x-dtype` and `x-shape` say the same in one place.
    private static ObjectNode box(DType dtype, List<Integer> shape) {
        ObjectNode box = element(dtype);
        for (int size : shape.reversed()) {
            ObjectNode row = type("array");
            if (size >= 0) row.put("minItems", size).put("maxItems", size);
            row.set("items", box);
            box = row;
        }
        ArrayNode sizes = box.put("x-dtype", dtype.name()).putArray("x-shape");
        shape.forEach(sizes::add);
        return box;
    }

    private static ObjectNode map(DType dtype, List<Integer> shape) {
        ObjectNode map = type("object");
        ObjectNode properties = map.putObject("properties");
        properties.putObject(MessagePackBody.DTYPE).put("const", dtype.name());
        ArrayNode sizes = properties
                .putObject(MessagePackBody.SHAPE)
                .put("type", "array")
                .put("items", false)
                .putArray("prefixItems");
        for (int size : shape) {
            ObjectNode one = type("integer");
            sizes.add(size < 0 ? one.put("minimum", 0) : one.put("const", size));
        }
        properties.set(MessagePackBody.DATA, bytes());
        map.putArray("required")
                .add(MessagePackBody.DTYPE)
                .add(MessagePackBody.SHAPE)
                .add(MessagePackBody.DATA);
        return map.put("additionalProperties", false);
    }

    private static ObjectNode bytes() {
        return type("string").put("contentMediaType", "application/octet-stream");
    }

    private static ObjectNode element(DType dtype) {
        return switch (dtype) {
            case F32 -> number(-Float.MAX_VALUE, Float.MAX_VALUE);
            case F64 -> number(-Double.MAX_VALUE, Double.MAX_VALUE);
            case I32 -> whole(Integer.MIN_VALUE, Integer.MAX_VALUE);
            case I64 -> whole(Long.MIN_VALUE, Long.MAX_VALUE);
            case U8 -> whole(0, 255);
            case I8 -> whole(Byte.MIN_VALUE, Byte.MAX_VALUE);
            case BOOL -> type("boolean");
        };
    }

    private static ObjectNode number(double min, double max) {
        return type("number").put("minimum", min).put("maximum", max);
    }

    private static ObjectNode whole(long min, long max) {
        return type("integer").put("minimum", min).put("maximum", max);
    }

    private ObjectNode fields(List<Schema.Field> fields) {
        ObjectNode object = type("object");
        ObjectNode properties = object.putObject("properties");
        ArrayNode required = JsonNodeFactory.instance.arrayNode();
        for (Schema.Field field : fields) {
            JsonNode inner = node(field.schema());
            properties.set(field.name(), field.required() ? inner : orNull(inner));
            if (field.required()) required.add(field.name());
        }
        if (!required.isEmpty()) object.set("required", required);
        return object.put("additionalProperties", false);
    }

    private static ObjectNode orNull(JsonNode schema) {
        ObjectNode either = JsonNodeFactory.instance.objectNode();
        either.putArray("anyOf").add(schema).add(type("null"));
        return either;
    }

    private static ObjectNode type(String name) {
        return JsonNodeFactory.instance.objectNode().put("type", name);
    }
}
