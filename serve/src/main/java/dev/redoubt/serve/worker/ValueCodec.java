package dev.redoubt.serve.worker;

import dev.redoubt.serve.schema.DType;
import dev.redoubt.serve.schema.ImageLimit;
import dev.redoubt.serve.schema.Schema;
import dev.redoubt.serve.schema.SchemaCheck;
import dev.redoubt.serve.schema.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// Plain data to bytes and back, by a schema that both ends know: no names of fields and no types are sent, so
/// none can be wrong, and nothing that is not as the schema says can come out (R3.1, R3.3).
final class ValueCodec {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    private static final int NAME_BYTES_MAX = 1024;

    private ValueCodec() {}

    /// @param value fits `schema`
    static void write(Schema schema, JsonNode value, FrameWriter out) {
        switch (schema) {
            case Schema.Text() -> out.text(value.stringValue());
            case Schema.Bool() -> out.u8(value.booleanValue() ? 1 : 0);
            case Schema.Whole whole -> out.u64(value.longValue());
            case Schema.Real real ->
                out.u64(Double.doubleToRawLongBits(value.numberValue().doubleValue()));
            case Schema.Choice choice -> out.count(choice.names().indexOf(value.stringValue()));
            case Schema.Binary() -> out.bytes(value.binaryValue());
            case Schema.Many many -> {
                out.count(value.size());
                for (int i = 0; i < value.size(); i++) write(many.item(), value.get(i), out);
            }
            case Schema.Table table -> {
                out.count(value.size());
                for (Map.Entry<String, JsonNode> entry : value.properties()) {
                    out.text(entry.getKey());
                    write(table.value(), entry.getValue(), out);
                }
            }
            case Schema.Fields fields -> {
                if (fields.fields().isEmpty()) out.u8(0); // every value has a byte: so many follow at most
                for (Schema.Field field : fields.fields()) {
                    JsonNode inner = value.get(field.name());
                    boolean there = inner != null && !inner.isNull();
                    if (!field.required()) out.u8(there ? 1 : 0);
                    if (inner != null && there) write(field.schema(), inner, out);
                }
            }
            case Schema.Box box -> write(Tensor.read(box, value), out);
        }
    }

    private static void write(Tensor tensor, FrameWriter out) {
        out.u8(tensor.shape().size());
        for (int size : tensor.shape()) out.count(size);
        out.raw(tensor.data());
    }

    /// @throws BadFrame if it is none of `schema`
    static JsonNode read(Schema schema, FrameReader in) throws BadFrame {
        in.nextValue();
        return switch (schema) {
            case Schema.Text() -> NODES.stringNode(in.text(in.left()));
            case Schema.Bool() -> NODES.booleanNode(flag(in));
            case Schema.Whole whole -> {
                long value = in.u64();
                if (value < whole.min() || value > whole.max()) throw new BadFrame("a whole number out of its bounds");
                yield value == (int) value ? NODES.numberNode((int) value) : NODES.numberNode(value);
            }
            case Schema.Real real -> {
                double value = Double.longBitsToDouble(in.u64());
                if (!(value >= real.min() && value <= real.max())) throw new BadFrame("a number out of its bounds");
                yield NODES.numberNode(value);
            }
            case Schema.Choice choice ->
                NODES.stringNode(choice.names().get(in.count(choice.names().size() - 1)));
            case Schema.Binary() -> NODES.binaryNode(in.bytes(Math.min(in.left(), ImageLimit.BYTES_MAX)));
            case Schema.Many many -> many(many, in);
            case Schema.Table table -> table(table, in);
            case Schema.Fields fields -> fields(fields, in);
            case Schema.Box box -> tensor(box, in).node();
        };
    }

    private static JsonNode many(Schema.Many many, FrameReader in) throws BadFrame {
        int count = in.count(Math.min(SchemaCheck.ITEMS_MAX, in.left()));
        ArrayNode items = NODES.arrayNode();
        for (int i = 0; i < count; i++) items.add(read(many.item(), in));
        return items;
    }

    private static JsonNode table(Schema.Table table, FrameReader in) throws BadFrame {
        int count = in.count(Math.min(SchemaCheck.ITEMS_MAX, in.left()));
        ObjectNode entries = NODES.objectNode();
        for (int i = 0; i < count; i++) {
            String name = in.text(NAME_BYTES_MAX);
            entries.set(name, read(table.value(), in));
            if (entries.size() != i + 1) throw new BadFrame("a table names an entry twice");
        }
        return entries;
    }

    private static JsonNode fields(Schema.Fields fields, FrameReader in) throws BadFrame {
        if (fields.fields().isEmpty() && flag(in)) throw new BadFrame("fields where there are none");
        ObjectNode entries = NODES.objectNode();
        for (Schema.Field field : fields.fields())
            if (field.required() || flag(in)) entries.set(field.name(), read(field.schema(), in));
        return entries;
    }

    private static Tensor tensor(Schema.Box box, FrameReader in) throws BadFrame {
        int rank = in.u8();
        if (rank != box.shape().size()) throw new BadFrame("a tensor of rank " + rank);
        List<Integer> shape = new ArrayList<>();
        for (int wanted : box.shape()) {
            int size = in.count(Integer.MAX_VALUE);
            if (wanted != -1 && wanted != size) throw new BadFrame("a tensor of another shape");
            shape.add(size);
        }
        Tensor tensor = Tensor.of(box.dtype(), shape, MemorySegment.ofArray(in.raw(bytes(box.dtype(), shape))));
        if (!tensor.finite()) throw new BadFrame("a tensor with an element that is no finite number");
        return tensor;
    }

    private static long bytes(DType dtype, List<Integer> shape) throws BadFrame {
        try {
            long bytes = Tensor.bytes(dtype, shape);
            if (!ImageLimit.fits(dtype, bytes)) throw new BadFrame("an image of " + bytes + " bytes");
            return bytes;
        } catch (IllegalArgumentException tooLarge) {
            throw new BadFrame("a tensor over its limit");
        }
    }

    private static boolean flag(FrameReader in) throws BadFrame {
        int value = in.u8();
        if (value > 1) throw new BadFrame("neither true nor false: " + value);
        return value == 1;
    }
}
