package dev.redoubt.serve.schema;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.ValueLayout;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/// Writes MessagePack, each value in its shortest form.
final class MessagePackWriter {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    byte[] bytes() {
        return out.toByteArray();
    }

    void value(JsonNode node) {
        switch (node.getNodeType()) {
            case OBJECT -> {
                head(node.size(), 0x80, 16, 0, 0xDE, 0xDF);
                for (Map.Entry<String, JsonNode> field : node.properties()) {
                    text(field.getKey());
                    value(field.getValue());
                }
            }
            case ARRAY -> {
                head(node.size(), 0x90, 16, 0, 0xDC, 0xDD);
                for (int i = 0; i < node.size(); i++) value(node.get(i));
            }
            case STRING -> text(node.stringValue());
            case BOOLEAN -> out.write(node.booleanValue() ? 0xC3 : 0xC2);
            case NULL -> out.write(0xC0);
            case BINARY -> binary(node.binaryValue());
            case NUMBER -> number(node);
            case POJO -> tensor(Tensor.of(node));
            case MISSING -> throw new IllegalArgumentException("a missing value is none");
        }
    }

    private void number(JsonNode node) {
        switch (node.numberType()) {
            case INT, LONG -> whole(node.longValue());
            case FLOAT -> {
                out.write(0xCA);
                big(Float.floatToRawIntBits(node.floatValue()), 4);
            }
            case DOUBLE, BIG_DECIMAL -> {
                out.write(0xCB);
                big(Double.doubleToRawLongBits(SchemaCheck.number(node)), 8);
            }
            case BIG_INTEGER -> {
                BigInteger number = node.bigIntegerValue();
                if (number.signum() < 0 || number.bitLength() > 64)
                    throw new IllegalArgumentException("a whole number of over 64 bits has no form in MessagePack");
                out.write(0xCF);
                big(number.longValue(), 8);
            }
        }
    }

    private void whole(long number) {
        if (number >= -32 && number < 128) out.write((int) number);
        else if (number >= 0) {
            int size = number <= 0xFF ? 1 : number <= 0xFFFF ? 2 : number <= 0xFFFF_FFFFL ? 4 : 8;
            out.write(0xCC + Integer.numberOfTrailingZeros(size));
            big(number, size);
        } else {
            int size =
                    number >= Byte.MIN_VALUE ? 1 : number >= Short.MIN_VALUE ? 2 : number >= Integer.MIN_VALUE ? 4 : 8;
            out.write(0xD0 + Integer.numberOfTrailingZeros(size));
            big(number, size);
        }
    }

    private void text(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        head(bytes.length, 0xA0, 32, 0xD9, 0xDA, 0xDB);
        out.writeBytes(bytes);
    }

    private void binary(byte[] bytes) {
        head(bytes.length, 0, 0, 0xC4, 0xC5, 0xC6);
        out.writeBytes(bytes);
    }

    private void tensor(Tensor tensor) {
        head(3, 0x80, 16, 0, 0xDE, 0xDF);
        text(MessagePackBody.DTYPE);
        text(tensor.dtype().name());
        text(MessagePackBody.SHAPE);
        head(tensor.shape().size(), 0x90, 16, 0, 0xDC, 0xDD);
        for (int size : tensor.shape()) whole(size);
        text(MessagePackBody.DATA);
        binary(tensor.data().toArray(ValueLayout.JAVA_BYTE));
    }

    /// @param fixed head of the form that has the length in it, for less than `below`
    /// @param one head of the form with a length of one byte; 0 where there is none
    private void head(int length, int fixed, int below, int one, int two, int four) {
        if (length < below) out.write(fixed | length);
        else if (length <= 0xFF && one != 0) {
            out.write(one);
            big(length, 1);
        } else if (length <= 0xFFFF) {
            out.write(two);
            big(length, 2);
        } else {
            out.write(four);
            big(length, 4);
        }
    }

    private void big(long bits, int size) {
        for (int shift = 8 * (size - 1); shift >= 0; shift -= 8) out.write((int) (bits >>> shift));
    }
}
