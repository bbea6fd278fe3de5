package dev.redoubt.policy.audit;

import dev.redoubt.base.Home;
import dev.redoubt.base.Invariant;
import dev.redoubt.base.TimeSource;
import dev.redoubt.policy.audit.AuditChain.Item;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// The audit log of one home: what was refused, and every key, model, configuration and server action, in a
/// chain of hashes with a signed head. Makes no file before the first record. Safe for any thread; several
/// processes may write at once.
public final class AuditLog implements AutoCloseable {
    /* Threads. Anybody puts events into a bounded queue; `audit-log` alone takes them, in batches, and each batch is one append with
     * one flush (group commit).
     *
     * Who waits. `note` never does: it is for event loops, and what is refused is refused whether it is written down or not. Where
     * the queue is full the refusal is counted instead, and the count becomes a record. `commit` and `carryOut` wait until the record
     * is on disk and throw if it is not: what they stand for must not happen then.
     *
     * When the disk does not take a batch, those who wait are told so at once, refusals are kept, and the batch is tried again four times
     * a second until it is written; meanwhile `failing` says so, and the server takes no inference. */
    static final int QUEUE_MAX = 4096;
    private static final int BATCH_MAX = 256;
    private static final Duration IDLE = Duration.ofSeconds(1);
    private static final Duration RETRY = Duration.ofMillis(250);
    private static final AuditEvent RESUMED =
            AuditEvent.of(AuditKind.LOG_RESUMED, AuditEvent.SERVER, "", "").with("done");
    private static final long COMMIT_SECONDS_MAX = 10;

    private final AuditFolder folder;
    private final AuditChain chain; // audit-log only
    private final RefusalFlood flood;
    private final TimeSource time;
    private final Consumer<AuditException> complaints;
    private final BlockingQueue<Entry> queue = new ArrayBlockingQueue<>(QUEUE_MAX);
    private final CountDownLatch closing = new CountDownLatch(1);
    private final Thread writer = Thread.ofPlatform().daemon().name("audit-log").unstarted(this::run);
    private volatile @Nullable AuditException failure;

    /// What is written together.
    ///
    /// @param done completed when the items are durable; a refusal has nobody who waits for it
    private record Entry(List<Item> items, Optional<CompletableFuture<Boolean>> done) {
        static Entry ofRefusal(Item item) {
            return new Entry(List.of(item), Optional.empty());
        }
    }

    private AuditLog(AuditFolder folder, TimeSource time, long segmentBytesMax, Consumer<AuditException> complaints) {
        this.folder = folder;
        this.chain = new AuditChain(folder, time, segmentBytesMax);
        this.flood = new RefusalFlood(time);
        this.time = time;
        this.complaints = complaints;
    }

    /// For a command, whose every record is waited for.
    public static AuditLog open(Home home) {
        return open(home, ignored -> {});
    }

    /// For a server.
    ///
    /// @param complaints is told on the writer's thread when records cannot be written, once until they can be
    ///     again
    public static AuditLog open(Home home, Consumer<AuditException> complaints) {
        return open(home, TimeSource.system(), AuditChain.SEGMENT_BYTES_MAX, complaints);
    }

    static AuditLog open(Home home, TimeSource time, long segmentBytesMax, Consumer<AuditException> complaints) {
        AuditLog log = new AuditLog(AuditFolder.of(home), time, segmentBytesMax, complaints);
        log.writer.start();
        return log;
    }

    /// Writes down a refusal, or an end that comes anyway: soon, and nobody waits for it. Many of the same become one
    /// record with their number.
    public void note(AuditEvent event) {
        if (!flood.admits(event)) return;
        if (queue.offer(Entry.ofRefusal(item(event)))) LockSupport.unpark(writer);
        else flood.count(event);
    }

    /// Writes down an event; it is on disk when this returns.
    ///
    /// @throws AuditException if it cannot be written: what it stands for must not happen
    public void commit(AuditEvent event) {
        commit(List.of(event));
    }

    /// As above, for several that belong together: they follow each other in the chain.
    public void commit(List<AuditEvent> events) {
        Invariant.hold(closing.getCount() > 0, "the audit log is closed");
        AuditException failed = failure;
        if (failed != null) throw failed;
        CompletableFuture<Boolean> done = new CompletableFuture<>();
        Entry entry = new Entry(events.stream().map(this::item).toList(), Optional.of(done));
        try {
            if (!queue.offer(entry, COMMIT_SECONDS_MAX, TimeUnit.SECONDS)) throw tooLate();
            LockSupport.unpark(writer);
            done.get(COMMIT_SECONDS_MAX, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof AuditException refused ? refused : new IllegalStateException(e.getCause());
        } catch (TimeoutException e) {
            done.cancel(false); // if it is still queued it stays unwritten
            throw tooLate();
        } catch (InterruptedException e) {
            done.cancel(false);
            Thread.currentThread().interrupt();
            throw AuditException.unwritable("writing to the audit log was interrupted: try again", e);
        }
    }

    /// Does something that must not happen unseen: a record that it begins is on disk before, and one of how it
    /// ended before this returns. So whatever was done is in the log; what has begun and has no end may have
    /// been done or not.
    ///
    /// @param outcome of what came of it, such as `done`
    /// @throws AuditException if it cannot be written; before the action then nothing was done
    public <T, E extends Exception> T carryOut(AuditEvent event, Action<T, E> action, Function<T, String> outcome)
            throws E {
        return carryOut(event, action, (begun, result) -> begun.with(outcome.apply(result)));
    }

    /// As above.
    ///
    /// @param ended the event as it is written when it is over: it may have been refused
    public <T, E extends Exception> T carryOut(
            AuditEvent event, Action<T, E> action, BiFunction<AuditEvent, T, AuditEvent> ended) throws E {
        commit(event.with("begun"));
        T result;
        try {
            result = action.run();
        } catch (Exception | Error e) {
            try {
                commit(event.with("failed"));
            } catch (AuditException unwritten) {
                e.addSuppressed(unwritten);
            }
            throw e;
        }
        commit(ended.apply(event, result));
        return result;
    }

    /// What [#carryOut] does.
    public interface Action<T, E extends Exception> {
        T run() throws E;
    }

    /// Whether records cannot be written just now.
    public boolean failing() {
        return failure != null;
    }

    /// Writes what is queued and counted, and signs the head.
    @Override
    public void close() {
        closing.countDown();
        LockSupport.unpark(writer);
        try {
            writer.join(TimeUnit.SECONDS.toMillis(COMMIT_SECONDS_MAX));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private Item item(AuditEvent event) {
        return new Item(event, time.now(), 1);
    }

    private AuditException tooLate() {
        return AuditException.unwritable(
                "the audit log in " + folder.path() + " did not take a record within " + COMMIT_SECONDS_MAX
                        + " s: look at its disk",
                new IOException("timeout"));
    }

    private void run() {
        List<Entry> batch = new ArrayList<>(); // outlives a try that failed
        while (true) {
            boolean last = closing.getCount() == 0; // before the queue: what was put before the end is in it
            gather(batch, last);
            boolean written = write(batch, last);
            if (last && (!written || queue.isEmpty())) return;
            if (!written) pause();
        }
    }

    /// Adds what there is to write, waited for where there is nothing.
    private void gather(List<Entry> batch, boolean last) {
        if (queue.isEmpty() && batch.isEmpty() && !last) LockSupport.parkNanos(this, IDLE.toNanos());
        if (batch.size() >= BATCH_MAX) return;
        for (Item counted : flood.counted(last)) batch.add(Entry.ofRefusal(counted));
        queue.drainTo(batch, BATCH_MAX);
    }

    private boolean write(List<Entry> batch, boolean last) {
        try {
            batch.removeIf(entry -> entry.done().filter(Future::isCancelled).isPresent());
            List<Item> items = new ArrayList<>();
            batch.forEach(entry -> items.addAll(entry.items()));
            if (failing()) items.add(item(RESUMED)); // even where nothing else is left that would try the disk
            if (!items.isEmpty()) chain.append(items);
            batch.forEach(entry -> entry.done().ifPresent(done -> done.complete(true)));
            batch.clear();
            if (chain.isHeadDue() || last && chain.isUnsigned()) chain.signHead();
            failure = null;
            return true;
        } catch (AuditException damaged) {
            failed(batch, damaged);
        } catch (IOException | RuntimeException e) { // whatever it is: nothing may go on as if it were written
            failed(
                    batch,
                    AuditException.unwritable(
                            "the audit log in " + folder.path()
                                    + " cannot be written, and nothing is done unseen: check disk space, owner and mode",
                            e));
        }
        return false;
    }

    /// Refusals stay in the batch; what somebody waits for does not: it must not be written once it was given
    /// up.
    private void failed(List<Entry> batch, AuditException why) {
        boolean news = failure == null;
        failure = why;
        batch.forEach(entry -> entry.done().ifPresent(done -> done.completeExceptionally(why)));
        batch.removeIf(entry -> entry.done().isPresent());
        if (news) complaints.accept(why);
    }

    private void pause() {
        try {
            boolean closed = closing.await(RETRY.toMillis(), TimeUnit.MILLISECONDS); // the loop sees it itself
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // nobody does: the thread is ours
        }
    }
}
