package dev.redoubt.trust;

import dev.redoubt.base.StrangerText;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A strict reader of GGUF, versions 2 and 3, little-endian. It accepts a file only if every byte is accounted
/// for: header, metadata, tensor infos, tensors one after the other with padding up to the alignment and
/// nothing else.
final class GgufReader {
    /* What a hostile file could try, and what stops it:
     * - counts and lengths that promise terabytes: each is compared with a limit and with the bytes that are
     *   left before anything is allocated, so memory stays below a small multiple of the metadata that is
     *   really there, and that is limited too;
     * - two readers that see two files (a key or name twice, tensors that overlap, bytes no tensor owns):
     *   refused;
     * - arithmetic that wraps: counts are bounded, products exact;
     * - strings that are not UTF-8, names that are paths, numbers that are not finite: refused.
     * The layout is that of ggml's docs/gguf.md; limits are ours. */
    static final int STRING_BYTES_MAX = 1 << 20;
    static final int ARRAY_ELEMENTS_MAX = 4 << 20;
    static final int ALL_ELEMENTS_MAX = 8 << 20; // of all arrays: an integer of one byte takes eight in memory
    static final int ALL_STRINGS_MAX = 2 << 20; // of all arrays: a string of none takes about forty
    static final int KEY_BYTES_MAX = 1024;
    static final int KEYS_MAX = 65_536;
    static final int TENSORS_MAX = 65_536;
    static final int TENSOR_NAME_BYTES_MAX = 64; // ggml's own limit, with its terminating zero left out
    static final int DIMENSIONS_MAX = 4;
    static final long HEADER_BYTES_MAX = 128L << 20;
    private static final long ALIGNMENT_MAX = 65_536;
    private static final long ALIGNMENT_DEFAULT = 32;
    private static final int MAGIC = 0x46554747; // "GGUF"
    private static final String GGUF = "GGUF";

    /// What a file holds. `padding` lists the byte ranges between tensors, which must be zero.
    record Contents(GgufMetadata metadata, Map<String, Tensor> tensors, List<MemorySegment> padding) {}

    private record TensorInfo(String name, TensorType type, long[] shape, long offset, long size) {}

    private final MemorySegment bytes;
    private final ByteCursor cursor;
    private int elementsLeft = ALL_ELEMENTS_MAX;
    private int stringsLeft = ALL_STRINGS_MAX;

    private GgufReader(MemorySegment bytes) {
        this.bytes = bytes;
        this.cursor = new ByteCursor(bytes, GGUF, HEADER_BYTES_MAX);
    }

    /// @param bytes the whole file
    /// @throws ArtifactException if anything is not as the format says
    static Contents read(MemorySegment bytes) {
        return new GgufReader(bytes).file();
    }

    private Contents file() {
        if (cursor.i32("magic") != MAGIC)
            throw Refusals.content("not a GGUF file, its first bytes are not the magic 'GGUF'");
        long version = cursor.u32("version");
        if (version != 2 && version != 3)
            throw Refusals.content(
                    "GGUF version %d, allowed are 2 and 3 in little-endian order: convert the file again", version);
        int tensorCount = (int) cursor.bounded("tensor count", TENSORS_MAX);
        int keyCount = (int) cursor.bounded("metadata key count", KEYS_MAX);
        cursor.need(
                Math.addExact(24L * tensorCount, 13L * keyCount),
                "the tensors and metadata keys that its header counts");
        GgufMetadata metadata = metadata(keyCount);
        refuseSplit(metadata);
        long alignment = alignment(metadata);
        List<TensorInfo> infos = infos(tensorCount, alignment);
        return layOut(metadata, infos, alignment);
    }

    private GgufMetadata metadata(int count) {
        var values = new LinkedHashMap<String, Object>();
        var encoded = new LinkedHashMap<String, MemorySegment>();
        for (int i = 0; i < count; i++) {
            String key = key(cursor.string("metadata key", KEY_BYTES_MAX));
            long start = cursor.position();
            Object value = value(key, cursor.u32("type of key " + key));
            if (values.put(key, value) != null)
                throw Refusals.content("GGUF duplicate metadata key '%s': the file is damaged or hostile", key);
            encoded.put(key, bytes.asSlice(start, cursor.position() - start));
        }
        return new GgufMetadata(values, encoded);
    }

    private static String key(String key) {
        if (key.isEmpty()) throw Refusals.content("GGUF metadata key is empty: the file is damaged");
        for (int i = 0; i < key.length(); i++) {
            char c = key.charAt(i);
            if (c <= 0x20 || c >= 0x7F)
                throw Refusals.content(
                        "GGUF metadata key '%s' holds the character U+%04X, allowed is printable ASCII",
                        StrangerText.shown(key), (int) c);
        }
        return key;
    }

    private Object value(String key, long type) {
        return switch ((int) Math.min(type, 99)) {
            case 0 -> (long) cursor.u8(key);
            case 1 -> (long) (byte) cursor.u8(key);
            case 2 -> Short.toUnsignedLong(cursor.i16(key));
            case 3 -> (long) cursor.i16(key);
            case 4 -> cursor.u32(key);
            case 5 -> (long) cursor.i32(key);
            case 6 -> finite(key, Float.intBitsToFloat(cursor.i32(key)));
            case 7 -> bool(key);
            case 8 -> cursor.string("string of key " + key, STRING_BYTES_MAX);
            case 9 -> array(key);
            case 10, 11 -> cursor.i64(key);
            case 12 -> finite(key, Double.longBitsToDouble(cursor.i64(key)));
            default -> throw Refusals.content("GGUF key '%s' has the unknown value type %d", key, type);
        };
    }

    private boolean bool(String key) {
        int value = cursor.u8(key);
        if (value > 1) throw Refusals.content("GGUF key '%s' holds a bool of %d, allowed are 0 and 1", key, value);
        return value == 1;
    }

    private static double finite(String key, double value) {
        if (!Double.isFinite(value)) throw Refusals.content("GGUF key '%s' is not finite: %s", key, value);
        return value;
    }

    private Object array(String key) {
        long type = cursor.u32("array type of key " + key);
        int size = elementSize(key, type);
        int count = (int) cursor.bounded("array count of key " + key, ARRAY_ELEMENTS_MAX);
        cursor.need((long) count * size, "array of key " + key);
        elementsLeft -= count;
        if (type == 8) stringsLeft -= count;
        if (elementsLeft < 0 || stringsLeft < 0)
            throw Refusals.content(
                    "GGUF arrays have more than the limit of %d elements or %d strings in all",
                    ALL_ELEMENTS_MAX, ALL_STRINGS_MAX);
        return switch ((int) type) {
            case 6 -> {
                float[] floats = new float[count];
                for (int i = 0; i < count; i++) floats[i] = (float) finite(key, Float.intBitsToFloat(cursor.i32(key)));
                yield floats;
            }
            case 12 -> {
                double[] doubles = new double[count];
                for (int i = 0; i < count; i++) doubles[i] = finite(key, Double.longBitsToDouble(cursor.i64(key)));
                yield doubles;
            }
            case 8 -> {
                String what = "string of key " + key;
                var strings = new ArrayList<String>(count);
                for (int i = 0; i < count; i++) strings.add(cursor.string(what, STRING_BYTES_MAX));
                yield List.copyOf(strings);
            }
            case 7 -> {
                long[] flags = new long[count];
                for (int i = 0; i < count; i++) flags[i] = bool(key) ? 1 : 0;
                yield flags;
            }
            default -> {
                long[] integers = new long[count];
                for (int i = 0; i < count; i++) integers[i] = integer(key, (int) type);
                yield integers;
            }
        };
    }

    private long integer(String key, int type) {
        return switch (type) {
            case 0 -> cursor.u8(key);
            case 1 -> (byte) cursor.u8(key);
            case 2 -> Short.toUnsignedLong(cursor.i16(key));
            case 3 -> cursor.i16(key);
            case 4 -> cursor.u32(key);
            case 5 -> cursor.i32(key);
            default -> cursor.i64(key);
        };
    }

    /// The least bytes an array element takes.
    private static int elementSize(String key, long type) {
        return switch ((int) Math.min(type, 99)) {
            case 0, 1, 7 -> 1;
            case 2, 3 -> 2;
            case 4, 5, 6 -> 4;
            case 8, 10, 11, 12 -> 8;
            case 9 ->
                throw Refusals.content("GGUF key '%s' is a nested array, only arrays of plain values are read", key);
            default -> throw Refusals.content("GGUF key '%s' is an array of the unknown type %d", key, type);
        };
    }

    private static void refuseSplit(GgufMetadata metadata) {
        long count = metadata.integer("split.count").orElse(1);
        long number = metadata.integer("split.no").orElse(0);
        if (count == 1 && number == 0) return;
        throw Refusals.content(
                "GGUF split file %d of %s, only whole files are read: merge the shards with llama-gguf-split --merge",
                number + 1, count);
    }

    private static long alignment(GgufMetadata metadata) {
        Optional<Object> given = Optional.ofNullable(metadata.values().get("general.alignment"));
        if (given.isEmpty()) return ALIGNMENT_DEFAULT;
        if (given.get() instanceof Long value && value >= 8 && value <= ALIGNMENT_MAX && Long.bitCount(value) == 1)
            return value;
        String shown = given.get() instanceof Long value ? Long.toString(value) : "not an integer";
        throw Refusals.content(
                "GGUF key 'general.alignment' is %s, allowed are powers of two from 8 to %d", shown, ALIGNMENT_MAX);
    }

    private List<TensorInfo> infos(int count, long alignment) {
        var infos = new ArrayList<TensorInfo>(count);
        var seen = new HashMap<String, TensorInfo>();
        for (int i = 0; i < count; i++) {
            String raw = cursor.string("tensor name", TENSOR_NAME_BYTES_MAX);
            TensorInfo info = info(TensorNames.check(GGUF, raw, TENSOR_NAME_BYTES_MAX), alignment);
            if (seen.put(info.name(), info) != null)
                throw Refusals.content("GGUF duplicate tensor '%s': the file is damaged or hostile", info.name());
            infos.add(info);
        }
        return infos;
    }

    private TensorInfo info(String name, long alignment) {
        long rank = cursor.u32("rank of tensor " + name);
        if (rank < 1 || rank > DIMENSIONS_MAX)
            throw Refusals.content(
                    "GGUF tensor '%s' has %d dimensions, allowed are 1 to %d", name, rank, DIMENSIONS_MAX);
        long[] shape = new long[(int) rank]; // the file has the fastest dimension first, we have it last
        for (int i = shape.length - 1; i >= 0; i--) {
            shape[i] = cursor.i64("dimensions of tensor " + name);
            if (shape[i] < 1)
                throw Refusals.content(
                        "GGUF tensor '%s' has the dimension %s, allowed are 1 to 2^63-1",
                        name, Long.toUnsignedString(shape[i]));
        }
        TensorType type = type(name, cursor.u32("type of tensor " + name));
        long size;
        try {
            size = type.bytes(shape);
        } catch (ArithmeticException e) {
            throw Refusals.content(
                    "GGUF tensor '%s' of type %s has no valid size from its dimensions: %s",
                    name, type, String.valueOf(e.getMessage()));
        }
        if (size > bytes.byteSize())
            throw Refusals.content(
                    "GGUF tensor '%s' has dimensions of %d bytes, the file has %d: it is truncated or hostile",
                    name, size, bytes.byteSize());
        long offset = cursor.i64("offset of tensor " + name);
        if (offset < 0 || offset > bytes.byteSize() - size)
            throw Refusals.content(
                    "GGUF tensor '%s' has the offset %s, beyond the end of the file of %d bytes: it is truncated",
                    name, Long.toUnsignedString(offset), bytes.byteSize());
        if (offset % alignment != 0)
            throw Refusals.content(
                    "GGUF tensor '%s' has the offset %d, not a multiple of the alignment %d", name, offset, alignment);
        return new TensorInfo(name, type, shape, offset, size);
    }

    private static TensorType type(String name, long id) {
        return GgufTypes.of(id)
                .orElseThrow(() -> Refusals.content(
                        "GGUF tensor '%s' has the type %d, which is unknown or not read: use Q4_0 to Q8_0, Q2_K to"
                                + " Q6_K, IQ4, F16, BF16 or F32",
                        name, id));
    }

    private Contents layOut(GgufMetadata metadata, List<TensorInfo> infos, long alignment) {
        long headerEnd = cursor.position();
        long dataStart = infos.isEmpty() ? headerEnd : align(headerEnd, alignment);
        var padding = new ArrayList<MemorySegment>();
        if (dataStart > bytes.byteSize())
            throw Refusals.content("GGUF truncated before the tensor data: get the whole file");
        padding.add(bytes.asSlice(headerEnd, dataStart - headerEnd));
        long end = dataStart; // of the bytes that are accounted for
        for (TensorInfo info : infos.stream()
                .sorted(Comparator.comparingLong(TensorInfo::offset))
                .toList()) {
            long expected = dataStart + align(end - dataStart, alignment);
            long start = dataStart + info.offset();
            if (start < end) throw Refusals.content("GGUF tensor '%s' overlaps the tensor before it", info.name());
            if (start != expected)
                throw Refusals.content(
                        "GGUF tensor '%s' has the offset %d, expected is %d: a hole of bytes that belong to no tensor",
                        info.name(), info.offset(), expected - dataStart);
            if (info.size() > bytes.byteSize() - start)
                throw Refusals.content(
                        "GGUF truncated: tensor '%s' ends at %d, beyond the file's end at %d: get the whole file",
                        info.name(), start + info.size(), bytes.byteSize());
            padding.add(bytes.asSlice(end, start - end));
            end = start + info.size();
        }
        long padded = infos.isEmpty() ? align(end, alignment) : dataStart + align(end - dataStart, alignment);
        if (bytes.byteSize() != end && bytes.byteSize() != padded)
            throw Refusals.content(
                    bytes.byteSize() < padded
                            ? "GGUF truncated: %d bytes, expected are %d or %d: get the whole file"
                            : "GGUF has trailing bytes after the last tensor: size %d, expected are %d or %d",
                    bytes.byteSize(),
                    end,
                    padded);
        padding.add(bytes.asSlice(end, bytes.byteSize() - end));
        return new Contents(metadata, tensors(infos, dataStart), List.copyOf(padding));
    }

    private Map<String, Tensor> tensors(List<TensorInfo> infos, long dataStart) {
        var tensors = new LinkedHashMap<String, Tensor>();
        for (TensorInfo info : infos) {
            List<Long> shape = Arrays.stream(info.shape()).boxed().toList();
            MemorySegment data = bytes.asSlice(dataStart + info.offset(), info.size());
            tensors.put(info.name(), new Tensor(info.name(), info.type(), shape, data));
        }
        return tensors;
    }

    private static long align(long value, long alignment) {
        return Math.addExact(value, alignment - 1) & -alignment;
    }
}
