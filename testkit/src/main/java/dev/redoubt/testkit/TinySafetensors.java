package dev.redoubt.testkit;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/// Writes a safetensors file in memory. Checks nothing, so that tests can write wrong ones.
public final class TinySafetensors {
    private record Entry(String name, String dtype, long[] shape, byte[] data) {}

    private final List<Entry> tensors = new ArrayList<>();

    /// @param kind F32, F16 or BF16
    public TinySafetensors tensor(String name, WeightKind kind, byte[] data, long... shape) {
        return tensor(name, kind.name(), data, shape);
    }

    /// @param dtype as the format names it
    public TinySafetensors tensor(String name, String dtype, byte[] data, long... shape) {
        tensors.add(new Entry(name, dtype, shape.clone(), data.clone()));
        return this;
    }

    public TinySafetensors removeTensor(String name) {
        tensors.removeIf(entry -> entry.name.equals(name));
        return this;
    }

    public byte[] bytes() {
        StringBuilder header = new StringBuilder("{");
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        for (Entry tensor : tensors) {
            if (header.length() > 1) header.append(',');
            String shape = Arrays.stream(tensor.shape).mapToObj(Long::toString).collect(Collectors.joining(","));
            header.append("\"%s\":{\"dtype\":\"%s\",\"shape\":[%s],\"data_offsets\":[%d,%d]}"
                    .formatted(tensor.name, tensor.dtype, shape, data.size(), data.size() + tensor.data.length));
            data.writeBytes(tensor.data);
        }
        header.append('}');
        while (header.length() % 8 != 0) header.append(' ');
        byte[] text = header.toString().getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + text.length + data.size())
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(text.length)
                .put(text)
                .put(data.toByteArray())
                .array();
    }
}
