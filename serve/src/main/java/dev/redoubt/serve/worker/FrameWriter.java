package dev.redoubt.serve.worker;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// One frame as it grows. For one thread.
final class FrameWriter {
    private static final int FIRST_BYTES = 512;

    private final int bytesMax;
    private byte[] bytes = new byte[FIRST_BYTES];
    private int length = Frames.HEADER_BYTES;

    /// @param id of the call, 0 where there is none
    /// @param bytesMax of the whole frame
    FrameWriter(FrameType type, int id, int bytesMax) {
        this.bytesMax = bytesMax;
        bytes[4] = (byte) type.number();
        putInt(5, id);
    }

    /// Names the call once its number is known.
    FrameWriter id(int id) {
        putInt(5, id);
        return this;
    }

    FrameWriter u8(int value) {
        room(1);
        bytes[length++] = (byte) value;
        return this;
    }

    FrameWriter u32(int value) {
        room(4);
        putInt(length, value);
        length += 4;
        return this;
    }

    FrameWriter u64(long value) {
        return u32((int) (value >>> 32)).u32((int) value);
    }

    /// Seven bits a byte, lowest first; for what is small and not negative.
    FrameWriter count(int value) {
        room(5);
        int rest = value;
        while (rest > 127) {
            bytes[length++] = (byte) (rest | 128);
            rest >>>= 7;
        }
        bytes[length++] = (byte) rest;
        return this;
    }

    FrameWriter text(String value) {
        return bytes(value.getBytes(StandardCharsets.UTF_8));
    }

    FrameWriter bytes(byte[] value) {
        count(value.length);
        room(value.length);
        System.arraycopy(value, 0, bytes, length, value.length);
        length += value.length;
        return this;
    }

    /// Without a length: whoever reads it knows.
    FrameWriter raw(MemorySegment data) {
        if (data.byteSize() > bytesMax) throw new FrameTooLarge(bytesMax);
        int size = (int) data.byteSize();
        room(size);
        MemorySegment.copy(data, ValueLayout.JAVA_BYTE, 0, bytes, length, size);
        length += size;
        return this;
    }

    /// So far, header included.
    int length() {
        return length;
    }

    ByteBuffer finished() {
        putInt(0, length - 4);
        return ByteBuffer.wrap(bytes, 0, length);
    }

    private void room(int more) {
        if (more > bytesMax - length) throw new FrameTooLarge(bytesMax);
        if (length + more > bytes.length)
            bytes = Arrays.copyOf(bytes, Math.min(bytesMax, Math.max(2 * bytes.length, length + more)));
    }

    private void putInt(int at, int value) {
        bytes[at] = (byte) (value >>> 24);
        bytes[at + 1] = (byte) (value >>> 16);
        bytes[at + 2] = (byte) (value >>> 8);
        bytes[at + 3] = (byte) value;
    }

    /// A value does not fit into a frame; the link stays as it is.
    static final class FrameTooLarge extends RuntimeException {
        @java.io.Serial
        private static final long serialVersionUID = 1L;

        private final int bytesMax;

        private FrameTooLarge(int bytesMax) {
            super("a frame has at most " + bytesMax + " bytes", null, false, false);
            this.bytesMax = bytesMax;
        }

        int bytesMax() {
            return bytesMax;
        }
    }
}
