package dev.redoubt.serve.java;

import dev.redoubt.serve.BatchHandler;
import dev.redoubt.serve.Call;
import dev.redoubt.serve.Cancellation;
import dev.redoubt.serve.schema.BrokenValue;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Puts calls that come at about the same time into batches, one at a time, each of one model.
final class Batcher implements AutoCloseable {
    /* Each call waits on its own thread for its own member (V3.5: an output is put into the member whose input stood
     * in its place, before anybody else sees the list; with another number of outputs nobody gets one). One thread
     * runs the batches. A call that ends early takes its member away; when the last of a running batch has gone, the
     * batch is cancelled and its thread interrupted. */

    private static final Logger LOG = LoggerFactory.getLogger(Batcher.class);

    private static final class Member {
        final Object input;
        final Call call;
        final long since = System.nanoTime();
        final CompletableFuture<Object> output = new CompletableFuture<>();

        Member(Object input, Call call) {
            this.input = input;
            this.call = call;
        }
    }

    private final BatchHandler<Object, Object> handler;
    private final int sizeMax;
    private final long waitNanos;
    private final JavaServant.Place place;
    private final Thread thread;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Deque<Member> waiting = new ArrayDeque<>(); // guarded by lock
    private final List<Member> inBatch = new ArrayList<>(); // guarded by lock; those of them that still want it
    private Cancellation batch = new Cancellation(); // guarded by lock; of the batch that runs
    private long unwantedSince; // guarded by lock; System.nanoTime, 0 while somebody wants the batch
    private boolean closed; // guarded by lock

    /// @param wait how long the first of a batch waits for others
    Batcher(BatchHandler<Object, Object> handler, int sizeMax, Duration wait, JavaServant.Place place) {
        this.handler = handler;
        this.sizeMax = sizeMax;
        this.waitNanos = wait.toNanos();
        this.place = place;
        this.thread = Thread.ofVirtual().name("batch-" + place.replicaId()).start(this::run);
    }

    /// Waits for the output of this input.
    ///
    /// @throws Exception of the batch it was in
    Object handle(Object input, Call call) throws Exception {
        Member member = new Member(input, call);
        locked(() -> waiting.add(member));
        try {
            return member.output.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Exception fault) throw fault;
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException over) {
            locked(() -> leave(member));
            throw over;
        }
    }

    private void leave(Member member) {
        waiting.remove(member);
        if (inBatch.remove(member) && inBatch.isEmpty()) {
            unwantedSince = System.nanoTime() | 1;
            batch.cancel();
            thread.interrupt();
        }
    }

    private void locked(Runnable change) {
        lock.lock();
        try {
            change.run();
            changed.signal();
        } finally {
            lock.unlock();
        }
    }

    private void run() {
        while (true) {
            try {
                List<Member> members = next();
                if (members.isEmpty()) return;
                run(members);
            } catch (InterruptedException nobodyWantsIt) {
                // the batch that is meant has ended
            }
        }
    }

    /// @return empty when it is closed
    private List<Member> next() throws InterruptedException {
        lock.lock();
        try {
            while (true) {
                if (closed) return List.of();
                Member first = waiting.peek();
                if (first == null) {
                    changed.await();
                    continue;
                }
                long left = waitNanos - (System.nanoTime() - first.since);
                if (left > 0 && ofModel(first).size() < sizeMax) {
                    changed.awaitNanos(left);
                    continue;
                }
                List<Member> members = ofModel(first);
                waiting.removeAll(members);
                inBatch.addAll(members);
                batch = new Cancellation();
                Thread.interrupted(); // was meant for the batch before, which had just ended by itself
                return members;
            }
        } finally {
            lock.unlock();
        }
    }

    /// The first that wait for the same model as `first` does.
    private List<Member> ofModel(Member first) {
        List<Member> members = new ArrayList<>();
        Iterator<Member> each = waiting.iterator();
        while (each.hasNext() && members.size() < sizeMax) {
            Member member = each.next();
            if (member.call.modelId().equals(first.call.modelId())) members.add(member);
        }
        return members;
    }

    private void run(List<Member> members) {
        try {
            List<Object> inputs = members.stream().map(member -> member.input).toList();
            List<Object> outputs =
                    ScopedValue.where(Call.CURRENT, callOf(members)).call(() -> handler.handle(inputs));
            if (outputs == null || outputs.size() != members.size()) {
                throw BrokenValue.ofBatch(outputs == null ? 0 : outputs.size(), members.size());
            }
            for (int i = 0; i < members.size(); i++) members.get(i).output.complete(outputs.get(i));
        } catch (Throwable fault) { // errors too: the thread must live on
            for (Member member : members) member.output.completeExceptionally(fault);
        } finally {
            locked(() -> {
                inBatch.clear();
                unwantedSince = 0;
            });
        }
    }

    /// What a batch's handler sees: nobody's key unless they all have the same, and the time of whoever has
    /// most.
    private Call callOf(List<Member> members) {
        Call first = members.getFirst().call;
        String keyId = first.keyId();
        long latest = first.deadlineNanos();
        for (Member member : members) {
            if (!member.call.keyId().equals(keyId)) keyId = "";
            if (member.call.deadlineNanos() - latest > 0) latest = member.call.deadlineNanos();
        }
        Optional<String> modelId = first.modelId();
        return new Call(first.requestId(), first.application(), keyId, latest, modelId, running());
    }

    private Cancellation running() {
        lock.lock();
        try {
            return batch;
        } finally {
            lock.unlock();
        }
    }

    /// For how long the batch that runs has gone on with nobody left who wants it.
    long overdueNanos() {
        lock.lock();
        try {
            return unwantedSince == 0 ? 0 : System.nanoTime() - unwantedSince;
        } finally {
            lock.unlock();
        }
    }

    /// Ends the batch that runs, and waits a bounded time for it.
    @Override
    public void close() {
        locked(() -> {
            closed = true;
            thread.interrupt();
        });
        try {
            if (!thread.join(JavaServant.CLOSE_TIMEOUT))
                LOG.warn("{} of {}: a batch ignores that it is over", place.replicaId(), place.deployment());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
