package dev.redoubt.serve.schema;

import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;

/// A `List<T>`.
final class ListBinding extends Binding {
    private final Binding item;

    ListBinding(Type type, Binding item) {
        super(type, new Schema.Many(item.schema()));
        this.item = item;
    }

    @Override
    Object read(JsonNode node, FieldPath at) {
        List<Object> items = new ArrayList<>(node.size());
        for (int i = 0; i < node.size(); i++) items.add(item.read(node.get(i), at.item(i)));
        return Collections.unmodifiableList(items);
    }

    @Override
    public JsonNode write(Object value) {
        ArrayNode items = JsonNodeFactory.instance.arrayNode();
        for (Object one : (List<?>) value) items.add(item.write(one));
        return items;
    }

    @Override
    void verify(Object value, FieldPath at) {
        if (!(value instanceof List<?> items)) throw new BrokenValue(at, "is null or of another class");
        if (items.size() > SchemaCheck.ITEMS_MAX)
            throw new BrokenValue(at, "has " + items.size() + " items, limit is " + SchemaCheck.ITEMS_MAX);
        int index = 0;
        for (Object one : items) item.verify(one, at.item(index++));
    }
}
