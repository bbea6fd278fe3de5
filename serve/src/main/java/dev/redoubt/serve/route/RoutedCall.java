package dev.redoubt.serve.route;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.serve.Call;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.replica.ReplyListener;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One call on its way through a router. It stands between the servant and the caller, so that the caller is
/// told of one end exactly, whatever the servant does, and of nothing after it.
final class RoutedCall implements ReplyListener, Runnable {
    /* Two ends: the caller's (`ended`: it has been or will be told) and the servant's (`released`: its place is free). They differ when
     * the deadline passes or the replica is taken away: then the caller is told at once, and the place stays taken until the servant
     * has ended, because until then it is at work.
     *
     * The caller is never called under a lock. While the servant's thread is inside `replies.next`, an end from another thread is left
     * for it to tell (`telling`). */
    private static final Logger LOG = LoggerFactory.getLogger(RoutedCall.class);
    private static final long AHEAD_NANOS = Duration.ofMillis(100).toNanos();

    private final Work work;
    final Call call;
    final long deadlineNanos;
    final long submittedNanos;
    final boolean hasAffinity;
    final long affinity;

    // guarded by the router's lock
    @Nullable
    CallList list;

    @Nullable
    RoutedCall previous;

    @Nullable
    RoutedCall next;

    /// Written under the router's lock.
    volatile @Nullable Backend backend;

    boolean late; // its deadline has been seen to have passed

    private final Router router;
    private final ReplyListener replies;

    // guarded by this
    private int telling;
    private boolean started; // the caller has been told something
    private boolean ended;
    private boolean endTold;
    private boolean released;
    private @Nullable ServeException failure;
    private @Nullable Runnable forgetQueued;
    private final @Nullable Runnable forgetParent;

    /// The thread that is inside [dev.redoubt.serve.replica.Servant#call] for it. Another thread may read an
    /// old value, but never itself.
    private @Nullable Thread starter;

    /// Starter only: the call that got this one's place while its servant was still being called.
    private @Nullable RoutedCall follower;

    RoutedCall(
            Router router,
            Work work,
            Call call,
            ReplyListener replies,
            long nowNanos,
            @Nullable Runnable forgetParent,
            boolean hasAffinity,
            long affinity) {
        this.router = router;
        this.work = work;
        this.call = call;
        this.replies = replies;
        this.submittedNanos = nowNanos;
        this.deadlineNanos = call.deadlineNanos();
        this.forgetParent = forgetParent;
        this.hasAffinity = hasAffinity;
        this.affinity = affinity;
    }

    /// Gives it to the servant of its backend.
    ///
    /// @return the next call to start on this thread, if this one has ended already and left its place to
    ///     another
    @Nullable
    RoutedCall start(Backend on) {
        starter = Thread.currentThread();
        try {
            work.start(on.servant, call, this);
        } catch (ServeException refusal) {
            refused(on, refusal);
        } catch (RuntimeException | Error e) {
            LOG.warn(
                    "request {}: replica {} broke: {}",
                    call.requestId(),
                    on.id,
                    e.getClass().getName());
            refused(on, ServeException.of(ErrorCode.INTERNAL));
            if (e instanceof VirtualMachineError) throw e;
        } finally {
            starter = null;
        }
        RoutedCall then = follower;
        follower = null;
        return then;
    }

    private void refused(Backend on, ServeException refusal) {
        boolean again;
        synchronized (this) {
            if (released) {
                LOG.warn("request {}: replica {} ended a call and refused it", call.requestId(), on.id);
                return;
            }
            released = true;
            again = !started && !ended && ofReplica(refusal.code());
            if (again) released = false; // for the next replica
        }
        if (again) then(router.retry(this, on, refusal));
        else {
            then(router.release(this));
            end(refusal);
        }
    }

    /// Whether another replica, or the same a little later, may well take what is refused so. A caller's own limit
    /// is as full everywhere.
    private static boolean ofReplica(ErrorCode code) {
        return code.kind() == ErrorCode.Kind.CAPACITY && code != ErrorCode.RATE_LIMIT_EXCEEDED;
    }

    @Override
    public void next(Payload item) {
        tell(() -> {
            replies.next(item);
            return true;
        });
    }

    @Override
    public boolean offer(Payload item) {
        return tell(() -> replies.offer(item));
    }

    /// @param how the caller is told of an item
    private boolean tell(BooleanSupplier how) {
        synchronized (this) {
            if (ended) return true; // its caller has been told of an end: the deadline's, most likely
            telling++;
            started = true;
        }
        try {
            return how.getAsBoolean();
        } finally {
            boolean tell;
            synchronized (this) {
                tell = --telling == 0 && mayTellEnd();
            }
            if (tell) tellEnd();
        }
    }

    @Override
    public void completed() {
        servantEnded(null);
    }

    @Override
    public void failed(ServeException why) {
        servantEnded(why);
    }

    @Override
    public void notBegun(ServeException why) {
        Backend on = backend;
        if (on == null) servantEnded(why); // the replica was taken away, and the caller told
        else refused(on, why);
    }

    private void servantEnded(@Nullable ServeException why) {
        synchronized (this) {
            if (released) {
                LOG.warn("request {}: a replica ended a call twice", call.requestId());
                return;
            }
            released = true;
        }
        RoutedCall freed = router.release(this);
        if (why == null) end(null);
        else end(isOver(why) ? late() : Router.told(why));
        then(freed);
    }

    /// A servant's clock may be a little ahead, and what it tells is what was left when the call came to it.
    private boolean isOver(ServeException why) {
        return why.code() == ErrorCode.DEADLINE_EXCEEDED && deadlineNanos - router.nanos() <= AHEAD_NANOS;
    }

    /// Says what the call had, to a tenth of a second.
    private ServeException late() {
        long tenths = Math.max(1, Math.round((deadlineNanos - submittedNanos) / 1e8));
        String seconds = BigDecimal.valueOf(tenths, 1).stripTrailingZeros().toPlainString();
        return ServeException.of(ErrorCode.DEADLINE_EXCEEDED, seconds);
    }

    /// What now has a place is started by the loop that called the servant, if that is this thread: a servant
    /// which answers at once would otherwise be called deeper and deeper.
    private void then(@Nullable RoutedCall freed) {
        if (freed == null) return;
        if (Thread.currentThread().equals(starter)) follower = freed;
        else router.start(freed);
    }

    /// Tells the caller of its end, if it has not been told of one; from any thread, under no lock.
    ///
    /// @param why null if it is complete
    /// @return whether this was the end
    boolean end(@Nullable ServeException why) {
        boolean tell;
        synchronized (this) {
            if (ended) return false;
            ended = true;
            failure = why;
            tell = mayTellEnd();
        }
        router.count(why);
        if (why != null && why.code().kind() == ErrorCode.Kind.INTERNAL) router.failed(call, why);
        if (tell) tellEnd();
        return true;
    }

    private boolean mayTellEnd() {
        if (!ended || endTold || telling > 0) return false;
        endTold = true;
        return true;
    }

    private void tellEnd() {
        Runnable forget;
        ServeException why;
        synchronized (this) {
            forget = forgetQueued;
            forgetQueued = null;
            why = failure;
        }
        if (forget != null) forget.run();
        if (forgetParent != null) forgetParent.run();
        if (why == null) replies.completed();
        else replies.failed(why);
    }

    /// Leaves the queue when it is cancelled.
    void watchCancellation() {
        synchronized (this) {
            if (forgetQueued != null) return; // it has waited before
        }
        Runnable forget = call.cancellation().onCancel(this);
        synchronized (this) {
            if (!ended) {
                forgetQueued = forget;
                return;
            }
        }
        forget.run(); // it came and went meanwhile
    }

    /// The call is cancelled. One that runs is ended by its servant.
    @Override
    public void run() {
        if (router.leaveQueue(this)) end(ServeException.of(ErrorCode.CANCELLED));
    }

    /// The deadline has passed.
    void expire() {
        if (end(late())) call.cancellation().cancel();
    }
}
