package dev.redoubt.serve.worker;

import dev.redoubt.serve.replica.Turn;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/// What is on its way out over one link. Any thread adds and flushes, and none waits for the peer.
final class Outbox {
    /* Whoever flushes while nobody writes writes: its own frame and what others add meanwhile, together. Where the socket has no more room
     * the one who writes leaves it at that and tells `whenFull`; `resume` goes on when there is room again.
     *
     * Nothing here bounds what is queued. Those who add do: a call has one frame of input and one of output, or the items that its credit
     * allows, and the number of calls is bounded. */
    /// Of direct memory.
    static final int PIECE_BYTES = 64 << 10;

    /// How much of a burst goes out together.
    private static final int BURST_BYTES_MAX = 16 << 10;

    private static final long BURST_NANOS = TimeUnit.MICROSECONDS.toNanos(200);

    private final SocketChannel channel;
    private final LongSupplier clock;
    private final Runnable whenFull;
    private final Runnable whenLeft;
    private final Runnable flushQuietly = this::flushQuietly; // one object, so that a turn knows it
    private final Deque<ByteBuffer> queue = new ArrayDeque<>(); // guarded by it, as all below
    private boolean writing; // somebody does, or the socket is full
    private boolean closed;
    private long added; // bytes since the beginning
    private long taken; // as many of them the system was given
    private long flushedAt;
    private boolean left; // something waits for others to go out with
    private volatile long fullSince; // 0 while there is room; set by whoever writes
    private final ByteBuffer piece = ByteBuffer.allocateDirect(PIECE_BYTES); // the same's

    /// @param channel does not block
    /// @param clock in nanoseconds
    /// @param whenFull sees to it that [#resume] is called
    /// @param whenLeft sees to it that [#flush] is called within a millisecond or two
    Outbox(SocketChannel channel, LongSupplier clock, Runnable whenFull, Runnable whenLeft) {
        this.channel = channel;
        this.clock = clock;
        this.flushedAt = clock.getAsLong() - BURST_NANOS;
        this.whenFull = whenFull;
        this.whenLeft = whenLeft;
    }

    /// Puts a frame after all others, to be flushed.
    ///
    /// @return where it begins; see [#begun]
    /// @throws IOException if the link has ended: nothing of it is ever sent
    long add(FrameWriter frame) throws IOException {
        ByteBuffer bytes = frame.finished();
        synchronized (queue) {
            if (closed) throw new ClosedChannelException();
            long start = added;
            queue.addLast(bytes);
            added += bytes.remaining();
            return start;
        }
    }

    /// Whether the system was given any of the frame that begins there.
    boolean begun(long start) {
        synchronized (queue) {
            return taken > start;
        }
    }

    /// Sends what is there, as far as the socket takes it.
    void flush() throws IOException {
        synchronized (queue) {
            left = false;
            if (writing) return; // it goes out after what is going out now
            writing = true;
            flushedAt = clock.getAsLong();
        }
        write();
    }

    /// As [#flush], when this thread has done what it has at hand.
    void flushAtEndOfTurn() {
        Turn.atEnd(flushQuietly);
    }

    private void flushQuietly() {
        try {
            flush();
        } catch (IOException linkEnded) {
            return; // whoever reads the link finds the same, and says why
        }
    }

    /// As [#flush], but what follows another flush at once may wait a little for more: one call of the system for
    /// each item of a burst would cost more than the items.
    void flushSoon() throws IOException {
        boolean burst;
        synchronized (queue) {
            if (writing) return;
            burst = clock.getAsLong() - flushedAt < BURST_NANOS && added - taken < BURST_BYTES_MAX;
            if (burst && left) return;
            left = burst;
        }
        if (burst) whenLeft.run();
        else flush();
    }

    /// Whether something waits that should be flushed soon.
    boolean left() {
        synchronized (queue) {
            return left;
        }
    }

    /// The socket has room again.
    void resume() throws IOException {
        fullSince = 0;
        write();
    }

    private void write() throws IOException {
        while (next()) {
            piece.flip();
            try {
                sent(channel.write(piece));
            } catch (IOException e) {
                close();
                throw e;
            }
            boolean full = piece.hasRemaining();
            piece.compact();
            if (full) {
                fullSince = clock.getAsLong() | 1;
                whenFull.run();
                return;
            }
        }
    }

    private void sent(int bytes) {
        synchronized (queue) {
            taken += bytes;
        }
    }

    /// @return false if nothing is left
    private boolean next() {
        synchronized (queue) {
            while (!queue.isEmpty() && piece.hasRemaining()) {
                ByteBuffer frame = queue.getFirst();
                int count = Math.min(frame.remaining(), piece.remaining());
                piece.put(piece.position(), frame, frame.position(), count).position(piece.position() + count);
                frame.position(frame.position() + count);
                if (!frame.hasRemaining()) queue.removeFirst();
            }
            writing = piece.position() > 0;
            return writing;
        }
    }

    /// Whether nothing is left that could still go out.
    boolean isEmpty() {
        synchronized (queue) {
            return closed || !writing && queue.isEmpty();
        }
    }

    /// For how long the socket has had no room, in nanoseconds; 0 while it has.
    long fullFor() {
        long since = fullSince;
        return since == 0 ? 0 : clock.getAsLong() - since;
    }

    /// What is left goes nowhere.
    void close() {
        synchronized (queue) {
            closed = true;
            queue.clear();
        }
    }
}
