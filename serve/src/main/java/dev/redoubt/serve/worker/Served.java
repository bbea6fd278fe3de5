package dev.redoubt.serve.worker;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.serve.Cancellation;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.replica.ReplyListener;
import java.io.IOException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// One call of the peer's while this side works on it: sends what comes of it, and no more items than the peer
/// gave credit for.
final class Served implements ReplyListener {
    private final Frames frames;
    private final boolean tellsFaults;
    private final int id;
    private final Signature signature;
    private final Cancellation cancellation;
    private final Consumer<Served> ended;
    private int credit; // bytes; guarded by this, as all below
    private boolean over;
    private @Nullable FrameWriter only; // of a call that gets one item: it goes out with the end

    /// @param ended told once, when the peer has been sent the end
    Served(
            Frames frames,
            boolean tellsFaults,
            int id,
            Signature signature,
            Cancellation cancellation,
            Consumer<Served> ended) {
        this.frames = frames;
        this.tellsFaults = tellsFaults;
        this.id = id;
        this.signature = signature;
        this.cancellation = cancellation;
        this.ended = ended;
        this.credit = Calls.WINDOW_BYTES;
    }

    int id() {
        return id;
    }

    /// Waits for credit, in a call that streams.
    @Override
    public void next(Payload item) {
        FrameWriter frame;
        try {
            frame = frames.writer(FrameType.ITEM, id).u8(signature.streams() ? 0 : 1);
            ValueCodec.write(signature.output(), item.tree(), frame);
        } catch (FrameWriter.FrameTooLarge tooLarge) {
            failed(ServeException.because("an output of over " + tooLarge.bytesMax()
                    + " bytes, which is what a replica of this memory can send: raise 'memory', or answer in parts"));
            return;
        }
        if (signature.streams()) stream(frame);
        else keep(frame);
    }

    private synchronized void keep(FrameWriter frame) {
        only = frame;
    }

    private void stream(FrameWriter frame) {
        synchronized (this) {
            try {
                while (credit <= 0 && !over && !cancellation.cancelled()) wait();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                cancellation.cancel(); // whoever interrupts a handler wants its call to end
            }
            if (over || cancellation.cancelled()) return;
            credit -= frame.length();
        }
        try {
            long ignored = frames.outbox().add(frame);
            frames.outbox().flushSoon();
        } catch (IOException linkEnded) {
            cancellation.cancel(); // as in send
        }
    }

    /// @throws BadFrame if the peer gives more than it took
    synchronized void credit(int bytes) throws BadFrame {
        if (bytes <= 0 || bytes > Calls.WINDOW_BYTES + frames.bytesMax() || credit + bytes > Calls.WINDOW_BYTES)
            throw new BadFrame("credit of " + bytes + " bytes to " + credit + ", limit is " + Calls.WINDOW_BYTES);
        credit += bytes;
        notifyAll();
    }

    @Override
    public void completed() {
        FrameWriter last;
        synchronized (this) {
            last = signature.streams() ? frames.writer(FrameType.COMPLETED, id) : only;
        }
        if (last == null) failed(ServeException.of(ErrorCode.INTERNAL)); // no item, where one is due
        else end(last);
    }

    @Override
    public void failed(ServeException failure) {
        end(Failures.write(failure, tellsFaults, frames.writer(FrameType.FAILED, id)));
    }

    /// The peer does not want it any more; what runs is told, and ends it.
    void cancel() {
        cancellation.cancel();
        synchronized (this) {
            notifyAll();
        }
    }

    private void end(FrameWriter last) {
        synchronized (this) {
            if (over) return;
            over = true;
            notifyAll();
        }
        ended.accept(this);
        send(last);
    }

    private void send(FrameWriter frame) {
        try {
            frames.sendAtEndOfTurn(frame);
        } catch (IOException linkEnded) {
            cancellation.cancel(); // whoever reads the link finds the same, and says why
        }
    }
}
