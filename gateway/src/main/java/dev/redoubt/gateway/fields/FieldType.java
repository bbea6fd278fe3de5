package dev.redoubt.gateway.fields;

import static dev.redoubt.gateway.fields.FieldTable.wrongType;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// What a field's value must be: decodes it without any coercion (`"1"` and `1.0` are no integers, `1` is no
/// boolean) and describes it as JSON Schema.
public interface FieldType<T> {
    /// @param path of the value, for the error
    /// @throws ServeException if the value is anything else
    T decode(String path, JsonNode node);

    /// A new node.
    ObjectNode schema();

    static FieldType<Boolean> bool() {
        return of("true or false", JsonNode::isBoolean, JsonNode::booleanValue, schemaOf("boolean"));
    }

    /// Both bounds are inclusive.
    static FieldType<Long> integer(long low, long high) {
        return new FieldType<>() {
            @Override
            public Long decode(String path, JsonNode node) {
                if (!node.isIntegralNumber()) throw wrongType(path, "an integer");
                if (!node.canConvertToLong() || node.longValue() < low || node.longValue() > high)
                    throw ServeException.ofField(
                            ErrorCode.OUT_OF_RANGE, path, path, node.asString(), low + " to " + high);
                return node.longValue();
            }

            @Override
            public ObjectNode schema() {
                return schemaOf("integer").put("minimum", low).put("maximum", high);
            }
        };
    }

    /// An integer that fits into an `int`; both bounds are inclusive.
    static FieldType<Integer> integer(int low, int high) {
        return integer((long) low, high).map((path, value) -> Math.toIntExact(value));
    }

    /// A finite number; both bounds are inclusive.
    static FieldType<Double> number(double low, double high) {
        return number(low, high, false);
    }

    /// A finite number above `low`, at most `high`.
    static FieldType<Double> numberAbove(double low, double high) {
        return number(low, high, true);
    }

    private static FieldType<Double> number(double low, double high, boolean above) {
        return new FieldType<>() {
            @Override
            public Double decode(String path, JsonNode node) {
                if (!node.isNumber()) throw wrongType(path, "a number");
                double value = node.doubleValue();
                boolean inside = Double.isFinite(value) && (above ? value > low : value >= low) && value <= high;
                if (!inside)
                    throw ServeException.ofField(
                            ErrorCode.OUT_OF_RANGE,
                            path,
                            path,
                            Double.isFinite(value) ? value : "not finite",
                            (above ? "above " : "") + low + " to " + high);
                return value;
            }

            @Override
            public ObjectNode schema() {
                return schemaOf("number")
                        .put(above ? "exclusiveMinimum" : "minimum", low)
                        .put("maximum", high);
            }
        };
    }

    static FieldType<String> text() {
        return of("a string", JsonNode::isString, JsonNode::stringValue, schemaOf("string"))
                .map((path, value) -> {
                    // an escape can say half of a surrogate pair, which is no text
                    if (value.codePoints().anyMatch(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE))
                        throw wrongType(path, "a string of whole characters");
                    return value;
                });
    }

    /// @param codePointsMin and `codePointsMax` are inclusive
    static FieldType<String> text(int codePointsMin, int codePointsMax) {
        FieldType<String> bounded = text().map((path, value) -> {
            int codePoints = value.codePointCount(0, value.length());
            if (codePoints < codePointsMin || codePoints > codePointsMax)
                throw ServeException.ofField(
                        ErrorCode.OUT_OF_RANGE,
                        path,
                        path,
                        codePoints + " code points long",
                        codePointsMin + " to " + codePointsMax);
            return value;
        });
        return bounded.withSchema(
                schemaOf("string").put("minLength", codePointsMin).put("maxLength", codePointsMax));
    }

    static FieldType<String> oneOf(List<String> allowed) {
        ObjectNode schema = schemaOf("string");
        ArrayNode names = schema.putArray("enum");
        allowed.forEach(names::add);
        return of(
                "one of '" + String.join("', '", allowed) + "'",
                node -> node.isString() && allowed.contains(node.stringValue()),
                JsonNode::stringValue,
                schema);
    }

    /// Exactly this value: for fields of which only the setting without effect is supported.
    static FieldType<JsonNode> only(JsonNode value) {
        return new FieldType<>() {
            @Override
            public JsonNode decode(String path, JsonNode node) {
                if (!node.equals(value)) throw ServeException.ofField(ErrorCode.UNSUPPORTED_FIELD, path, path);
                return node;
            }

            @Override
            public ObjectNode schema() {
                ObjectNode schema = JsonNodeFactory.instance.objectNode();
                schema.set("const", value);
                return schema;
            }
        };
    }

    /// A list of `min` to `max` elements.
    static <T> FieldType<List<T>> listOf(FieldType<T> element, int min, int max) {
        return new FieldType<>() {
            @Override
            public List<T> decode(String path, JsonNode node) {
                if (!node.isArray()) throw wrongType(path, "a list");
                if (node.size() < min || node.size() > max)
                    throw ServeException.ofField(
                            ErrorCode.OUT_OF_RANGE,
                            path,
                            path,
                            "a list of " + node.size(),
                            "a list of " + min + " to " + max);
                List<T> result = new ArrayList<>(node.size());
                for (int i = 0; i < node.size(); i++) result.add(element.decode(path + "[" + i + "]", node.get(i)));
                return result;
            }

            @Override
            public ObjectNode schema() {
                ObjectNode schema = schemaOf("array");
                schema.set("items", element.schema());
                return schema.put("minItems", min).put("maxItems", max);
            }
        };
    }

    /// The first case whose kind the value has.
    ///
    /// @param expected completes "must be …"
    static <T> FieldType<T> either(String expected, List<Case<T>> cases) {
        return new FieldType<>() {
            @Override
            public T decode(String path, JsonNode node) {
                for (Case<T> one : cases)
                    if (one.kind().test(node)) return one.type().decode(path, node);
                throw wrongType(path, expected);
            }

            @Override
            public ObjectNode schema() {
                ObjectNode schema = JsonNodeFactory.instance.objectNode();
                ArrayNode anyOf = schema.putArray("anyOf");
                for (Case<T> one : cases) anyOf.add(one.type().schema());
                return schema;
            }
        };
    }

    /// @param kind looks at the JSON type only, not at the value
    record Case<T>(Predicate<JsonNode> kind, FieldType<T> type) {}

    /// Decodes further; the schema stays.
    ///
    /// @param further of the path and the value; may refuse by a [ServeException]
    default <U> FieldType<U> map(BiFunction<String, T, U> further) {
        FieldType<T> inner = this;
        return new FieldType<>() {
            @Override
            public U decode(String path, JsonNode node) {
                return further.apply(path, inner.decode(path, node));
            }

            @Override
            public ObjectNode schema() {
                return inner.schema();
            }
        };
    }

    default FieldType<T> withSchema(ObjectNode schema) {
        FieldType<T> inner = this;
        return new FieldType<>() {
            @Override
            public T decode(String path, JsonNode node) {
                return inner.decode(path, node);
            }

            @Override
            public ObjectNode schema() {
                return schema.deepCopy();
            }
        };
    }

    static ObjectNode schemaOf(String type) {
        return JsonNodeFactory.instance.objectNode().put("type", type);
    }

    private static <T> FieldType<T> of(
            String expected,
            Predicate<JsonNode> kind,
            java.util.function.Function<JsonNode, T> value,
            ObjectNode schema) {
        return new FieldType<>() {
            @Override
            public T decode(String path, JsonNode node) {
                if (!kind.test(node)) throw wrongType(path, expected);
                return value.apply(node);
            }

            @Override
            public ObjectNode schema() {
                return schema.deepCopy();
            }
        };
    }
}
