package dev.redoubt.serve.worker;

import java.nio.charset.StandardCharsets;

/// The body of one frame that came in. Nothing is allocated by a length that was not compared with what is
/// there.
/// For one thread.
final class FrameReader {
    /// Of one frame: a byte may become an object of a hundred.
    private static final int VALUES_MAX = 1_000_000;

    private final byte[] bytes;
    private final int end;
    private int at;
    private int values;

    FrameReader(byte[] bytes, int start, int end) {
        this.bytes = bytes;
        this.at = start;
        this.end = end;
    }

    int left() {
        return end - at;
    }

    /// Counts what is made of the frame.
    void nextValue() throws BadFrame {
        if (++values > VALUES_MAX) throw new BadFrame("over " + VALUES_MAX + " values in one frame");
    }

    int u8() throws BadFrame {
        need(1);
        return bytes[at++] & 0xFF;
    }

    int u32() throws BadFrame {
        need(4);
        int value = (bytes[at] & 0xFF) << 24
                | (bytes[at + 1] & 0xFF) << 16
                | (bytes[at + 2] & 0xFF) << 8
                | bytes[at + 3] & 0xFF;
        at += 4;
        return value;
    }

    long u64() throws BadFrame {
        return (long) u32() << 32 | u32() & 0xFFFFFFFFL;
    }

    int count(int max) throws BadFrame {
        long value = 0;
        for (int shift = 0; shift < 35; shift += 7) {
            int next = u8();
            value |= (long) (next & 127) << shift;
            if (next < 128) {
                if (value > max) throw new BadFrame("a count of " + value + ", limit is " + max);
                return (int) value;
            }
        }
        throw new BadFrame("a count of more than five bytes");
    }

    String text(int bytesMax) throws BadFrame {
        int length = count(bytesMax);
        need(length);
        String text = new String(bytes, at, length, StandardCharsets.UTF_8);
        at += length;
        return text;
    }

    byte[] bytes(int bytesMax) throws BadFrame {
        return raw(count(bytesMax));
    }

    byte[] raw(long length) throws BadFrame {
        need(length);
        byte[] copy = new byte[(int) length];
        System.arraycopy(bytes, at, copy, 0, copy.length);
        at += copy.length;
        return copy;
    }

    /// What follows the last value would be somebody's error, or somebody's trick.
    void finished() throws BadFrame {
        if (at != end) throw new BadFrame((end - at) + " bytes after the end of a frame's body");
    }

    private void need(long more) throws BadFrame {
        if (more > end - at) throw new BadFrame(more + " bytes wanted, the frame has " + (end - at));
    }
}
