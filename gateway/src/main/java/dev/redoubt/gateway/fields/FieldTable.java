package dev.redoubt.gateway.fields;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// The fields that a JSON object may have; no others. Immutable.
///
/// A null is the same as an absent field, since clients send nulls for what they leave out; but an unknown name
/// is refused whatever its value (R3.4).
public final class FieldTable implements FieldType<FieldValues> {
    private final Map<String, Field<?>> byName = new LinkedHashMap<>();
    private final Set<String> unsupported;

    /// @param unsupported names that other servers know and this one does not: refused by an error that says so
    public FieldTable(List<Field<?>> fields, Set<String> unsupported) {
        for (Field<?> field : fields) byName.put(field.name(), field);
        this.unsupported = Set.copyOf(unsupported);
    }

    /// @param path of the object in the body; empty for the body itself
    /// @throws ServeException naming the first field that is unknown, unsupported, of the wrong type or out of
    ///     range; then the first that is missing
    @Override
    public FieldValues decode(String path, JsonNode node) {
        if (!node.isObject()) throw wrongType(path.isEmpty() ? "body" : path, "a JSON object");
        Map<Field<?>, Object> values = new HashMap<>();
        for (Map.Entry<String, JsonNode> entry : node.properties()) {
            String name = entry.getKey();
            String at = path.isEmpty() ? name : path + "." + name;
            JsonNode value = entry.getValue();
            Field<?> field = byName.get(name);
            if (field == null && !unsupported.contains(name))
                throw ServeException.ofField(ErrorCode.UNKNOWN_FIELD, at, at);
            if (value.isNull()) continue;
            if (field == null) throw ServeException.ofField(ErrorCode.UNSUPPORTED_FIELD, at, at);
            values.put(field, field.type().decode(at, value));
        }
        for (Field<?> field : byName.values()) {
            String at = path.isEmpty() ? field.name() : path + "." + field.name();
            if (field.required() && !values.containsKey(field))
                throw ServeException.ofField(ErrorCode.MISSING_FIELD, at, at);
        }
        return new FieldValues(values);
    }

    @Override
    public ObjectNode schema() {
        ObjectNode schema = JsonNodeFactory.instance.objectNode().put("type", "object");
        ObjectNode properties = schema.putObject("properties");
        ArrayNode required = JsonNodeFactory.instance.arrayNode();
        for (Field<?> field : byName.values()) {
            properties.set(field.name(), field.type().schema().put("description", field.about()));
            if (field.required()) required.add(field.name());
        }
        if (!required.isEmpty()) schema.set("required", required);
        return schema.put("additionalProperties", false);
    }

    static ServeException wrongType(String path, String expected) {
        return ServeException.ofField(ErrorCode.WRONG_TYPE, path, path, expected);
    }
}
