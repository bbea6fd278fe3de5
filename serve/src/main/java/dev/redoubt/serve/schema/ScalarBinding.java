package dev.redoubt.serve.schema;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/// A Java type whose values hold no others.
final class ScalarBinding<T> extends Binding {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    private static final Schema INT = new Schema.Whole(Integer.MIN_VALUE, Integer.MAX_VALUE);
    private static final Schema LONG = new Schema.Whole(Long.MIN_VALUE, Long.MAX_VALUE);
    private static final Schema FLOAT = new Schema.Real(-Float.MAX_VALUE, Float.MAX_VALUE);

    private final Class<T> boxed;
    private final Predicate<T> fits;
    private final Function<JsonNode, T> read;
    private final Function<T, JsonNode> write;

    private ScalarBinding(
            Class<?> type,
            Class<T> boxed,
            Schema schema,
            Predicate<T> fits,
            Function<JsonNode, T> read,
            Function<T, JsonNode> write) {
        super(type, schema);
        this.boxed = boxed;
        this.fits = fits;
        this.read = read;
        this.write = write;
    }

    /// @return null if values of the type hold others, or it has no schema
    static @Nullable Binding of(Class<?> type) {
        if (type == String.class)
            return new ScalarBinding<>(
                    type, String.class, new Schema.Text(), any -> true, JsonNode::stringValue, NODES::stringNode);
        if (type == int.class || type == Integer.class)
            return new ScalarBinding<>(
                    type, Integer.class, INT, any -> true, node -> (int) node.longValue(), NODES::numberNode);
        if (type == long.class || type == Long.class)
            return new ScalarBinding<>(type, Long.class, LONG, any -> true, JsonNode::longValue, NODES::numberNode);
        if (type == double.class || type == Double.class)
            return new ScalarBinding<>(
                    type, Double.class, new Schema.Real(), Double::isFinite, SchemaCheck::number, NODES::numberNode);
        if (type == float.class || type == Float.class)
            return new ScalarBinding<>(
                    type,
                    Float.class,
                    FLOAT,
                    Float::isFinite,
                    node -> (float) SchemaCheck.number(node),
                    number -> NODES.numberNode(shortest(number)));
        if (type == boolean.class || type == Boolean.class)
            return new ScalarBinding<>(
                    type, Boolean.class, new Schema.Bool(), any -> true, JsonNode::booleanValue, NODES::booleanNode);
        if (type == byte[].class)
            return new ScalarBinding<>(
                    type,
                    byte[].class,
                    new Schema.Binary(),
                    bytes -> bytes.length <= ImageLimit.BYTES_MAX,
                    JsonNode::binaryValue,
                    NODES::binaryNode);
        return type.isEnum() ? ofEnum(type) : null;
    }

    /// The double that is written as the float is: 0.1, not what the float is exactly. It is the same float again where
    /// it is read as one.
    private static double shortest(float number) {
        return Double.parseDouble(Float.toString(number));
    }

    /// By the names of its constants, whatever `toString` makes of them.
    private static Binding ofEnum(Class<?> type) {
        Map<String, Enum<?>> constants = new LinkedHashMap<>();
        for (Object constant : type.getEnumConstants()) {
            Enum<?> one = (Enum<?>) constant;
            constants.put(one.name(), one);
        }
        return new ScalarBinding<>(
                type,
                Enum.class,
                new Schema.Choice(List.copyOf(constants.keySet())),
                type::isInstance,
                node -> Objects.requireNonNull(constants.get(node.stringValue())),
                one -> NODES.stringNode(one.name()));
    }

    @Override
    Object read(JsonNode node, FieldPath at) {
        return read.apply(node);
    }

    @Override
    public JsonNode write(Object value) {
        return write.apply(boxed.cast(value));
    }

    @Override
    void verify(Object value, FieldPath at) {
        if (!boxed.isInstance(value)) throw new BrokenValue(at, "is null or of another class");
        if (!fits.test(boxed.cast(value))) throw new BrokenValue(at, misfit());
    }

    /// What [#fits] found.
    private String misfit() {
        return schema() instanceof Schema.Binary ? "has more than " + ImageLimit.BYTES_MAX + " bytes" : "is not finite";
    }
}
