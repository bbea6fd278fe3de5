package dev.redoubt.engine.tokenize;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// Writes JSON in UTF-8 piece by piece, for the vocabularies, which have hundreds of thousands of strings.
final class JsonWriter {
    private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

    private byte[] out;
    private int size;

    JsonWriter(int sizeHint) {
        this.out = new byte[sizeHint];
    }

    JsonWriter raw(String json) {
        for (byte b : json.getBytes(StandardCharsets.UTF_8)) raw(b);
        return this;
    }

    JsonWriter raw(char ascii) {
        raw((byte) ascii);
        return this;
    }

    JsonWriter number(int value) {
        return raw(Integer.toString(value));
    }

    JsonWriter string(String text) {
        raw('"');
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) { // bytes of longer sequences are negative
            if (b == '"' || b == '\\') raw('\\').raw(b);
            else if (b >= 0 && b < 0x20) raw("\\u00").raw(HEX[b >> 4]).raw(HEX[b & 15]);
            else raw(b);
        }
        return raw('"');
    }

    private JsonWriter raw(byte b) {
        if (size == out.length) out = Arrays.copyOf(out, 2 * size + 64);
        out[size++] = b;
        return this;
    }

    byte[] toBytes() {
        return Arrays.copyOf(out, size);
    }
}
