package dev.redoubt.base.config;

import dev.redoubt.base.config.ConfigValue.Entries;
import dev.redoubt.base.config.ConfigValue.Entry;
import dev.redoubt.base.config.ConfigValue.Items;
import dev.redoubt.base.config.ConfigValue.Scalar;
import java.math.BigDecimal;
import java.util.Optional;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// Settings that are somebody else's, turned into JSON. What stands without quotes and looks like a number,
/// `true`, `false` or `null` in JSON is one; everything else is a text.
final class PlainData extends SettingType<JsonNode> {
    private static final Pattern NUMBER =
            Pattern.compile("-?(?:0|[1-9][0-9]{0,30})(?:\\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,3})?");
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    @Override
    public String allowed() {
        return "plain data";
    }

    @Override
    Optional<JsonNode> read(String path, ConfigValue value, ConfigProblems problems) {
        return Optional.of(json(value));
    }

    private static JsonNode json(ConfigValue value) {
        return switch (value) {
            case Scalar scalar -> scalar(scalar);
            case Items list -> {
                ArrayNode items = NODES.arrayNode();
                for (ConfigValue item : list.items()) items.add(json(item));
                yield items;
            }
            case Entries map -> {
                ObjectNode fields = NODES.objectNode();
                for (Entry entry : map.entries()) fields.set(entry.written(), json(entry.value()));
                yield fields;
            }
        };
    }

    private static JsonNode scalar(Scalar scalar) {
        String text = scalar.text();
        if (!scalar.plain()) return NODES.stringNode(text);
        return switch (text) {
            case "true", "false" -> NODES.booleanNode(text.equals("true"));
            case "null", "~", "" -> NODES.nullNode();
            default ->
                NUMBER.matcher(text).matches() && Double.isFinite(Double.parseDouble(text))
                        ? number(text)
                        : NODES.stringNode(text);
        };
    }

    private static JsonNode number(String text) {
        BigDecimal exact = new BigDecimal(text);
        boolean whole = text.chars().noneMatch(c -> c == '.' || c == 'e' || c == 'E');
        if (whole && exact.precision() <= 18) return NODES.numberNode(exact.longValueExact());
        return whole ? NODES.numberNode(exact.toBigInteger()) : NODES.numberNode(exact.doubleValue());
    }
}
