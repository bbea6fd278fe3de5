package dev.redoubt.engine.template;

import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.base.json.StrictJson;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// Variables of templates from JSON.
final class Data {
    static final LocalDate DAY = LocalDate.of(2025, 7, 10);

    private Data() {}

    static JsonNode json(Path file) {
        try {
            return new StrictJson(JsonLimits.MODEL_FILE).parse(Files.readAllBytes(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (JsonRefusal e) {
            throw new IllegalStateException(file.toString(), e);
        }
    }

    static Map<String, Object> map(JsonNode object) {
        Map<String, Object> map = new LinkedHashMap<>();
        object.properties().forEach(entry -> putNullable(map, entry.getKey(), value(entry.getValue())));
        return map;
    }

    @SuppressWarnings("NullAway") // a JSON null is a template's none
    private static void putNullable(Map<String, Object> map, String key, @Nullable Object value) {
        map.put(key, value);
    }

    @SuppressWarnings("NullAway")
    static @Nullable Object value(JsonNode node) {
        if (node.isNull()) return null;
        if (node.isString()) return node.asString();
        if (node.isBoolean()) return node.asBoolean();
        if (node.isIntegralNumber()) return node.asLong();
        if (node.isNumber()) return node.asDouble();
        if (node.isObject()) return map(node);
        List<Object> items = new ArrayList<>();
        for (JsonNode item : node) items.add(value(item));
        return items;
    }
}
