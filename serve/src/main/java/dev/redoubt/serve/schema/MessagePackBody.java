package dev.redoubt.serve.schema;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.json.JsonLimits;
import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// MessagePack as plain data, within the bounds of JSON: the same depth, values, names and sizes. Names are
/// text and stand once; extension types are refused (R3.2, R3.3). A tensor comes as arrays inside arrays, or,
/// where the schema has one, as a map of `dtype`, `shape` and `data`, the elements as bytes.
public final class MessagePackBody {
    /* A length is believed only as far as bytes follow: an element takes one byte at least, an entry of a map two.
     * Nodes are made one by one as their bytes are read, never ahead for a length that the body states. */

    static final String DTYPE = "dtype";
    static final String SHAPE = "shape";
    static final String DATA = "data";

    private static final String FORMAT = "MessagePack";
    private static final JsonLimits LIMITS = JsonLimits.REQUEST;
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    private static final BigInteger TWO_64 = BigInteger.ONE.shiftLeft(64);

    private final BodyCursor in;
    private int depth;
    private long values;

    private MessagePackBody(byte[] body) {
        this.in = new BodyCursor(FORMAT, body, ByteOrder.BIG_ENDIAN);
    }

    /// @param schema tells where tensors may be; the value is not checked against it
    /// @throws ServeException with status 400 if it breaks the format or a bound
    public static JsonNode read(byte[] body, Schema schema) {
        if (body.length > LIMITS.bytesMax()) throw ServeException.of(ErrorCode.BODY_TOO_LARGE, LIMITS.bytesMax());
        MessagePackBody reader = new MessagePackBody(body);
        JsonNode value = reader.value(schema);
        if (reader.in.left() > 0) throw reader.in.refused("bytes after the value");
        return value;
    }

    /// Tensors as maps of `dtype`, `shape` and `data`.
    public static byte[] write(JsonNode node) {
        MessagePackWriter out = new MessagePackWriter();
        out.value(node);
        return out.bytes();
    }

    private JsonNode value(@Nullable Schema schema) {
        if (++values > LIMITS.tokensMax()) throw in.refused("more than " + LIMITS.tokensMax() + " values");
        int head = in.unsignedByte();
        if (head < 0x80) return NODES.numberNode(head);
        if (head < 0x90) return map(head & 0x0F, schema);
        if (head < 0xA0) return array(head & 0x0F, schema);
        if (head < 0xC0) return NODES.stringNode(text(head & 0x1F));
        if (head >= 0xE0) return NODES.numberNode((int) (byte) head);
        return switch (head) {
            case 0xC0 -> NODES.nullNode();
            case 0xC2 -> NODES.booleanNode(false);
            case 0xC3 -> NODES.booleanNode(true);
            case 0xC4 -> NODES.binaryNode(in.bytes(in.unsignedByte(), "binary data"));
            case 0xC5 -> NODES.binaryNode(in.bytes(in.int16() & 0xFFFF, "binary data"));
            case 0xC6 -> NODES.binaryNode(in.bytes(unsigned32(), "binary data"));
            case 0xCA -> NODES.numberNode((double) in.float32());
            case 0xCB -> NODES.numberNode(in.float64());
            case 0xCC -> NODES.numberNode(in.unsignedByte());
            case 0xCD -> NODES.numberNode(in.int16() & 0xFFFF);
            case 0xCE -> whole(unsigned32());
            case 0xCF -> unsigned64();
            case 0xD0 -> NODES.numberNode((int) in.signedByte());
            case 0xD1 -> NODES.numberNode((int) in.int16());
            case 0xD2 -> NODES.numberNode(in.int32());
            case 0xD3 -> whole(in.int64());
            case 0xD9 -> NODES.stringNode(text(in.unsignedByte()));
            case 0xDA -> NODES.stringNode(text(in.int16() & 0xFFFF));
            case 0xDB -> NODES.stringNode(text(unsigned32()));
            case 0xDC -> array(in.int16() & 0xFFFF, schema);
            case 0xDD -> array(unsigned32(), schema);
            case 0xDE -> map(in.int16() & 0xFFFF, schema);
            case 0xDF -> map(unsigned32(), schema);
            default -> throw in.refused("an extension or reserved type, which is not taken,");
        };
    }

    private long unsigned32() {
        return Integer.toUnsignedLong(in.int32());
    }

    /// The node that JSON would have for it.
    private static JsonNode whole(long number) {
        return number == (int) number ? NODES.numberNode((int) number) : NODES.numberNode(number);
    }

    private JsonNode unsigned64() {
        long bits = in.int64();
        return bits >= 0
                ? NODES.numberNode(bits)
                : NODES.numberNode(BigInteger.valueOf(bits).add(TWO_64));
    }

    private String text(long length) {
        return in.text(length, "text");
    }

    private void deeper() {
        if (++depth > LIMITS.depthMax()) throw in.refused("more than " + LIMITS.depthMax() + " levels");
    }

    private JsonNode array(long size, @Nullable Schema schema) {
        in.need(size, "an array");
        deeper();
        Schema inner = schema instanceof Schema.Many many ? many.item() : null;
        ArrayNode array = NODES.arrayNode();
        for (long i = 0; i < size; i++) array.add(value(inner));
        depth--;
        return array;
    }

    private JsonNode map(long size, @Nullable Schema schema) {
        in.need(2 * size, "a map");
        deeper();
        ObjectNode map = NODES.objectNode();
        for (long i = 0; i < size; i++) {
            String name = name();
            if (map.has(name)) throw ServeException.ofField(ErrorCode.DUPLICATE_FIELD, name, name);
            map.set(name, value(inner(schema, name)));
        }
        depth--;
        return schema instanceof Schema.Box ? tensor(map) : map;
    }

    private static @Nullable Schema inner(@Nullable Schema schema, String name) {
        if (schema instanceof Schema.Table table) return table.value();
        if (schema instanceof Schema.Fields fields)
            for (Schema.Field field : fields.fields()) if (field.name().equals(name)) return field.schema();
        return null;
    }

    private String name() {
        if (++values > LIMITS.tokensMax()) throw in.refused("more than " + LIMITS.tokensMax() + " values");
        int head = in.unsignedByte();
        long length;
        if (head >= 0xA0 && head < 0xC0) length = head & 0x1F;
        else if (head == 0xD9) length = in.unsignedByte();
        else if (head == 0xDA) length = in.int16() & 0xFFFF;
        else if (head == 0xDB) length = unsigned32();
        else throw in.refused("a name that is not text");
        String name = text(length);
        if (name.length() > LIMITS.nameLengthMax())
            throw in.refused("a name of more than " + LIMITS.nameLengthMax() + " characters");
        return name;
    }

    private JsonNode tensor(ObjectNode map) {
        JsonNode dtype = map.path(DTYPE);
        JsonNode shape = map.path(SHAPE);
        JsonNode data = map.path(DATA);
        boolean packed = map.size() == 3 && dtype.isString() && shape.isArray() && data.isBinary();
        if (!packed) throw in.refused("a tensor that is no map of dtype, shape and data");
        List<Integer> sizes = new ArrayList<>();
        for (JsonNode size : shape) {
            if (!size.isIntegralNumber() || !size.canConvertToInt()) throw in.refused("a shape that is no sizes");
            sizes.add(size.intValue());
        }
        return TensorBody.read(FORMAT, dtype.stringValue(), sizes, MemorySegment.ofArray(data.binaryValue()))
                .node();
    }
}
