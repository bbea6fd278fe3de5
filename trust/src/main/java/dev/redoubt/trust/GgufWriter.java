package dev.redoubt.trust;

import dev.redoubt.base.DurableFiles;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.LongConsumer;

/// Writes a GGUF file, version 3: metadata, then tensors, a few rows at a time, so that memory does not grow
/// with the model. What it writes, [GgufReader] reads; the layout is that of ggml's docs/gguf.md.
public final class GgufWriter {
    private static final int MAGIC = 0x46554747; // "GGUF"
    private static final int VERSION = 3;
    private static final int ALIGNMENT = 32;
    private static final long PIECE_BYTES = 4 << 20;

    private static final int UINT32 = 4;
    private static final int INT32 = 5;
    private static final int FLOAT32 = 6;
    private static final int BOOL = 7;
    private static final int STRING = 8;
    private static final int ARRAY = 9;

    /// Gives the content of a tensor.
    public interface Rows {
        /// @param to as many bytes as `count` rows take; a vector is one row
        void write(long first, int count, MemorySegment to) throws IOException;
    }

    /// Finds out what can be known only of a whole file.
    public interface Late {
        /// @param written all but the late values, which are zero so far
        /// @return a value for each key of [#realLater]
        Map<String, Float> of(Path written) throws IOException;
    }

    private record Planned(String name, TensorType type, List<Long> shape, Rows rows) {
        long columns() {
            return shape.getLast();
        }

        long rowCount() {
            return shape.stream().reduce(1L, Math::multiplyExact) / columns();
        }

        long bytes() {
            return type.bytes(shape.stream().mapToLong(Long::longValue).toArray());
        }
    }

    private final Map<String, byte[]> metadata = new LinkedHashMap<>(); // type and value
    private final Set<String> late = new LinkedHashSet<>();
    private final Map<String, Planned> tensors = new LinkedHashMap<>();

    // ---- metadata

    /// Takes over all keys but some, as they are.
    public GgufWriter copy(GgufMetadata from, Set<String> except) {
        for (String key : from.values().keySet())
            if (!except.contains(key) && !key.equals("general.alignment"))
                metadata.put(key, from.encoded(key).toArray(ValueLayout.JAVA_BYTE));
        return this;
    }

    public GgufWriter text(String key, String value) {
        return put(key, encoder -> encoder.u32(STRING).text(value));
    }

    /// @param value 0 to 2³²-1
    public GgufWriter unsigned(String key, long value) {
        return put(key, encoder -> encoder.u32(UINT32).u32((int) value));
    }

    public GgufWriter real(String key, float value) {
        return put(key, encoder -> encoder.u32(FLOAT32).u32(Float.floatToRawIntBits(value)));
    }

    /// A number that is known when all tensors are written.
    public GgufWriter realLater(String key) {
        late.add(key);
        return real(key, 0);
    }

    public GgufWriter flag(String key, boolean value) {
        return put(key, encoder -> encoder.u32(BOOL).u8(value ? 1 : 0));
    }

    public GgufWriter texts(String key, List<String> values) {
        return put(key, encoder -> {
            encoder.u32(ARRAY).u32(STRING).u64(values.size());
            values.forEach(encoder::text);
        });
    }

    public GgufWriter integers(String key, int[] values) {
        return put(key, encoder -> {
            encoder.u32(ARRAY).u32(INT32).u64(values.length);
            for (int value : values) encoder.u32(value);
        });
    }

    private GgufWriter put(String key, java.util.function.Consumer<Encoder> value) {
        Encoder encoder = new Encoder();
        value.accept(encoder);
        metadata.put(key, encoder.bytes());
        return this;
    }

    // ---- tensors

    /// @param shape slowest dimension first, as in [Tensor]
    /// @throws IllegalArgumentException if there is one of that name, or GGUF has no such type
    /// @throws ArithmeticException if a row is not whole blocks of the type
    public GgufWriter tensor(String name, TensorType type, List<Long> shape, Rows rows) {
        int ignoredId = GgufTypes.id(type);
        Planned planned = new Planned(name, type, List.copyOf(shape), rows);
        long ignoredBytes = planned.bytes();
        if (tensors.put(name, planned) != null)
            throw new IllegalArgumentException("tensor '" + name + "' twice in one file");
        return this;
    }

    /// Of all tensors.
    public long tensorBytes() {
        return tensors.values().stream().mapToLong(Planned::bytes).sum();
    }

    // ---- the file

    /// Writes beside `file` and renames what is complete: the file is whole or absent.
    ///
    /// @param progress told how many bytes of tensors are written
    /// @throws IOException if it cannot be written; `file` is then what it was
    public void write(Path file, LongConsumer progress) throws IOException {
        write(file, progress, written -> Map.of());
    }

    /// As [#write(Path, LongConsumer)].
    ///
    /// @param finish asked last, for the late values
    public void write(Path file, LongConsumer progress, Late finish) throws IOException {
        Path folder = Objects.requireNonNull(file.toAbsolutePath().getParent());
        Path partial = Files.createTempFile(folder, "partial-", ".gguf"); // mode 0600
        try {
            try (FileChannel channel = FileChannel.open(partial, StandardOpenOption.WRITE)) {
                byte[] header = header();
                writeAll(channel, ByteBuffer.wrap(header));
                pad(channel, header.length);
                long done = 0;
                for (Planned tensor : tensors.values()) {
                    done = rows(channel, tensor, done, progress);
                    pad(channel, tensor.bytes());
                }
                channel.force(true);
            }
            patch(partial, finish.of(partial));
            DurableFiles.rename(partial, file.toAbsolutePath());
        } finally {
            Files.deleteIfExists(partial);
        }
    }

    /// Puts the late values where their keys left room.
    private void patch(Path written, Map<String, Float> values) throws IOException {
        if (!values.keySet().equals(late))
            throw new IllegalArgumentException("late values of " + values.keySet() + ", announced are " + late);
        Map<String, Integer> ends = new HashMap<>(); // of each value in the file
        metadata(new Encoder(), ends);
        try (FileChannel channel = FileChannel.open(written, StandardOpenOption.WRITE)) {
            for (Map.Entry<String, Float> value : values.entrySet()) {
                byte[] bits = new Encoder()
                        .u32(Float.floatToRawIntBits(value.getValue()))
                        .bytes();
                channel.write(ByteBuffer.wrap(bits), Objects.requireNonNull(ends.get(value.getKey())) - bits.length);
            }
            channel.force(true);
        }
    }

    private byte[] header() {
        Encoder encoder = metadata(new Encoder(), new HashMap<>());
        long offset = 0;
        for (Planned tensor : tensors.values()) {
            encoder.text(tensor.name()).u32(tensor.shape().size());
            for (long dimension : tensor.shape().reversed()) encoder.u64(dimension);
            encoder.u32(GgufTypes.id(tensor.type())).u64(offset);
            offset += align(tensor.bytes());
        }
        return encoder.bytes();
    }

    private Encoder metadata(Encoder encoder, Map<String, Integer> ends) {
        encoder.u32(MAGIC).u32(VERSION).u64(tensors.size()).u64(metadata.size());
        metadata.forEach((key, value) -> {
            encoder.text(key).raw(value);
            ends.put(key, encoder.size());
        });
        return encoder;
    }

    private static long rows(FileChannel channel, Planned tensor, long done, LongConsumer progress) throws IOException {
        long rowBytes = tensor.type().bytes(tensor.columns());
        int atOnce = (int) Math.clamp(PIECE_BYTES / rowBytes, 1, tensor.rowCount());
        try (Arena arena = Arena.ofShared()) { // rows may be written by several threads
            MemorySegment piece = arena.allocate(atOnce * rowBytes);
            for (long first = 0; first < tensor.rowCount(); first += atOnce) {
                int count = (int) Math.min(atOnce, tensor.rowCount() - first);
                MemorySegment part = piece.asSlice(0, count * rowBytes);
                tensor.rows().write(first, count, part);
                writeAll(channel, part.asByteBuffer());
                done += part.byteSize();
                progress.accept(done);
            }
        }
        return done;
    }

    private static void pad(FileChannel channel, long written) throws IOException {
        writeAll(channel, ByteBuffer.allocate((int) (align(written) - written)));
    }

    private static long align(long value) {
        return (value + ALIGNMENT - 1) & -ALIGNMENT;
    }

    private static void writeAll(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) channel.write(bytes);
    }

    /// Little-endian fields one after the other.
    private static final class Encoder {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();

        Encoder u8(int value) {
            out.write(value);
            return this;
        }

        Encoder u32(int value) {
            return raw(ByteBuffer.allocate(4)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt(value)
                    .array());
        }

        Encoder u64(long value) {
            return raw(ByteBuffer.allocate(8)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(value)
                    .array());
        }

        Encoder text(String value) {
            byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
            return u64(utf8.length).raw(utf8);
        }

        Encoder raw(byte[] bytes) {
            out.writeBytes(bytes);
            return this;
        }

        int size() {
            return out.size();
        }

        byte[] bytes() {
            return out.toByteArray();
        }
    }
}
