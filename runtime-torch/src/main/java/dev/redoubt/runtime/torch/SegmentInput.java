package dev.redoubt.runtime.torch;

import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Reads memory. libtorch calls `read(byte[], int, int)` until it gives -1.
final class SegmentInput extends InputStream {
    private final MemorySegment bytes;
    private long at;

    SegmentInput(MemorySegment bytes) {
        this.bytes = bytes;
    }

    @Override
    public int read() {
        return at == bytes.byteSize() ? -1 : bytes.get(ValueLayout.JAVA_BYTE, at++) & 0xFF;
    }

    @Override
    public int read(byte[] into, int begin, int length) {
        int count = (int) Math.min(length, bytes.byteSize() - at);
        if (count == 0 && length > 0) return -1;
        MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, at, into, begin, count);
        at += count;
        return count;
    }
}
