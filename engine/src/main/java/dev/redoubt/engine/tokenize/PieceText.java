package dev.redoubt.engine.tokenize;

import java.nio.charset.StandardCharsets;

/// SentencePiece's spelling: `▁` is a space, `<0x0A>` a byte.
final class PieceText {
    private PieceText() {}

    static byte[] bytes(String piece) {
        int value = byteOf(piece);
        if (value >= 0) return new byte[] {(byte) value};
        return piece.replace('▁', ' ').getBytes(StandardCharsets.UTF_8);
    }

    /// The byte that a piece of the form `<0x0A>` stands for, or -1.
    static int byteOf(String piece) {
        if (piece.length() != 6 || !piece.startsWith("<0x") || piece.charAt(5) != '>') return -1;
        int high = Character.digit(piece.charAt(3), 16);
        int low = Character.digit(piece.charAt(4), 16);
        return high < 0 || low < 0 ? -1 : 16 * high + low;
    }
}
