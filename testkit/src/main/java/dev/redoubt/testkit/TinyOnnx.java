package dev.redoubt.testkit;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/// A protobuf message in the making, and what ONNX makes of them: models as small as a test wants.
public final class TinyOnnx {
    public static final int NODE = 1;
    public static final int INITIALIZER = 5;
    public static final int INPUT = 11;
    public static final int OUTPUT = 12;
    public static final int FLOAT = 1;
    public static final int INT64 = 7;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    /// A model of IR version 8 and operator set 17.
    ///
    /// @param graph writes the graph
    public static byte[] model(Consumer<TinyOnnx> graph) {
        return new TinyOnnx()
                .number(1, 8)
                .message(7, graph)
                .message(8, opset -> opset.number(2, 17))
                .toBytes();
    }

    public TinyOnnx number(int field, long value) {
        varint((long) field << 3);
        varint(value);
        return this;
    }

    public TinyOnnx bytes(int field, byte[] value) {
        varint((long) field << 3 | 2);
        varint(value.length);
        out.writeBytes(value);
        return this;
    }

    public TinyOnnx text(int field, String value) {
        return bytes(field, value.getBytes(StandardCharsets.UTF_8));
    }

    public TinyOnnx message(int field, Consumer<TinyOnnx> inner) {
        var message = new TinyOnnx();
        inner.accept(message);
        return bytes(field, message.toBytes());
    }

    /// A node of a graph.
    ///
    /// @param inputs names, by commas
    public TinyOnnx node(String operator, String inputs, String output) {
        return message(NODE, node -> {
            for (String input : inputs.split(",")) node.text(1, input);
            node.text(2, output).text(4, operator);
        });
    }

    /// An input or output of a graph.
    ///
    /// @param sizes -1 for one with a name
    public TinyOnnx value(int field, String name, int type, long... sizes) {
        return message(
                field,
                value -> value.text(1, name)
                        .message(
                                2,
                                any -> any.message(
                                        1,
                                        tensor -> tensor.number(1, type).message(2, shape -> {
                                            for (long size : sizes)
                                                shape.message(1, dim -> {
                                                    if (size < 0) dim.text(2, "n" + shape.out.size());
                                                    else dim.number(1, size);
                                                });
                                        }))));
    }

    /// Little-endian, as a tensor's raw data is.
    public static byte[] floats(float... values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : values) bytes.putFloat(value);
        return bytes.array();
    }

    public byte[] toBytes() {
        return out.toByteArray();
    }

    private void varint(long value) {
        long left = value;
        while ((left & ~0x7FL) != 0) {
            out.write((int) (left & 0x7F | 0x80));
            left >>>= 7;
        }
        out.write((int) left);
    }
}
