package dev.redoubt.engine.tokenize;

/// Puts bytes together to whole code points, one byte after the other. One owner.
final class Utf8Assembler {
    /* The Unicode Standard, table 3-7, and the practice of "maximal subparts": a byte that cannot go on ends the
     * sequence before it with one U+FFFD and is looked at again. The bounds of the second byte keep out overlong
     * forms, surrogates and what is above U+10FFFF; Java's own decoder answers one U+FFFD for an encoded surrogate,
     * the Unicode Standard three. The first two bytes of an encoded surrogate wait for what follows, as in Python's
     * incremental decoder: the text is the same. */
    private static final char REPLACEMENT = '\uFFFD';

    private int codePoint;
    private int missing;
    private boolean inSurrogate; // ED A0..BF
    private int low = 0x80;
    private int high = 0xBF;

    void push(byte raw, StringBuilder out) {
        int b = raw & 0xFF;
        if (missing > 0) {
            if (b >= low && b <= high) {
                codePoint = codePoint << 6 | b & 0x3F;
                low = 0x80;
                high = 0xBF;
                if (--missing == 0) out.appendCodePoint(codePoint);
                return;
            }
            if (low == 0x80 && high == 0x9F && b > 0x9F && b <= 0xBF) {
                missing = 0;
                inSurrogate = true;
                return;
            }
        }
        end(out);
        begin(b, out);
    }

    private void begin(int b, StringBuilder out) {
        low = b == 0xE0 ? 0xA0 : b == 0xF0 ? 0x90 : 0x80;
        high = b == 0xED ? 0x9F : b == 0xF4 ? 0x8F : 0xBF;
        if (b < 0x80) {
            out.append((char) b);
        } else if (b < 0xC2 || b > 0xF4) {
            out.append(REPLACEMENT);
        } else if (b < 0xE0) {
            missing = 1;
            codePoint = b & 0x1F;
        } else if (b < 0xF0) {
            missing = 2;
            codePoint = b & 0x0F;
        } else {
            missing = 3;
            codePoint = b & 0x07;
        }
    }

    /// The end: what is incomplete becomes one U+FFFD.
    void end(StringBuilder out) {
        if (missing > 0) out.append(REPLACEMENT);
        if (inSurrogate) out.append(REPLACEMENT).append(REPLACEMENT);
        missing = 0;
        inSurrogate = false;
    }
}
