package dev.redoubt.gateway;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.serve.replica.RoutePattern;
import dev.redoubt.serve.schema.Schema;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// Makes the input of a call out of a route's path with the query or the body. A word becomes what the schema says
/// its component is; what cannot be that is refused by the component's name (R3.4). Whether the whole fits is
/// [dev.redoubt.serve.schema.SchemaCheck]'s to say.
final class CallInput {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    private static final Pattern WHOLE = Pattern.compile("-?(?:0|[1-9][0-9]{0,63})");
    private static final Pattern REAL =
            Pattern.compile("-?(?:0|[1-9][0-9]{0,63})(?:\\.[0-9]{1,64})?(?:[eE][+-]?[0-9]{1,4})?");

    private final Schema.Fields fields;

    private CallInput(Schema.Fields fields) {
        this.fields = fields;
    }

    /// What is left for the body to say.
    ///
    /// @param path the names that the path says
    static Schema besidePath(Schema schema, Set<String> path) {
        if (path.isEmpty() || !(schema instanceof Schema.Fields(List<Schema.Field> fields))) return schema;
        return new Schema.Fields(
                fields.stream().filter(field -> !path.contains(field.name())).toList());
    }

    /// @param path what stands for each parameter of the route, as it came
    /// @param body as it was decoded; takes in the path's values
    static JsonNode ofBody(Schema schema, Map<String, String> path, JsonNode body) {
        if (!(schema instanceof Schema.Fields fields) || !(body instanceof ObjectNode object)) return body;
        path.forEach((name, value) -> {
            if (object.has(name)) throw ServeException.ofField(ErrorCode.DUPLICATE_FIELD, name, name);
        });
        new CallInput(fields).putAll(path, object);
        return object;
    }

    /// @param query as it came; empty where there is none
    static JsonNode ofQuery(Schema schema, Map<String, String> path, String query) {
        ObjectNode input = NODES.objectNode();
        if (!(schema instanceof Schema.Fields fields)) return input;
        CallInput maker = new CallInput(fields);
        maker.putAll(path, input);
        if (query.isEmpty()) return input;
        for (String pair : query.split("&", -1)) {
            int equals = pair.indexOf('=');
            String name = equals < 0 ? pair : pair.substring(0, equals);
            maker.add(name, equals < 0 ? "" : pair.substring(equals + 1).replace('+', ' '), input);
        }
        return input;
    }

    private void putAll(Map<String, String> path, ObjectNode input) {
        path.forEach((name, value) -> input.set(name, word(schema(name).orElseThrow(), name, decoded(name, value))));
    }

    private void add(String name, String value, ObjectNode input) {
        Schema schema = schema(name).orElseThrow(() -> ServeException.ofField(ErrorCode.UNKNOWN_FIELD, name, name));
        @Nullable JsonNode before = input.get(name);
        if (schema instanceof Schema.Many(Schema item) && RoutePattern.isScalar(item)) {
            ArrayNode all = before instanceof ArrayNode begun ? begun : input.putArray(name);
            all.add(word(item, name, decoded(name, value)));
            return;
        }
        if (!inQuery(schema)) throw ServeException.ofField(ErrorCode.UNSUPPORTED_FIELD, name, name);
        if (before != null) throw ServeException.ofField(ErrorCode.DUPLICATE_FIELD, name, name);
        input.set(name, word(schema, name, decoded(name, value)));
    }

    /// Whether a query can say it: one word, or a word for each item.
    static boolean inQuery(Schema schema) {
        return RoutePattern.isScalar(schema)
                || (schema instanceof Schema.Many(Schema item) && RoutePattern.isScalar(item));
    }

    private Optional<Schema> schema(String name) {
        for (Schema.Field field : fields.fields()) if (field.name().equals(name)) return Optional.of(field.schema());
        return Optional.empty();
    }

    private static JsonNode word(Schema schema, String name, String text) {
        return switch (schema) {
            case Schema.Whole whole -> {
                if (!WHOLE.matcher(text).matches()) throw wrong(name, "a whole number");
                BigInteger number = new BigInteger(text);
                yield number.bitLength() < Long.SIZE ? NODES.numberNode(number.longValue()) : NODES.numberNode(number);
            }
            case Schema.Real real -> {
                if (!REAL.matcher(text).matches()) throw wrong(name, "a number");
                yield NODES.numberNode(Double.parseDouble(text));
            }
            case Schema.Bool bool -> {
                if (!text.equals("true") && !text.equals("false")) throw wrong(name, "true or false");
                yield NODES.booleanNode(text.equals("true"));
            }
            default -> NODES.stringNode(text);
        };
    }

    /// Percent-encoded UTF-8 and nothing else.
    private static String decoded(String name, String text) {
        ByteBuffer bytes = ByteBuffer.allocate(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '%') {
                if (i + 2 >= text.length()
                        || !HexFormat.isHexDigit(text.charAt(i + 1))
                        || !HexFormat.isHexDigit(text.charAt(i + 2))) throw wrong(name, "percent-encoded UTF-8");
                bytes.put((byte) HexFormat.fromHexDigits(text, i + 1, i + 3));
                i += 2;
            } else if (c < ' ' || c > '~') throw wrong(name, "percent-encoded UTF-8");
            else bytes.put((byte) c);
        }
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(bytes.flip()).toString();
        } catch (CharacterCodingException e) {
            throw wrong(name, "percent-encoded UTF-8");
        }
    }

    private static ServeException wrong(String name, String expected) {
        return ServeException.ofField(ErrorCode.WRONG_TYPE, name, name, expected);
    }
}
