package dev.redoubt.serve.worker;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.concurrent.locks.ReentrantLock;

/// Frames over one socket: any thread sends, one reads.
final class Frames implements AutoCloseable {
    /// Takes a frame that came in.
    interface Receiver {
        /// @throws BadFrame ends the link
        /// @throws IOException if an answer cannot be sent, which ends it too
        void receive(FrameType type, int id, FrameReader body) throws IOException;
    }

    /// Length of what follows it, type, id.
    static final int HEADER_BYTES = 9;

    private static final int PIECE_BYTES = 64 << 10;

    private final SocketChannel channel;
    private final int bytesMax;
    private final ReentrantLock writing = new ReentrantLock();
    private volatile long writingSince; // System.nanoTime, 0 while nobody writes
    private byte[] in = new byte[PIECE_BYTES]; // the reading thread's
    private int inStart;
    private int inEnd;

    /// @param bytesMax of a frame, both ways
    Frames(SocketChannel channel, int bytesMax) {
        this.channel = channel;
        this.bytesMax = bytesMax;
    }

    FrameWriter writer(FrameType type, int id) {
        return new FrameWriter(type, id, bytesMax);
    }

    int bytesMax() {
        return bytesMax;
    }

    /// Waits while the peer does not read. See [#stuckFor].
    void send(FrameWriter frame) throws IOException {
        ByteBuffer bytes = frame.finished();
        writing.lock();
        try {
            writingSince = System.nanoTime() | 1;
            int end = bytes.limit();
            while (bytes.position() < end) {
                // In pieces: the JDK copies each into direct memory, which it keeps for the thread.
                channel.write(bytes.limit(Math.min(end, bytes.position() + PIECE_BYTES)));
            }
        } finally {
            writingSince = 0;
            writing.unlock();
        }
    }

    /// For how long the frame that is being written has been, in nanoseconds; 0 where none is.
    long stuckFor() {
        long since = writingSince;
        return since == 0 ? 0 : System.nanoTime() - since;
    }

    /// Reads until the peer ends the link or breaks its rules.
    ///
    /// @throws IOException how it ended; an [EOFException] if the peer closed it
    void readAll(Receiver receiver) throws IOException {
        while (true) read(receiver);
    }

    /// Reads one frame.
    void read(Receiver receiver) throws IOException {
        fill(4);
        long length = new FrameReader(in, inStart, inEnd).u32() & 0xFFFFFFFFL;
        if (length < HEADER_BYTES - 4 || length > bytesMax - 4)
            throw new BadFrame("a frame of " + length + " bytes, limit is " + (bytesMax - 4));
        fill(4 + (int) length);
        FrameReader body = new FrameReader(in, inStart + 4, inStart + 4 + (int) length);
        FrameType type = FrameType.of(body.u8());
        int id = body.u32();
        receiver.receive(type, id, body);
        inStart += 4 + (int) length;
        if (in.length > PIECE_BYTES && inEnd - inStart < PIECE_BYTES) shrink();
    }

    /// Waits until so many bytes are there.
    private void fill(int wanted) throws IOException {
        if (inEnd - inStart >= wanted) return;
        if (inStart + wanted > in.length) {
            byte[] next = wanted > in.length ? new byte[wanted] : in;
            System.arraycopy(in, inStart, next, 0, inEnd - inStart);
            inEnd -= inStart;
            inStart = 0;
            in = next;
        }
        while (inEnd - inStart < wanted) {
            int count = channel.read(ByteBuffer.wrap(in, inEnd, Math.min(PIECE_BYTES, in.length - inEnd)));
            if (count < 0) throw new EOFException("the peer closed the link");
            inEnd += count;
        }
    }

    private void shrink() {
        byte[] next = new byte[PIECE_BYTES];
        System.arraycopy(in, inStart, next, 0, inEnd - inStart);
        inEnd -= inStart;
        inStart = 0;
        in = next;
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException closedAlready) {
            return;
        }
    }
}
