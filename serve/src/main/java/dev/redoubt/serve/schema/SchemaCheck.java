package dev.redoubt.serve.schema;

import static dev.redoubt.base.ErrorCode.MISSING_FIELD;
import static dev.redoubt.base.ErrorCode.NOT_FINITE;
import static dev.redoubt.base.ErrorCode.OUT_OF_RANGE;
import static dev.redoubt.base.ErrorCode.UNKNOWN_FIELD;
import static dev.redoubt.base.ErrorCode.WRONG_DTYPE;
import static dev.redoubt.base.ErrorCode.WRONG_SHAPE;
import static dev.redoubt.base.ErrorCode.WRONG_TYPE;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/// Whether plain data is as a schema says (R1.7, R3.4). Runs before a replica is chosen, so what does not fit
/// costs no place in a queue and never gets near anybody's code.
public final class SchemaCheck {
    /* It goes down the schema, never down the value: a schema is at most ten deep, and what a value has beyond it is
     * refused without a look inside. A message holds field names, numbers of ours and sizes, no values. */

    /// In one list or table (R3.2).
    public static final int ITEMS_MAX = 100_000;

    /// Characters of a name in a table.
    static final int NAME_LENGTH_MAX = 256;

    private SchemaCheck() {}

    /// @throws ServeException with status 400 and the path of the first thing that does not fit
    public static void check(Schema schema, JsonNode value) {
        check(schema, value, FieldPath.INPUT);
    }

    /// As [#check], of a user configuration.
    public static void checkUserConfig(Schema schema, JsonNode value) {
        check(schema, value, FieldPath.USER_CONFIG);
    }

    private static void check(Schema schema, JsonNode value, FieldPath at) {
        switch (schema) {
            case Schema.Text() -> must(value.isString(), at, "text");
            case Schema.Bool() -> must(value.isBoolean(), at, "true or false");
            case Schema.Whole whole -> whole(whole, value, at);
            case Schema.Real real -> real(real, value, at);
            case Schema.Choice choice ->
                must(
                        value.isString() && choice.names().contains(value.stringValue()),
                        at,
                        "one of " + String.join(", ", choice.names()));
            case Schema.Binary() -> binary(value, at);
            case Schema.Many many -> {
                must(value.isArray(), at, "an array");
                breadth(value, at);
                for (int i = 0; i < value.size(); i++) check(many.item(), value.get(i), at.item(i));
            }
            case Schema.Table table -> table(table, value, at);
            case Schema.Fields fields -> fields(fields, value, at);
            case Schema.Box box -> {
                if (Tensor.is(value)) tensor(box, Tensor.of(value), at);
                else TensorArrays.check(box, value, at);
            }
        }
    }

    private static void whole(Schema.Whole whole, JsonNode value, FieldPath at) {
        must(value.isIntegralNumber(), at, "a whole number");
        boolean within =
                value.canConvertToLong() && value.longValue() >= whole.min() && value.longValue() <= whole.max();
        if (!within) throw refused(OUT_OF_RANGE, at, shown(value), whole.min() + " to " + whole.max());
    }

    private static void real(Schema.Real real, JsonNode value, FieldPath at) {
        must(value.isNumber(), at, "a number");
        double number = number(value);
        if (!Double.isFinite(number)) throw refused(NOT_FINITE, at);
        if (number < real.min() || number > real.max())
            throw refused(OUT_OF_RANGE, at, shown(value), real.min() + " to " + real.max());
    }

    /// As near as a double comes; infinite beyond its range.
    static double number(JsonNode value) {
        return value.isDouble() || value.isInt()
                ? value.doubleValue()
                : value.numberValue().doubleValue();
    }

    private static void table(Schema.Table table, JsonNode value, FieldPath at) {
        must(value.isObject(), at, "an object");
        breadth(value, at);
        for (Map.Entry<String, JsonNode> entry : value.properties()) {
            int length = entry.getKey().length();
            if (length == 0 || length > NAME_LENGTH_MAX)
                throw refused(OUT_OF_RANGE, at, "a name of " + length + " characters", "1 to " + NAME_LENGTH_MAX);
            check(table.value(), entry.getValue(), at.field(entry.getKey()));
        }
    }

    private static void fields(Schema.Fields fields, JsonNode value, FieldPath at) {
        must(value.isObject(), at, "an object");
        int known = 0;
        for (Schema.Field field : fields.fields()) if (value.has(field.name())) known++;
        if (known < value.size()) throw unknown(fields, value, at);
        for (Schema.Field field : fields.fields()) {
            JsonNode inner = value.get(field.name());
            if (inner == null || (inner.isNull() && !field.required())) {
                if (field.required()) throw refused(MISSING_FIELD, at.field(field.name()));
            } else check(field.schema(), inner, at.field(field.name()));
        }
    }

    private static ServeException unknown(Schema.Fields fields, JsonNode value, FieldPath at) {
        for (String name : value.propertyNames())
            if (fields.fields().stream().noneMatch(field -> field.name().equals(name)))
                return refused(UNKNOWN_FIELD, at.field(name));
        throw new IllegalStateException("more fields than names");
    }

    private static void tensor(Schema.Box box, Tensor tensor, FieldPath at) {
        if (tensor.dtype() != box.dtype()) throw refused(WRONG_DTYPE, at, tensor.dtype(), box.dtype());
        if (!tensor.fits(box)) throw refused(WRONG_SHAPE, at, tensor.shape(), box.shape());
        if (!ImageLimit.fits(tensor)) image(tensor.data().byteSize(), at);
        if (!tensor.finite()) throw refused(NOT_FINITE, at);
    }

    private static void binary(JsonNode value, FieldPath at) {
        must(value.isBinary() || value.isString(), at, "bytes in base64");
        image(value.isBinary() ? value.binaryValue().length : decoded(value.stringValue(), at), at);
    }

    private static int decoded(String base64, FieldPath at) {
        try {
            byte[] bytes = Base64.getDecoder().decode(base64);
            if (canonical(base64, bytes)) return bytes.length;
        } catch (IllegalArgumentException notBase64) {
            throw refused(WRONG_TYPE, at, "bytes in base64");
        }
        throw refused(WRONG_TYPE, at, "bytes in base64, padded and without bits that are no byte's");
    }

    /// Whether whoever encodes the bytes gets that text: one way to say them.
    private static boolean canonical(String base64, byte[] bytes) {
        if (base64.length() % 4 != 0) return false;
        int whole = (bytes.length - 1) / 3 * 3; // before the last four characters
        byte[] end = Arrays.copyOfRange(bytes, Math.max(0, whole), bytes.length);
        return base64.endsWith(Base64.getEncoder().encodeToString(end));
    }

    private static void image(long bytes, FieldPath at) {
        if (bytes > ImageLimit.BYTES_MAX)
            throw refused(OUT_OF_RANGE, at, bytes + " bytes", "at most " + ImageLimit.BYTES_MAX);
    }

    private static void breadth(JsonNode value, FieldPath at) {
        if (value.size() > ITEMS_MAX) throw refused(OUT_OF_RANGE, at, value.size() + " items", "at most " + ITEMS_MAX);
    }

    static void must(boolean fits, FieldPath at, String be) {
        if (!fits) throw refused(WRONG_TYPE, at, be);
    }

    /// A whole number may have 64 digits, which nobody needs to see again.
    private static Object shown(JsonNode value) {
        return value.canConvertToLong() || value.isDouble() ? value.numberValue() : "beyond 64 bits";
    }

    static ServeException refused(ErrorCode code, FieldPath at, Object... rest) {
        Object[] args = new Object[rest.length + 1];
        args[0] = at;
        System.arraycopy(rest, 0, args, 1, rest.length);
        return ServeException.ofField(code, at.toString(), args);
    }
}
