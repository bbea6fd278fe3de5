package dev.redoubt.serve.schema;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/// Where a reader of a binary body is. Nothing is taken, or memory made for it, that is not there.
final class BodyCursor {
    private final String format;
    private final ByteBuffer bytes;

    /// @param format its name, for messages
    BodyCursor(String format, byte[] body, ByteOrder order) {
        this.format = format;
        this.bytes = ByteBuffer.wrap(body).order(order);
    }

    int at() {
        return bytes.position();
    }

    int left() {
        return bytes.remaining();
    }

    ServeException refused(String problem) {
        return ServeException.of(ErrorCode.INVALID_BODY, format, problem, at());
    }

    /// @throws ServeException unless there are so many bytes more
    void need(long count, String what) {
        if (count < 0 || count > left()) throw refused(what + " goes past the end");
    }

    int unsignedByte() {
        need(1, "a value");
        return bytes.get() & 0xFF;
    }

    byte signedByte() {
        need(1, "a value");
        return bytes.get();
    }

    short int16() {
        need(2, "a value");
        return bytes.getShort();
    }

    int int32() {
        need(4, "a value");
        return bytes.getInt();
    }

    long int64() {
        need(8, "a value");
        return bytes.getLong();
    }

    float float32() {
        need(4, "a value");
        return bytes.getFloat();
    }

    double float64() {
        need(8, "a value");
        return bytes.getDouble();
    }

    byte[] bytes(long count, String what) {
        need(count, what);
        byte[] copy = new byte[(int) count];
        bytes.get(copy);
        return copy;
    }

    /// Without a copy.
    MemorySegment slice(long count, String what) {
        need(count, what);
        MemorySegment slice = MemorySegment.ofBuffer(bytes.slice(bytes.position(), (int) count));
        bytes.position(bytes.position() + (int) count);
        return slice;
    }

    String text(long count, String what) {
        need(count, what);
        ByteBuffer part = bytes.slice(bytes.position(), (int) count);
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .decode(part)
                    .toString();
            bytes.position(bytes.position() + (int) count);
            return text;
        } catch (CharacterCodingException e) {
            throw refused(what + " that is not UTF-8");
        }
    }
}
