package dev.redoubt.policy.audit;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.Set;

/// The lines of a file, from one place to another.
final class SegmentLines implements Closeable {
    private final FileChannel channel;
    private final long end;
    private final ByteBuffer buffer = ByteBuffer.allocate(64 << 10).limit(0);
    private long read; // where the buffer ends in the file
    private long next; // where the next line begins

    /// @param from where a line begins
    /// @param end what lies behind is not looked at
    SegmentLines(Path file, long from, long end) throws IOException {
        this.channel = FileChannel.open(file, Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS));
        this.end = end;
        this.read = from;
        this.next = from;
    }

    /// The next whole line without its end; one that is too long for a record comes cut. Empty at the end.
    Optional<byte[]> next() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream(512);
        for (long at = next; ; at++) {
            if (!buffer.hasRemaining() && !fill()) {
                buffer.limit(0); // half a line: the next call reads it again
                read = next;
                return Optional.empty();
            }
            byte b = buffer.get();
            if (b == '\n') {
                next = at + 1;
                return Optional.of(line.toByteArray());
            }
            if (line.size() <= Link.LINE_BYTES_MAX) line.write(b);
        }
    }

    /// Where the lines end that were given.
    long offset() {
        return next;
    }

    private boolean fill() throws IOException {
        buffer.clear().limit((int) Math.max(0, Math.min(buffer.capacity(), end - read)));
        while (buffer.hasRemaining()) {
            int got = channel.read(buffer, read + buffer.position());
            if (got < 0) break;
        }
        buffer.flip();
        read += buffer.limit();
        return buffer.hasRemaining();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
