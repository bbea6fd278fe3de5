package dev.redoubt.trust;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/// Reads the fields of one protobuf message one after the other and never past its end. Allocates names only.
final class ProtoCursor {
    /* What two readers could see differently is refused: a tag of more than 32 bits, a varint of more than 64, a group,
     * a field of another wire type than its own, a field given twice of which there is one (readers merge or take the
     * last). Whoever reads a message names every field it may have, so that nothing is skipped unseen. */
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int VARINT_BYTES_MAX = 10;
    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int BYTES = 2;
    private static final int FIXED32 = 5;

    private final MemorySegment file;
    private final String message; // its name, for refusals
    private final long end;
    private long at;
    private int field;
    private int wire;
    private long seen; // bits of fields below 64

    private ProtoCursor(MemorySegment file, String message, long begin, long end) {
        this.file = file;
        this.message = message;
        this.at = begin;
        this.end = end;
    }

    static ProtoCursor of(MemorySegment file, String message) {
        return new ProtoCursor(file, message, 0, file.byteSize());
    }

    /// The same message from its begin.
    ProtoCursor again(long begin) {
        return new ProtoCursor(file, message, begin, end);
    }

    long position() {
        return at;
    }

    /// Goes to the next field, whose value must then be read.
    ///
    /// @return its number; 0 at the end of the message
    int next() {
        if (at == end) return 0;
        long tag = rawVarint();
        if (tag >>> 3 == 0 || tag >>> 32 != 0)
            throw Refusals.content(
                    "not an ONNX model: %s has a field without a number at offset %d: no protobuf", message, at);
        field = (int) (tag >>> 3);
        wire = (int) (tag & 7);
        return field;
    }

    /// @throws ArtifactException if the message has had this field
    ProtoCursor once() {
        long bit = 1L << field;
        if ((seen & bit) != 0)
            throw Refusals.content(
                    "ONNX %s has the field %d twice, before offset %d: the file is damaged or hostile",
                    message, field, at);
        seen |= bit;
        return this;
    }

    ArtifactException unknown() {
        return Refusals.content(
                "not an ONNX model as this version reads it: %s has the unknown field %d of protobuf, before offset %d",
                message, field, at);
    }

    /// An `int64`, or the bits of another whole number.
    long varint() {
        must(VARINT, "a number");
        return rawVarint();
    }

    int fixed32() {
        must(FIXED32, "a number of 32 bits");
        need(4);
        int value = file.get(INT, at);
        at += 4;
        return value;
    }

    /// The bytes of a field that has a length.
    MemorySegment bytes() {
        long length = length();
        MemorySegment bytes = file.asSlice(at, length);
        at += length;
        return bytes;
    }

    /// A message inside this one.
    ProtoCursor message(String name) {
        long length = length();
        var inner = new ProtoCursor(file, name, at, at + length);
        at += length;
        return inner;
    }

    /// A repeated number: one of them, or many packed ones.
    ///
    /// @return over the values, to be read by [#packed]
    ProtoCursor numbers(String name) {
        if (wire == BYTES) return message(name);
        long begin = at;
        if (wire == FIXED32) fixed32();
        else varint();
        return new ProtoCursor(file, name, begin, at);
    }

    boolean atEnd() {
        return at == end;
    }

    /// The next of packed numbers.
    long packed() {
        return rawVarint();
    }

    /// The next of packed numbers of 32 bits.
    int packed32() {
        need(4);
        int value = file.get(INT, at);
        at += 4;
        return value;
    }

    /// Strict UTF-8 without control characters.
    ///
    /// @throws ArtifactException also if it is longer than `max` bytes
    String text(String what, int max) {
        MemorySegment segment = bytes();
        if (segment.byteSize() > max)
            throw Refusals.content("ONNX %s has a %s of %d bytes, limit is %d", message, what, segment.byteSize(), max);
        byte[] raw = segment.toArray(ValueLayout.JAVA_BYTE);
        for (byte one : raw)
            if (one >= 0 && one < 0x20 || one == 0x7F)
                throw Refusals.content("ONNX %s has a %s with a control character U+%04X", message, what, (int) one);
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(raw))
                    .toString();
        } catch (CharacterCodingException e) {
            throw Refusals.content("ONNX %s has a %s that is not UTF-8: the file is damaged", message, what);
        }
    }

    private long length() {
        must(BYTES, "bytes with a length");
        long length = rawVarint();
        need(length);
        return length;
    }

    private void must(int wanted, String what) {
        if (wire == wanted) return;
        boolean known = wire == VARINT || wire == FIXED64 || wire == BYTES || wire == FIXED32;
        throw Refusals.content(
                "not an ONNX model: field %d of %s before offset %d has the %s wire type %d, it must be %s: no protobuf of ONNX",
                field, message, at, known ? "wrong" : "unknown", wire, what);
    }

    private long rawVarint() {
        long value = 0;
        for (int i = 0; i < VARINT_BYTES_MAX; i++) {
            need(1);
            byte next = file.get(ValueLayout.JAVA_BYTE, at++);
            if (i == VARINT_BYTES_MAX - 1 && (next & 0xFE) != 0) break;
            value |= (long) (next & 0x7F) << 7 * i;
            if (next >= 0) return value;
        }
        throw Refusals.content("ONNX %s has a number of over 64 bits before offset %d: no protobuf", message, at);
    }

    private void need(long count) {
        if (count < 0 || count > end - at)
            throw Refusals.content(
                    "ONNX truncated in %s: %s bytes needed at offset %d, %d are left: get the whole file",
                    message, Long.toUnsignedString(count), at, end - at);
    }
}
