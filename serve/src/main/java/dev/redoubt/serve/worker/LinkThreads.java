package dev.redoubt.serve.worker;

import dev.redoubt.serve.java.CallThreads;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The threads of a worker that read its link, one at a time, and run short calls between two frames.
final class LinkThreads implements CallThreads {
    /* A call that does next to nothing costs more to hand to another thread than to run. So whoever reads the link runs it, if those before it
     * were short (ShortCalls), when the frame it came by has been dealt with. If it is not short after all, main sees that within two
     * milliseconds and has another thread read; the one that runs the call ends with it.
     *
     * Who reads is told by `role`, which goes up by one when a call begins and ends: it is odd while the reader runs one. Both the reader, at
     * the call's end, and main, when it takes too long, go on from the same odd number: the one that succeeds says who reads from then on,
     * and what the reader knew of the link is the other's to see. */
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
    private static final int LOOKS_MAX = 100; // at a link where no call is run

    private final ShortCalls shortCalls;
    private final AtomicLong role = new AtomicLong();
    private volatile @Nullable Thread watcher; // while it rests
    private @Nullable Runnable next; // the reader's

    LinkThreads(ShortCalls shortCalls) {
        this.shortCalls = shortCalls;
    }

    /// Reads the link and runs its calls, for as long as the process lives. On the main thread, which watches.
    ///
    /// @param end told how the link ended, or what made reading it impossible
    void readAll(Frames frames, Frames.Receiver receiver, Consumer<Throwable> end) {
        Runnable reader = () -> {
            try {
                frames.readAll(receiver, this::goOn);
            } catch (IOException | RuntimeException | Error how) {
                end.accept(how);
            }
        };
        start(reader);
        watch(reader);
    }

    private static void start(Runnable reader) {
        Thread.ofPlatform().name("link").start(reader);
    }

    /// The reader calls it, while a frame is dealt with.
    @Override
    public void start(String name, boolean plain, Runnable call) {
        if (plain && shortCalls.likely()) next = call;
        else Thread.ofVirtual().name(name).start(plain ? () -> timed(call) : call);
    }

    private void timed(Runnable call) {
        long begin = System.nanoTime();
        call.run();
        shortCalls.took(System.nanoTime() - begin);
    }

    /// Runs what is to be run after a frame.
    ///
    /// @return whether this thread still reads
    private boolean goOn() {
        Runnable call = next;
        if (call == null) return true;
        next = null;
        long begin = System.nanoTime();
        long running = role.incrementAndGet();
        Thread resting = watcher;
        if (resting != null) LockSupport.unpark(resting);
        call.run();
        if (!role.compareAndSet(running, running + 1)) return false;
        shortCalls.took(System.nanoTime() - begin);
        return true;
    }

    private void watch(Runnable reader) {
        long seen = 0;
        int same = 0;
        while (true) {
            if (same < LOOKS_MAX) LockSupport.parkNanos(this, LOOK_NANOS);
            else rest(seen);
            long now = role.get();
            same = now == seen ? same + 1 : 0;
            if ((now & 1) == 1 && now == seen && role.compareAndSet(now, now + 1)) {
                shortCalls.heldUp();
                start(reader);
            }
            seen = now;
        }
    }

    /// Until a call is run: whoever runs it looks for the watcher after `role`, and the watcher the other way round.
    private void rest(long seen) {
        watcher = Thread.currentThread();
        if (role.get() == seen) LockSupport.park(this);
        watcher = null;
    }
}
