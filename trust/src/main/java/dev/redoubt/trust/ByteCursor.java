package dev.redoubt.trust;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/// Reads little-endian fields one after the other and never past the end. Nothing is allocated before the bytes
/// that would fill it are known to be there.
final class ByteCursor {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final MemorySegment bytes;
    private final String container; // for messages
    private final long end;
    private long at;

    /// @param limit bytes that may be read from the start, at most
    ByteCursor(MemorySegment bytes, String container, long limit) {
        this.bytes = bytes;
        this.container = container;
        this.end = Math.min(limit, bytes.byteSize());
    }

    long position() {
        return at;
    }

    long remaining() {
        return end - at;
    }

    /// @throws ArtifactException unless `count` bytes are left
    void need(long count, String what) {
        if (count < 0 || count > end - at)
            throw Refusals.content(
                    "%s truncated in %s: %s bytes needed at offset %d, %d are left up to the limit: get the whole file",
                    container, what, Long.toUnsignedString(count), at, end - at);
    }

    int u8(String what) {
        need(1, what);
        return bytes.get(ValueLayout.JAVA_BYTE, at++) & 0xFF;
    }

    short i16(String what) {
        need(2, what);
        short value = bytes.get(SHORT, at);
        at += 2;
        return value;
    }

    int i32(String what) {
        need(4, what);
        int value = bytes.get(INT, at);
        at += 4;
        return value;
    }

    long u32(String what) {
        return Integer.toUnsignedLong(i32(what));
    }

    /// An unsigned 64-bit value above 2^63 - 1 shows as negative.
    long i64(String what) {
        need(8, what);
        long value = bytes.get(LONG, at);
        at += 8;
        return value;
    }

    /// A count, size or length.
    ///
    /// @throws ArtifactException if it is over `max`
    long bounded(String what, long max) {
        long value = i64(what);
        if (value < 0 || value > max) throw outOfBounds(what, value, max);
        return value;
    }

    private ArtifactException outOfBounds(String what, long value, long max) {
        return Refusals.content(
                "%s %s is %s, limit is %d: the file is damaged or hostile",
                container, what, Long.toUnsignedString(value), max);
    }

    /// The next bytes, copied.
    byte[] take(long count, String what) {
        need(count, what);
        byte[] taken = new byte[(int) count];
        MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, at, taken, 0, taken.length);
        at += count;
        return taken;
    }

    /// Strict UTF-8 after a 64-bit length.
    ///
    /// @throws ArtifactException if it is longer than `max`, truncated or not UTF-8
    String string(String what, int max) {
        long length = i64(what);
        if (length < 0 || length > max) throw outOfBounds(what + " length", length, max);
        byte[] raw = take(length, what);
        String text = new String(raw, StandardCharsets.UTF_8);
        // Malformed input always shows as U+FFFD; only then is the slow, strict decoder asked.
        if (text.indexOf('\uFFFD') >= 0) {
            try {
                return StandardCharsets.UTF_8
                        .newDecoder()
                        .decode(ByteBuffer.wrap(raw))
                        .toString();
            } catch (CharacterCodingException e) {
                throw Refusals.content("%s %s is not UTF-8: the file is damaged", container, what);
            }
        }
        return text;
    }
}
