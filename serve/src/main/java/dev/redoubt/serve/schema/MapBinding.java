package dev.redoubt.serve.schema;

import java.lang.reflect.Type;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// A `Map<String, T>`; keeps its order.
final class MapBinding extends Binding {
    private final Binding inner;

    MapBinding(Type type, Binding inner) {
        super(type, new Schema.Table(inner.schema()));
        this.inner = inner;
    }

    @Override
    Object read(JsonNode node, FieldPath at) {
        Map<String, Object> entries = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> entry : node.properties())
            entries.put(entry.getKey(), inner.read(entry.getValue(), at.field(entry.getKey())));
        return Collections.unmodifiableMap(entries);
    }

    @Override
    public JsonNode write(Object value) {
        ObjectNode entries = JsonNodeFactory.instance.objectNode();
        for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet())
            entries.set((String) entry.getKey(), inner.write(entry.getValue()));
        return entries;
    }

    @Override
    void verify(Object value, FieldPath at) {
        if (!(value instanceof Map<?, ?> entries)) throw new BrokenValue(at, "is null or of another class");
        if (entries.size() > SchemaCheck.ITEMS_MAX)
            throw new BrokenValue(at, "has " + entries.size() + " entries, limit is " + SchemaCheck.ITEMS_MAX);
        FieldPath any = at.field("*"); // a name in a table is content
        for (Map.Entry<?, ?> entry : entries.entrySet()) {
            boolean named = entry.getKey() instanceof String name
                    && !name.isEmpty()
                    && name.length() <= SchemaCheck.NAME_LENGTH_MAX;
            if (!named) throw new BrokenValue(at, "has a name that is no text of 1 to 256 characters");
            inner.verify(entry.getValue(), any);
        }
    }
}
