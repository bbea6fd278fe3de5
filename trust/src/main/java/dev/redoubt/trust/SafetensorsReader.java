package dev.redoubt.trust;

import dev.redoubt.base.StrangerText;
import dev.redoubt.base.json.JsonLimits;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/// A strict reader of one safetensors file: eight bytes of header length, a bounded JSON header, and tensors
/// that cover the rest exactly, without an overlap, a hole or a byte too many.
final class SafetensorsReader {
    static final int HEADER_BYTES_MAX = 1 << 20; // or 1 % of the file, if that is more
    static final int HEADER_BYTES_HARD_MAX = 32 << 20; // whatever the file; the format itself allows 100,000,000
    static final int TENSORS_MAX = 65_536;
    static final int RANK_MAX = 8;
    private static final int LENGTH_BYTES = 8;
    private static final String METADATA = "__metadata__";
    private static final Set<String> FIELDS = Set.of("dtype", "shape", "data_offsets");
    private static final String SAFETENSORS = "safetensors";

    private record Entry(String name, TensorType type, List<Long> shape, long begin, long end) {}

    private final MemorySegment bytes;

    private SafetensorsReader(MemorySegment bytes) {
        this.bytes = bytes;
    }

    /// @param bytes the whole file
    /// @return the tensors in file order
    /// @throws ArtifactException if anything is not as the format says
    static Map<String, Tensor> read(MemorySegment bytes) {
        return new SafetensorsReader(bytes).file();
    }

    private Map<String, Tensor> file() {
        var cursor = new ByteCursor(bytes, SAFETENSORS, Long.MAX_VALUE);
        long headerMax = Math.min(HEADER_BYTES_HARD_MAX, Math.max(HEADER_BYTES_MAX, bytes.byteSize() / 100));
        long headerBytes = cursor.bounded("header length", headerMax);
        cursor.need(headerBytes, "header, whose length field says more than the file has");
        byte[] text = trimmed(bytes.asSlice(LENGTH_BYTES, headerBytes).toArray(ValueLayout.JAVA_BYTE));
        var limits = new JsonLimits(headerMax, 8, 2_500_000, (int) headerMax, 8_192, 32);
        JsonNode header = JsonText.object(text, limits, Refusals.CONTENT, "safetensors header");
        MemorySegment data = bytes.asSlice(LENGTH_BYTES + headerBytes);
        return covered(entries(header, data.byteSize()), data);
    }

    /// The header without its padding, which is spaces and nothing else.
    private static byte[] trimmed(byte[] header) {
        if (header.length < 2) throw Refusals.content("safetensors header length %d, the least is 2", header.length);
        if (header[0] != '{')
            throw Refusals.content(
                    "safetensors header does not start with {: no space, mark or other text may stand before it");
        int end = header.length;
        while (header[end - 1] == ' ') end--;
        if (header[end - 1] != '}' && header[end - 1] >= 0 && header[end - 1] < ' ')
            throw Refusals.content(
                    "safetensors header is JSON padded with the character U+%04X, allowed is the space",
                    (int) header[end - 1]);
        return end == header.length ? header : Arrays.copyOf(header, end);
    }

    private static List<Entry> entries(JsonNode header, long dataBytes) {
        if (header.size() > TENSORS_MAX + 1)
            throw Refusals.content("safetensors header has %d tensors, limit is %d", header.size(), TENSORS_MAX);
        var entries = new ArrayList<Entry>();
        for (Map.Entry<String, JsonNode> field : header.properties()) {
            if (field.getKey().equals(METADATA)) checkMetadata(field.getValue());
            else entries.add(entry(field.getKey(), field.getValue(), dataBytes));
        }
        if (entries.size() > TENSORS_MAX)
            throw Refusals.content("safetensors header has %d tensors, limit is %d", entries.size(), TENSORS_MAX);
        entries.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
        return entries;
    }

    private static void checkMetadata(JsonNode metadata) {
        if (!metadata.isObject()) throw Refusals.content("safetensors metadata is not an object of strings");
        for (Map.Entry<String, JsonNode> field : metadata.properties())
            if (!field.getValue().isString())
                throw Refusals.content("safetensors metadata '%s' is not a string", StrangerText.shown(field.getKey()));
    }

    private static Entry entry(String rawName, JsonNode entry, long dataBytes) {
        String name = TensorNames.check(SAFETENSORS, rawName, TensorNames.LENGTH_MAX);
        if (!entry.isObject())
            throw Refusals.content("safetensors entry '%s' has the wrong type, it must be an object", name);
        for (String field : entry.propertyNames())
            if (!FIELDS.contains(field))
                throw Refusals.content(
                        "safetensors tensor '%s' has the unknown field '%s'", name, StrangerText.shown(field));
        for (String field : List.of("dtype", "shape", "data_offsets"))
            if (!entry.has(field)) throw Refusals.content("safetensors tensor '%s' has no %s", name, field);
        TensorType type = type(name, entry.required("dtype"));
        long[] shape = integers(name, "shape", entry.required("shape"), RANK_MAX);
        long[] offsets = integers(name, "data_offsets", entry.required("data_offsets"), 2);
        if (offsets.length != 2)
            throw Refusals.content("safetensors tensor '%s' has %d data_offsets, it must have 2", name, offsets.length);
        return entry(name, type, shape, offsets[0], offsets[1], dataBytes);
    }

    private static Entry entry(String name, TensorType type, long[] shape, long begin, long end, long dataBytes) {
        if (begin > end)
            throw Refusals.content(
                    "safetensors tensor '%s' has data_offsets that begin at %d and end at %d", name, begin, end);
        if (end > dataBytes)
            throw Refusals.content(
                    "safetensors tensor '%s' ends at offset %d, beyond the file's %d bytes of data: it is truncated",
                    name, end, dataBytes);
        long size;
        try {
            size = type.bytes(shape);
        } catch (ArithmeticException e) {
            throw Refusals.content(
                    "safetensors tensor '%s' has a shape without a valid size: %s",
                    name, String.valueOf(e.getMessage()));
        }
        if (size != end - begin)
            throw Refusals.content(
                    "safetensors tensor '%s' has %d bytes by its shape and %d by its data_offsets",
                    name, size, end - begin);
        if (begin % type.blockBytes() != 0)
            throw Refusals.content(
                    "safetensors tensor '%s' of dtype %s begins at offset %d, which is not aligned to %d bytes",
                    name, type, begin, type.blockBytes());
        return new Entry(name, type, Arrays.stream(shape).boxed().toList(), begin, end);
    }

    private static TensorType type(String name, JsonNode dtype) {
        if (!dtype.isString()) throw Refusals.content("safetensors tensor '%s' has a dtype that is not a string", name);
        String text = dtype.stringValue();
        Optional<TensorType> found = Arrays.stream(TensorType.values())
                .filter(type -> type.blockElements() == 1 && type.name().equals(text))
                .findFirst();
        return found.orElseThrow(() -> Refusals.content(
                "safetensors tensor '%s' has the dtype '%s', which is unknown or not read",
                name, StrangerText.shown(text)));
    }

    private static long[] integers(String name, String field, JsonNode list, int countMax) {
        if (!list.isArray())
            throw Refusals.content("safetensors tensor '%s': %s is not an array of integers", name, field);
        if (list.size() > countMax)
            throw Refusals.content(
                    "safetensors tensor '%s': %s has %d dimensions, limit is %d", name, field, list.size(), countMax);
        long[] values = new long[list.size()];
        for (int i = 0; i < values.length; i++) {
            JsonNode value = list.get(i);
            if (!value.isIntegralNumber() || !value.canConvertToLong() || value.longValue() < 0)
                throw Refusals.content(
                        "safetensors tensor '%s': %s holds what is not an integer number from 0 to 2^63-1",
                        name, field);
            values[i] = value.longValue();
        }
        return values;
    }

    /// Every byte of the data belongs to exactly one tensor.
    private static Map<String, Tensor> covered(List<Entry> entries, MemorySegment data) {
        var tensors = new LinkedHashMap<String, Tensor>();
        long end = 0;
        for (Entry entry : entries) {
            if (entry.begin() < end)
                throw Refusals.content("safetensors tensor '%s' overlaps another by its data_offsets", entry.name());
            if (entry.begin() > end)
                throw Refusals.content(
                        "safetensors tensor '%s' begins at offset %d, expected is %d: a hole of bytes of no tensor",
                        entry.name(), entry.begin(), end);
            end = entry.end();
            MemorySegment bytes = data.asSlice(entry.begin(), entry.end() - entry.begin());
            tensors.put(entry.name(), new Tensor(entry.name(), entry.type(), entry.shape(), bytes));
        }
        if (end != data.byteSize())
            throw Refusals.content("safetensors has %d trailing bytes after the last tensor", data.byteSize() - end);
        return tensors;
    }
}
