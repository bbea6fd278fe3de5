package dev.redoubt.serve.route;

import dev.redoubt.base.Check;
import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.Invariant;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.TimeSource;
import dev.redoubt.serve.Call;
import dev.redoubt.serve.Cancellation;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.replica.ReplyListener;
import dev.redoubt.serve.replica.Servant;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// Gives the calls of one deployment to its replicas: of two drawn by lot the less busy one (power of two
/// choices), a bounded queue, first come first served, for those that find no room, and 503 for those that find
/// no room there.
///
/// Every call ends once: with what its replica answers, refused, late or cancelled. A call that a replica would
/// not start goes to another; one that a replica has started is never given to a second. Safe for any thread.
public final class Router {
    /* One lock, held for a few dozen instructions; servants, callers and listeners are called outside of it. A place that becomes free
     * is given to the first that waits under the same lock, so nobody who comes later can take it, and a queue is only ever there when
     * no replica has room.
     *
     * Deadlines: `sweep` ends late calls, called every 100 ms by the controller. It looks at calls only if the earliest deadline that it
     * knows has passed.
     *
     * Load: `ongoingSeconds` is the integral of running + queued over time, brought up to date before each change, so that the
     * autoscaler's mean is exact however seldom it looks. */
    private static final Duration RETRY_AFTER = Duration.ofSeconds(1);
    /// By how many calls the replica that had a key last may be busier than the least busy one.
    private static final int AFFINITY_SLACK = 4;

    private final String deployment;
    private final TimeSource time;
    private final RouterListener listener;
    private final RandomGenerator random; // guarded by lock
    private final Object lock = new Object();
    private volatile RouterLimits limits;

    // guarded by lock
    private final List<Backend> backends = new ArrayList<>();
    private final CallList queue = new CallList();
    private final Affinity affinity = new Affinity();
    private boolean open = true;
    private Optional<Duration> opensIn = Optional.empty(); // where it is not, if anybody can tell
    private int running;
    private long earliestDeadline = Long.MAX_VALUE;
    private boolean deadlines; // whether earliestDeadline means something
    private long measuredNanos;
    private double ongoingSeconds;
    private long submitted;
    private long completed;
    private long failed;
    private long refused;
    private long retried;

    /// @param deployment for messages
    /// @param random draws candidates; used by one thread at a time
    public Router(
            String deployment, RouterLimits limits, TimeSource time, RandomGenerator random, RouterListener listener) {
        this.deployment = deployment;
        this.limits = limits;
        this.time = time;
        this.random = random;
        this.listener = listener;
        this.measuredNanos = time.nanos();
    }

    /// How a caller is told of an end that its replica told: one that shuts down is gone, and the server need not be.
    public static ServeException told(ServeException end) {
        return end.code() == ErrorCode.SHUTTING_DOWN ? ServeException.of(ErrorCode.REPLICA_LOST) : end;
    }

    /// Starts a call, now or when a replica has room. The listener is told of everything, refusals too.
    public void call(Payload input, Call call, ReplyListener replies) {
        submit(calling(input), call, replies, false, 0);
    }

    /// Starts work, on the replica that had the same key last, unless that one is much busier than another.
    ///
    /// @param key a hash of what the replica may still hold, such as the beginning of a prompt
    public void call(Work work, Call call, long key, ReplyListener replies) {
        submit(work, call, replies, true, key);
    }

    private static Work calling(Payload input) {
        return (servant, call, replies) -> servant.call(input, call, replies);
    }

    private void submit(Work work, Call call, ReplyListener replies, boolean hasAffinity, long key) {
        long now = time.nanos();
        RoutedCall routed = routed(work, call, replies, now, hasAffinity, key);
        if (routed.deadlineNanos - now <= 0 || call.cancellation().cancelled()) {
            synchronized (lock) {
                submitted++;
            }
            if (call.cancellation().cancelled()) routed.end(ServeException.of(ErrorCode.CANCELLED));
            else routed.expire();
            return;
        }
        Backend chosen = null;
        ServeException refusal = null;
        boolean lonely = false;
        synchronized (lock) {
            submitted++;
            if (!open) refusal = unavailable();
            else if (queue.size() == 0 && (chosen = choose(routed)) != null) begin(routed, chosen, now);
            else if (queue.size() < limits.queuedMax()) {
                measure(now);
                queue.addLast(routed);
                watchDeadline(routed);
                lonely = backends.isEmpty();
            } else {
                refused++;
                refusal = ServeException.after(
                        RETRY_AFTER,
                        ErrorCode.OVERLOADED,
                        limits.queuedMax(),
                        "calls that wait for '" + deployment + "'");
            }
        }
        if (chosen != null) start(routed);
        else if (refusal != null) routed.end(refusal);
        else {
            routed.watchCancellation();
            if (lonely) listener.waitingForReplica();
        }
    }

    /// A stage with less time than its request gets a cancellation of its own, so that its deadline does not
    /// end the whole request.
    private RoutedCall routed(Work work, Call call, ReplyListener replies, long now, boolean hasAffinity, long key) {
        long deadline = now + limits.timeout().toNanos();
        if (deadline - call.deadlineNanos() >= 0)
            return new RoutedCall(this, work, call, replies, now, null, hasAffinity, key);
        Cancellation own = new Cancellation();
        Runnable forget = call.cancellation().onCancel(own::cancel);
        Call stage = new Call(call.requestId(), call.application(), call.keyId(), deadline, call.modelId(), own);
        return new RoutedCall(this, work, stage, replies, now, forget, hasAffinity, key);
    }

    /// Calls servants until no call is left that this thread must start.
    void start(RoutedCall first) {
        RoutedCall call = first;
        while (call != null) {
            Backend on = call.backend;
            call = on == null ? null : call.start(on);
        }
    }

    /// The servant has ended a call: its place is free.
    ///
    /// @return who has it now, to be started
    @Nullable
    RoutedCall release(RoutedCall call) {
        synchronized (lock) {
            Backend on = call.backend;
            if (on == null) return null; // its replica was taken away
            leave(call, on, time.nanos());
            on.refusing = false;
            return takeWaiting();
        }
    }

    /// A replica would not start a call: another gets it, or it waits before all others.
    ///
    /// @return what is to be started
    @Nullable
    RoutedCall retry(RoutedCall call, Backend refusing, ServeException refusal) {
        boolean lost = refusal.code() == ErrorCode.REPLICA_LOST;
        RoutedCall then;
        synchronized (lock) {
            retried++;
            long now = time.nanos();
            if (call.backend != null) leave(call, refusing, now);
            refusing.refusing = true;
            if (lost) refusing.draining = true;
            measure(now);
            queue.addFirst(call);
            watchDeadline(call);
            then = takeWaiting();
        }
        if (lost) listener.lost(refusing.id);
        call.watchCancellation();
        return then;
    }

    /// @return whether it was waiting, and is not any more
    boolean leaveQueue(RoutedCall call) {
        synchronized (lock) {
            if (call.list != queue) return false;
            measure(time.nanos());
            queue.remove(call);
            return true;
        }
    }

    long nanos() {
        return time.nanos();
    }

    /// A call ended by a fault.
    void failed(Call call, ServeException why) {
        listener.failed(deployment, call, why);
    }

    void count(@Nullable ServeException failure) {
        synchronized (lock) {
            if (failure == null) completed++;
            else failed++;
        }
    }

    /// A replica that works from now on.
    public void add(String replicaId, Servant servant, int ongoingMax) {
        Check.positive("ongoingMax", ongoingMax);
        synchronized (lock) {
            Check.that(find(replicaId) == null, "replica '%s' is here already", replicaId);
            backends.add(new Backend(replicaId, servant, ongoingMax));
        }
        startWaiting();
    }

    /// Another number of calls at a time for one replica; those that run go on.
    public void limit(String replicaId, int ongoingMax) {
        Check.positive("ongoingMax", ongoingMax);
        synchronized (lock) {
            Backend backend = find(replicaId);
            if (backend != null) backend.ongoingMax = ongoingMax;
        }
        startWaiting();
    }

    public void limits(RouterLimits other) {
        limits = other;
    }

    /// The replica gets nothing new; what it has goes on.
    public void drain(String replicaId) {
        synchronized (lock) {
            Backend backend = find(replicaId);
            if (backend != null) backend.draining = true;
        }
    }

    /// Those that take calls, or finish some.
    public List<Servant> servants() {
        synchronized (lock) {
            return backends.stream().map(backend -> backend.servant).toList();
        }
    }

    /// Calls in progress in one replica.
    public int running(String replicaId) {
        synchronized (lock) {
            Backend backend = find(replicaId);
            return backend == null ? 0 : backend.running();
        }
    }

    /// The replica is gone: calls that it has not ended end now.
    public void remove(String replicaId) {
        List<RoutedCall> left;
        synchronized (lock) {
            Backend backend = find(replicaId);
            if (backend == null) return;
            backends.remove(backend);
            affinity.forget(backend);
            left = backend.calls.copy();
            long now = time.nanos();
            for (RoutedCall call : left) leave(call, backend, now);
        }
        for (RoutedCall call : left) {
            call.end(ServeException.of(ErrorCode.REPLICA_LOST));
            call.call.cancellation().cancel();
        }
    }

    /// Calls are taken.
    public void open() {
        synchronized (lock) {
            open = true;
        }
    }

    /// No calls are taken, and those that wait are refused as well; those that run go on.
    ///
    /// @param retryAfter when another try may be worth while, if anybody can tell
    public void close(Optional<Duration> retryAfter) {
        List<RoutedCall> left;
        ServeException refusal;
        synchronized (lock) {
            open = false;
            opensIn = retryAfter;
            refusal = unavailable();
            left = queue.copy();
            measure(time.nanos());
            left.forEach(queue::remove);
        }
        for (RoutedCall call : left) call.end(refusal);
    }

    /// Ends what is late, and asks replicas again that would not start a call. To be called often.
    public void sweep() {
        List<RoutedCall> late = List.of();
        synchronized (lock) {
            long now = time.nanos();
            for (Backend backend : backends) backend.refusing = false;
            if (deadlines && earliestDeadline - now <= 0) {
                late = new ArrayList<>();
                deadlines = false;
                measure(now);
                collectLate(queue, now, late);
                for (RoutedCall call : late) queue.remove(call);
                for (Backend backend : backends) collectLate(backend.calls, now, late);
            }
        }
        late.forEach(RoutedCall::expire);
        startWaiting();
    }

    private void collectLate(CallList list, long now, List<RoutedCall> late) {
        for (RoutedCall call = list.first(); call != null; call = call.next) {
            if (call.deadlineNanos - now > 0) watchDeadline(call);
            else if (!call.late) {
                call.late = true;
                late.add(call);
            }
        }
    }

    public RouterLoad load() {
        synchronized (lock) {
            measure(time.nanos());
            return new RouterLoad(
                    running, queue.size(), submitted, completed, failed, refused, retried, ongoingSeconds);
        }
    }

    /// Checks itself: for tests and simulations, after any call.
    public void verify() {
        synchronized (lock) {
            int sum = 0;
            boolean room = false;
            for (Backend backend : backends) {
                sum += backend.running();
                room |= backend.hasRoom();
            }
            Invariant.hold(sum == running, "calls in replicas: counted %s, there are %s", running, sum);
            Invariant.hold(queue.size() == 0 || !room, "%s calls wait while there is room", queue.size());
            Invariant.hold(queue.size() == 0 || open, "%s calls wait though none are taken", queue.size());
        }
    }

    private void startWaiting() {
        while (true) {
            RoutedCall call;
            synchronized (lock) {
                call = takeWaiting();
            }
            if (call == null) return;
            start(call);
        }
    }

    // ---- under the lock

    private @Nullable RoutedCall takeWaiting() {
        RoutedCall first = queue.first();
        if (first == null) return null;
        Backend backend = choose(first);
        if (backend == null) return null;
        long now = time.nanos();
        measure(now);
        queue.remove(first);
        begin(first, backend, now);
        return first;
    }

    private void begin(RoutedCall call, Backend on, long now) {
        measure(now);
        on.calls.addLast(call);
        call.backend = on;
        running++;
        watchDeadline(call);
        if (call.hasAffinity) affinity.remember(call.affinity, on);
    }

    private void leave(RoutedCall call, Backend on, long now) {
        measure(now);
        on.calls.remove(call);
        call.backend = null;
        running--;
    }

    private @Nullable Backend choose(RoutedCall call) {
        int count = backends.size();
        if (count == 0) return null;
        if (call.hasAffinity) {
            Backend near = affinity.of(call.affinity);
            if (near != null && near.hasRoom() && near.running() - leastRunning() <= AFFINITY_SLACK) return near;
        }
        if (count == 1) return backends.getFirst().hasRoom() ? backends.getFirst() : null;
        int first = random.nextInt(count);
        int second = random.nextInt(count - 1);
        if (second >= first) second++;
        Backend less = lessBusy(backends.get(first), backends.get(second));
        return less != null ? less : leastBusy();
    }

    private static @Nullable Backend lessBusy(Backend one, Backend other) {
        if (!one.hasRoom()) return other.hasRoom() ? other : null;
        return other.hasRoom() && other.running() < one.running() ? other : one;
    }

    /// Both that were drawn are full: there may be one that is not.
    private @Nullable Backend leastBusy() {
        Backend least = null;
        for (Backend backend : backends)
            if (backend.hasRoom() && (least == null || backend.running() < least.running())) least = backend;
        return least;
    }

    private int leastRunning() {
        Backend least = leastBusy();
        return least == null ? 0 : least.running();
    }

    private ServeException unavailable() {
        return opensIn.map(wait -> ServeException.after(wait, ErrorCode.DEPLOYMENT_UNAVAILABLE, deployment))
                .orElseGet(() -> ServeException.of(ErrorCode.DEPLOYMENT_UNAVAILABLE, deployment));
    }

    private @Nullable Backend find(String replicaId) {
        for (Backend backend : backends) if (backend.id.equals(replicaId)) return backend;
        return null;
    }

    private void watchDeadline(RoutedCall call) {
        if (deadlines && earliestDeadline - call.deadlineNanos <= 0) return;
        earliestDeadline = call.deadlineNanos;
        deadlines = true;
    }

    private void measure(long now) {
        ongoingSeconds += (running + queue.size()) * ((now - measuredNanos) / 1e9);
        measuredNanos = now;
    }
}
