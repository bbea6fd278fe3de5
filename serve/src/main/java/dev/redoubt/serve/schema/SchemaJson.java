package dev.redoubt.serve.schema;

import dev.redoubt.base.Check;
import dev.redoubt.base.json.JsonLimits;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// A schema as JSON, the way a worker process tells of its own: `{"type": "many", "item": {"type": "text"}}`.
public final class SchemaJson {
    /// Of a text with a schema in it: each level of fields takes three of JSON.
    public static final JsonLimits LIMITS = new JsonLimits(1 << 20, 48, 100_000, 4_096, 256, 32);

    private static final int FIELDS_MAX = 1_000;
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private SchemaJson() {}

    public static JsonNode write(Schema schema) {
        return switch (schema) {
            case Schema.Text() -> type("text");
            case Schema.Whole(long min, long max) ->
                type("whole").put("min", min).put("max", max);
            case Schema.Real(double min, double max) ->
                type("real").put("min", min).put("max", max);
            case Schema.Bool() -> type("bool");
            case Schema.Choice(List<String> names) -> {
                ArrayNode array = NODES.arrayNode();
                names.forEach(array::add);
                yield type("choice").set("names", array);
            }
            case Schema.Binary() -> type("binary");
            case Schema.Many(Schema item) -> type("many").set("item", write(item));
            case Schema.Table(Schema value) -> type("table").set("value", write(value));
            case Schema.Box(DType dtype, List<Integer> shape) -> {
                ArrayNode array = NODES.arrayNode();
                shape.forEach(array::add);
                yield type("box").put("dtype", dtype.name()).set("shape", array);
            }
            case Schema.Fields(List<Schema.Field> fields) -> {
                ArrayNode array = NODES.arrayNode();
                for (Schema.Field field : fields)
                    array.add(NODES.objectNode()
                            .put("name", field.name())
                            .put("required", field.required())
                            .set("schema", write(field.schema())));
                yield type("fields").set("fields", array);
            }
        };
    }

    private static ObjectNode type(String name) {
        return NODES.objectNode().put("type", name);
    }

    /// @param node of a text within [#LIMITS]
    /// @throws IllegalArgumentException if it is not exactly what [#write] makes
    public static Schema read(JsonNode node) {
        String type = text(node, "type");
        return switch (type) {
            case "text" -> only(node, new Schema.Text());
            case "whole" -> only(node, new Schema.Whole(whole(node, "min"), whole(node, "max")), "min", "max");
            case "real" -> only(node, new Schema.Real(real(node, "min"), real(node, "max")), "min", "max");
            case "bool" -> only(node, new Schema.Bool());
            case "choice" -> only(node, new Schema.Choice(names(array(node, "names"))), "names");
            case "binary" -> only(node, new Schema.Binary());
            case "many" -> only(node, new Schema.Many(read(field(node, "item"))), "item");
            case "table" -> only(node, new Schema.Table(read(field(node, "value"))), "value");
            case "box" ->
                only(node, new Schema.Box(dtype(text(node, "dtype")), sizes(array(node, "shape"))), "dtype", "shape");
            case "fields" -> only(node, new Schema.Fields(fields(array(node, "fields"))), "fields");
            default -> throw new IllegalArgumentException("a schema has no type '" + type + "'");
        };
    }

    private static List<Schema.Field> fields(JsonNode array) {
        List<Schema.Field> fields = new ArrayList<>();
        for (JsonNode one : array) {
            JsonNode required = field(one, "required");
            Check.that(required.isBoolean(), "'required' of a field is true or false");
            var field = new Schema.Field(text(one, "name"), read(field(one, "schema")), required.booleanValue());
            fields.add(only(one, field, "name", "required", "schema"));
        }
        return fields;
    }

    private static List<String> names(JsonNode array) {
        List<String> names = new ArrayList<>();
        for (JsonNode one : array) {
            Check.that(one.isString(), "a name of a choice is text");
            names.add(one.stringValue());
        }
        return names;
    }

    private static List<Integer> sizes(JsonNode array) {
        List<Integer> sizes = new ArrayList<>();
        for (JsonNode one : array) {
            Check.that(one.isIntegralNumber() && one.canConvertToInt(), "a size of a shape is a whole number");
            sizes.add(one.intValue());
        }
        return sizes;
    }

    private static DType dtype(String name) {
        for (DType dtype : DType.values()) if (dtype.name().equals(name)) return dtype;
        throw new IllegalArgumentException("there is no dtype '" + name + "'");
    }

    private static String text(JsonNode node, String name) {
        JsonNode field = field(node, name);
        Check.that(field.isString(), "'%s' of a schema is text", name);
        return field.stringValue();
    }

    private static long whole(JsonNode node, String name) {
        JsonNode field = field(node, name);
        Check.that(field.isIntegralNumber() && field.canConvertToLong(), "'%s' of a schema is a whole number", name);
        return field.longValue();
    }

    private static double real(JsonNode node, String name) {
        JsonNode field = field(node, name);
        Check.that(field.isNumber(), "'%s' of a schema is a number", name);
        return SchemaCheck.number(field);
    }

    private static JsonNode array(JsonNode node, String name) {
        JsonNode field = field(node, name);
        Check.that(field.isArray() && field.size() <= FIELDS_MAX, "'%s' of a schema is at most %s", name, FIELDS_MAX);
        return field;
    }

    private static JsonNode field(JsonNode node, String name) {
        JsonNode field = node.get(name);
        Check.that(field != null, "a schema of this type has '%s'", name);
        return field;
    }

    private static <T> T only(JsonNode node, T made, String... names) {
        Set<String> known = Set.of(names);
        for (String name : node.propertyNames())
            Check.that(
                    known.contains(name) || (name.equals("type") && made instanceof Schema),
                    "a schema of this type has no '%s'",
                    name);
        return made;
    }
}
