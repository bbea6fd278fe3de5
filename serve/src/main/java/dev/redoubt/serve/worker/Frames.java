package dev.redoubt.serve.worker;

import dev.redoubt.serve.replica.Turn;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.function.BooleanSupplier;

/// Frames over one socket: any thread sends, one at a time reads.
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
    private static final int LEFT_MILLIS = 1;

    private final SocketChannel channel;
    private final int bytesMax;
    private final Selector selector;
    private final SelectionKey key;
    private final Outbox outbox;
    private byte[] in = new byte[PIECE_BYTES]; // the reading thread's, as all below
    private int inStart;
    private int inEnd;
    private boolean drained; // the last read took all there was
    private final Lookout lookout = new Lookout();

    /// @param bytesMax of a frame, both ways
    Frames(SocketChannel channel, int bytesMax) throws IOException {
        this.channel = channel;
        this.bytesMax = bytesMax;
        channel.configureBlocking(false);
        selector = Selector.open();
        key = channel.register(selector, SelectionKey.OP_READ);
        outbox = new Outbox(channel, System::nanoTime, this::awaitRoom, selector::wakeup);
    }

    FrameWriter writer(FrameType type, int id) {
        return new FrameWriter(type, id, bytesMax);
    }

    int bytesMax() {
        return bytesMax;
    }

    /// Sends a frame, or leaves it to the reading thread where the peer does not read as fast; never waits for
    /// it. See [#stuckFor].
    void send(FrameWriter frame) throws IOException {
        long ignored = outbox.add(frame);
        outbox.flush();
    }

    /// As [#send], when this thread has done what it has at hand: what else it sends until then goes out together.
    void sendAtEndOfTurn(FrameWriter frame) throws IOException {
        long ignored = outbox.add(frame);
        outbox.flushAtEndOfTurn();
    }

    /// What is to be sent, in two steps: `add` puts frames in order, `flush` takes its time.
    Outbox outbox() {
        return outbox;
    }

    /// For how long the peer has taken nothing of what is being sent, in nanoseconds; 0 where it does.
    long stuckFor() {
        return outbox.fullFor();
    }

    /// Waits until the peer has taken everything. On the reading thread.
    void finish() throws IOException {
        while (!outbox.isEmpty()) await();
    }

    /// Reads until the peer ends the link or breaks its rules.
    ///
    /// @throws IOException how it ended; an [EOFException] if the peer closed it
    void readAll(Receiver receiver) throws IOException {
        readAll(receiver, () -> true);
    }

    /// The same, until `more`, which is asked after each frame, says that this thread reads no more. Then another may:
    /// one at a time.
    void readAll(Receiver receiver, BooleanSupplier more) throws IOException {
        outbox.flush(); // what whoever read before has put off
        Turn.<IOException>during(() -> {
            do read(receiver);
            while (more.getAsBoolean());
        });
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
        lookout.came();
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
            Turn.next(); // what has come is done
            if (drained && !looks()) await();
            int room = Math.min(PIECE_BYTES, in.length - inEnd);
            int count = channel.read(ByteBuffer.wrap(in, inEnd, room));
            if (count < 0) throw new EOFException("the peer closed the link");
            drained = count < room;
            inEnd += count;
            if (count > 0) lookout.found();
        }
    }

    @SuppressWarnings("ThreadPriorityCheck") // it gives way to whoever else has something to do
    private boolean looks() {
        boolean again = lookout.again(System.nanoTime());
        if (again) Thread.yield();
        return again;
    }

    /// Waits until the peer has sent something, or has room for what it is sent.
    private void await() throws IOException {
        try {
            if (Thread.interrupted()) throw new ClosedByInterruptException(); // else it would not wait again
            boolean left = outbox.left();
            int ignored = left ? selector.select(LEFT_MILLIS) : selector.select();
            if (left) outbox.flush();
            boolean ready = selector.selectedKeys().remove(key); // if it was only woken the key says what was before
            if (!ready || !key.isWritable()) return;
            key.interestOps(SelectionKey.OP_READ);
        } catch (ClosedSelectorException | CancelledKeyException closed) {
            throw new ClosedChannelException();
        }
        outbox.resume();
    }

    private void awaitRoom() {
        try {
            key.interestOps(SelectionKey.OP_READ | SelectionKey.OP_WRITE);
            selector.wakeup();
        } catch (CancelledKeyException closed) {
            return; // the reading thread finds the same
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
        outbox.close();
        try {
            channel.close();
            selector.close(); // which gives the socket back
        } catch (IOException closedAlready) {
            return;
        }
    }
}
