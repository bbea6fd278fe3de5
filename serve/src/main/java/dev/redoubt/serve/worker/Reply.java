package dev.redoubt.serve.worker;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.replica.ReplyListener;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/// Where what comes back for one call goes: to its listener, in order, with one end. Ended by whichever comes
/// first: the peer's end, its caller's cancellation, the end of the link. What comes later is dropped.
sealed interface Reply {
    /// @param bytes it took of the link
    /// @param last whether it is the end too
    void item(Payload item, int bytes, boolean last) throws BadFrame;

    void completed() throws BadFrame;

    /// What came before is told of first.
    void failed(ServeException failure);

    /// Nobody wants what came before either.
    void dropped(ServeException failure);

    /// The peer was sent nothing of the call.
    void notBegun(ServeException failure);

    /// Whether its listener has been told an end.
    boolean ended();

    /// One item, told of on the thread that reads the link: the shortest way.
    final class Single implements Reply {
        private final ReplyListener listener;
        private boolean ended; // guarded by this

        Single(ReplyListener listener) {
            this.listener = listener;
        }

        @Override
        public void item(Payload item, int bytes, boolean last) throws BadFrame {
            if (!last) throw new BadFrame("an item that is not the last, for a call that gets one");
            if (!end()) return;
            try {
                listener.next(item);
                listener.completed();
            } catch (RuntimeException fault) { // of whoever listens, and nothing that the peer has done
                listener.failed(ServeException.internal(fault));
            }
        }

        @Override
        public void completed() throws BadFrame {
            throw new BadFrame("an end without the item that a call gets");
        }

        @Override
        public void failed(ServeException failure) {
            if (end()) listener.failed(failure);
        }

        @Override
        public void dropped(ServeException failure) {
            failed(failure);
        }

        @Override
        public void notBegun(ServeException failure) {
            if (end()) listener.notBegun(failure);
        }

        private synchronized boolean end() {
            if (ended) return false;
            ended = true;
            return true;
        }

        @Override
        public synchronized boolean ended() {
            return ended;
        }
    }

    /// Any number of items. A small one is told of on the thread that reads the link if its listener has room for
    /// it; where it may have to wait, on a thread of the call's own. What it has taken is given back to the peer as
    /// credit.
    final class Many implements Reply {
        private static final int AT_ONCE_BYTES_MAX =
                4096; // what the listener makes of it holds up all calls of the link

        private record Item(Payload payload, int bytes) {}

        private final ReplyListener listener;
        private final IntConsumer credit;
        private final int bytesMax;
        private final Deque<Item> queue = new ArrayDeque<>(); // guarded by this, as all below
        private int queuedBytes;
        private boolean running; // some thread tells, or offers
        private boolean ended;
        private boolean told;
        private @Nullable ServeException failure;

        /// @param credit takes bytes that the peer may send again
        /// @param bytesMax that a peer which counts its credit can have sent
        Many(ReplyListener listener, IntConsumer credit, int bytesMax) {
            this.listener = listener;
            this.credit = credit;
            this.bytesMax = bytesMax;
        }

        @Override
        public void item(Payload item, int bytes, boolean last) throws BadFrame {
            if (claim(bytes)) {
                boolean taken = offered(item);
                if (taken) credit.accept(bytes);
                synchronized (this) {
                    running = false;
                    if (taken) {
                        if (last) ended = true;
                        if (ended) run();
                        return;
                    }
                }
            }
            queue(item, bytes, last);
        }

        /// Whether nothing is before it, and nobody else tells until it is offered.
        private synchronized boolean claim(int bytes) {
            if (ended || running || !queue.isEmpty() || bytes > AT_ONCE_BYTES_MAX) return false;
            running = true;
            return true;
        }

        private boolean offered(Payload item) {
            try {
                return listener.offer(item);
            } catch (RuntimeException unwanted) {
                dropped(ServeException.of(ErrorCode.INTERNAL));
                return true;
            }
        }

        private synchronized void queue(Payload item, int bytes, boolean last) throws BadFrame {
            if (!ended) {
                queuedBytes += bytes;
                if (queuedBytes > bytesMax)
                    throw new BadFrame("more items than credit: " + queuedBytes + " bytes wait");
                queue.add(new Item(item, bytes));
                ended = last;
            }
            run();
        }

        @Override
        public synchronized void completed() {
            if (ended) return;
            ended = true;
            run();
        }

        @Override
        public synchronized void failed(ServeException why) {
            if (ended) return;
            ended = true;
            failure = why;
            run();
        }

        @Override
        public synchronized void dropped(ServeException why) {
            if (ended && queue.isEmpty()) return;
            ended = true;
            failure = why;
            queue.clear();
            run();
        }

        @Override
        public void notBegun(ServeException why) {
            synchronized (this) {
                if (ended) return;
                ended = true;
                told = true;
            }
            listener.notBegun(why);
        }

        @Override
        public synchronized boolean ended() {
            return ended;
        }

        private void run() {
            if (running || told) return;
            running = true;
            Thread.ofVirtual().name("worker-items").start(this::tell);
        }

        private void tell() {
            for (Item item = take(); item != null; item = take()) {
                try {
                    listener.next(item.payload);
                } catch (RuntimeException unwanted) {
                    dropped(ServeException.of(ErrorCode.INTERNAL));
                }
                credit.accept(item.bytes);
            }
        }

        /// The next item; without one the end is told, or the thread ends until there is news.
        private @Nullable Item take() {
            ServeException why;
            synchronized (this) {
                Item item = queue.poll();
                if (item != null) {
                    queuedBytes -= item.bytes;
                    return item;
                }
                running = false;
                if (!ended || told) return null;
                told = true;
                why = failure;
            }
            if (why == null) listener.completed();
            else listener.failed(why);
            return null;
        }
    }
}
