package dev.redoubt.serve.schema;

import dev.redoubt.base.ServeException;
import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.base.json.StrictJson;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// A safetensors body as plain data: an object of its tensors by their names, or the tensor itself where the
/// schema wants one and there is one. The tensors must cover the data exactly: no overlap, no hole, no rest.
public final class SafetensorsBody {
    private static final String FORMAT = "safetensors";
    private static final int HEADER_BYTES_MAX = 1 << 18;
    private static final int TENSORS_MAX = 1_024;
    private static final String METADATA = "__metadata__";
    private static final Set<String> FIELDS = Set.of("dtype", "shape", "data_offsets");
    private static final StrictJson HEADER =
            new StrictJson(new JsonLimits(HEADER_BYTES_MAX, 4, 50_000, 4_096, 256, 16));
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private record Entry(String name, String dtype, List<Integer> shape, long begin, long end) {}

    private final BodyCursor in;

    private SafetensorsBody(byte[] body) {
        this.in = new BodyCursor(FORMAT, body, ByteOrder.LITTLE_ENDIAN);
    }

    /// @param schema of the input; the value is not checked against it
    /// @throws ServeException with status 400 if anything is not as the format says
    public static JsonNode read(byte[] body, Schema schema) {
        ObjectNode tensors = new SafetensorsBody(body).tensors();
        return schema instanceof Schema.Box && tensors.size() == 1
                ? tensors.values().iterator().next()
                : tensors;
    }

    private ObjectNode tensors() {
        long headerBytes = in.int64();
        if (headerBytes < 2 || headerBytes > HEADER_BYTES_MAX)
            throw in.refused("a header length that is not 2 to " + HEADER_BYTES_MAX);
        byte[] header = in.bytes(headerBytes, "the header");
        if (header[0] != '{') throw in.refused("a header that does not begin with {");
        JsonNode json;
        try {
            json = HEADER.parse(header);
        } catch (JsonRefusal refusal) {
            throw in.refused("a header that is not JSON, or holds a name twice,");
        }
        int dataBytes = in.left();
        ObjectNode tensors = NODES.objectNode();
        long end = 0;
        for (Entry entry : entries(json)) {
            if (entry.begin != end || entry.end < entry.begin)
                throw in.refused("a tensor that leaves a hole or overlaps another");
            MemorySegment elements = in.slice(entry.end - entry.begin, "a tensor");
            tensors.set(
                    entry.name,
                    TensorBody.read(FORMAT, entry.dtype, entry.shape, elements).node());
            end = entry.end;
        }
        if (end != dataBytes) throw in.refused("bytes that belong to no tensor");
        return tensors;
    }

    /// In the order of their data.
    private List<Entry> entries(JsonNode header) {
        if (header.size() > TENSORS_MAX) throw in.refused("more than " + TENSORS_MAX + " tensors");
        List<Entry> entries = new ArrayList<>();
        for (Map.Entry<String, JsonNode> field : header.properties()) {
            if (field.getKey().equals(METADATA)) metadata(field.getValue());
            else entries.add(entry(field.getKey(), field.getValue()));
        }
        entries.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
        return entries;
    }

    private void metadata(JsonNode metadata) {
        if (!metadata.isObject()) throw in.refused("metadata that is no object");
        for (JsonNode value : metadata.values()) if (!value.isString()) throw in.refused("metadata that is no text");
    }

    private Entry entry(String name, JsonNode entry) {
        if (!entry.isObject() || !FIELDS.equals(Set.copyOf(entry.propertyNames())))
            throw in.refused("a tensor without exactly dtype, shape and data_offsets");
        JsonNode dtype = entry.path("dtype");
        if (!dtype.isString()) throw in.refused("a dtype that is no text");
        List<Long> shape = numbers(entry.path("shape"), Schema.Box.RANK_MAX);
        List<Long> offsets = numbers(entry.path("data_offsets"), 2);
        if (offsets.size() != 2) throw in.refused("data_offsets that are not two");
        List<Integer> sizes = shape.stream().map(Long::intValue).toList();
        return new Entry(name, dtype.stringValue(), sizes, offsets.get(0), offsets.get(1));
    }

    private List<Long> numbers(JsonNode array, int most) {
        if (!array.isArray() || array.size() > most) throw in.refused("a list that is none or has over " + most);
        List<Long> numbers = new ArrayList<>();
        for (JsonNode one : array) {
            boolean fits = one.isIntegralNumber() && one.canConvertToInt() && one.intValue() >= 0;
            if (!fits) throw in.refused("a size or offset that is no number of 0 to 2147483647");
            numbers.add(one.longValue());
        }
        return numbers;
    }

    /// Whether it can be written so: a tensor, or an object of tensors.
    public static boolean holds(JsonNode node) {
        return Tensor.is(node) || node.isObject() && node.valueStream().allMatch(Tensor::is);
    }

    /// @param node a tensor, which gets the name `output`, or an object of tensors
    /// @throws IllegalArgumentException if it holds anything else
    public static byte[] write(JsonNode node) {
        ObjectNode tensors = Tensor.is(node) ? NODES.objectNode().set("output", node) : (ObjectNode) node;
        ObjectNode header = NODES.objectNode();
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        for (Map.Entry<String, JsonNode> field : tensors.properties()) {
            Tensor tensor = Tensor.of(field.getValue());
            ArrayNode shape = NODES.arrayNode();
            tensor.shape().forEach(shape::add);
            ObjectNode entry = header.putObject(field.getKey());
            entry.put("dtype", tensor.dtype().name()).set("shape", shape);
            ArrayNode offsets = entry.putArray("data_offsets").add(data.size());
            data.writeBytes(TensorBody.write(tensor));
            offsets.add(data.size());
        }
        byte[] text = JsonBody.write(header);
        int padding = -text.length & 7; // data begin at a multiple of eight, as other readers want it
        ByteBuffer body =
                ByteBuffer.allocate(8 + text.length + padding + data.size()).order(ByteOrder.LITTLE_ENDIAN);
        body.putLong(text.length + padding).put(text);
        for (int i = 0; i < padding; i++) body.put((byte) ' ');
        return body.put(data.toByteArray()).array();
    }
}
