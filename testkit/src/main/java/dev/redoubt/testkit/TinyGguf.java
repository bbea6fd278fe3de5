package dev.redoubt.testkit;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Writes a GGUF file, version 3, in memory. Checks nothing, so that tests can write wrong ones.
public final class TinyGguf {
    private static final int ALIGNMENT = 32;

    private record Entry(String name, int type, long[] shape, byte[] data) {}

    private final Map<String, Object> metadata = new LinkedHashMap<>();
    private final List<Entry> tensors = new ArrayList<>();

    /// @param value Integer (written as u32), Long (u64), Float, Boolean, String, `List<String>`, `int[]` (i32)
    ///     or `float[]`
    public TinyGguf put(String key, Object value) {
        metadata.put(key, value);
        return this;
    }

    /// @throws IllegalArgumentException if there is none of that name
    public Object get(String key) {
        Object value = metadata.get(key);
        if (value == null) throw new IllegalArgumentException("no metadata '" + key + "'");
        return value;
    }

    public TinyGguf remove(String key) {
        metadata.remove(key);
        return this;
    }

    /// @param shape slowest dimension first; the file has it the other way round
    public TinyGguf tensor(String name, WeightKind kind, byte[] data, long... shape) {
        tensors.add(new Entry(name, kind.ggufType, shape.clone(), data.clone()));
        return this;
    }

    public TinyGguf removeTensor(String name) {
        tensors.removeIf(entry -> entry.name.equals(name));
        return this;
    }

    public byte[] bytes() {
        Output out = new Output();
        out.raw("GGUF".getBytes(StandardCharsets.US_ASCII));
        out.u32(3);
        out.u64(tensors.size());
        out.u64(metadata.size());
        metadata.forEach((key, value) -> {
            out.string(key);
            value(out, value);
        });
        long offset = 0;
        for (Entry tensor : tensors) {
            out.string(tensor.name);
            out.u32(tensor.shape.length);
            for (int i = tensor.shape.length - 1; i >= 0; i--) out.u64(tensor.shape[i]);
            out.u32(tensor.type);
            out.u64(offset);
            offset += aligned(tensor.data.length);
        }
        out.pad();
        for (Entry tensor : tensors) {
            out.raw(tensor.data);
            out.pad();
        }
        return out.bytes.toByteArray();
    }

    private static void value(Output out, Object value) {
        switch (value) {
            case Integer number -> {
                out.u32(4);
                out.u32(number);
            }
            case Long number -> {
                out.u32(10);
                out.u64(number);
            }
            case Float number -> {
                out.u32(6);
                out.u32(Float.floatToRawIntBits(number));
            }
            case Boolean flag -> {
                out.u32(7);
                out.raw(new byte[] {(byte) (flag ? 1 : 0)});
            }
            case String text -> {
                out.u32(8);
                out.string(text);
            }
            case int[] numbers -> {
                out.array(5, numbers.length);
                for (int number : numbers) out.u32(number);
            }
            case float[] numbers -> {
                out.array(6, numbers.length);
                for (float number : numbers) out.u32(Float.floatToRawIntBits(number));
            }
            case List<?> texts -> {
                out.array(8, texts.size());
                for (Object text : texts) out.string((String) text);
            }
            default -> throw new IllegalArgumentException("no GGUF type for " + value.getClass());
        }
    }

    private static int aligned(int size) {
        return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    private static final class Output {
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        void raw(byte[] data) {
            bytes.writeBytes(data);
        }

        void u32(int value) {
            raw(ByteBuffer.allocate(4)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt(value)
                    .array());
        }

        void u64(long value) {
            raw(ByteBuffer.allocate(8)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(value)
                    .array());
        }

        void string(String text) {
            byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
            u64(utf8.length);
            raw(utf8);
        }

        void array(int elementType, int count) {
            u32(9);
            u32(elementType);
            u64(count);
        }

        void pad() {
            raw(new byte[aligned(bytes.size()) - bytes.size()]);
        }
    }
}
