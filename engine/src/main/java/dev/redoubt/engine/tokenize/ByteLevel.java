package dev.redoubt.engine.tokenize;

import java.nio.charset.StandardCharsets;

/// GPT-2's spelling of bytes as printable characters: `Ġ` is a space. Printable Latin-1 stands for itself, the
/// other 68 bytes for U+0100 and up, in order.
final class ByteLevel {
    private static final int CHARS = 256 + 68;
    private static final short[] BYTES = table();

    private ByteLevel() {}

    private static short[] table() {
        short[] bytes = new short[CHARS];
        int next = 256;
        for (int b = 0; b < 256; b++) {
            bytes[b] = -1;
            boolean itself = b >= '!' && b <= '~' || b >= 0xA1 && b <= 0xAC || b >= 0xAE;
            if (itself) bytes[b] = (short) b;
            else bytes[next++] = (short) b;
        }
        return bytes;
    }

    /// The bytes of a token; its UTF-8 where it is not spelled so, as an added token may be.
    static byte[] bytes(String token) {
        byte[] bytes = new byte[token.length()];
        for (int i = 0; i < token.length(); i++) {
            char c = token.charAt(i);
            if (c >= CHARS || BYTES[c] < 0) return token.getBytes(StandardCharsets.UTF_8);
            bytes[i] = (byte) BYTES[c];
        }
        return bytes;
    }
}
