package dev.redoubt.serve.model;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.TimeSource;
import dev.redoubt.serve.Call;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.replica.ReplyListener;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.replica.Servant;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;

/// One loaded model and the calls that run in it, each on a platform thread of a bounded set: native code would
/// hold a virtual thread's carrier.
public final class ModelServant implements Servant {
    /* A model must not be closed while a run is in it, and a run that was told to end does so when its library can, which
     * may take long. So the model is closed by the pool's own end, after its last thread; `close` waits a bounded time for
     * that and otherwise leaves it to happen. */
    private static final Logger LOG = LoggerFactory.getLogger(ModelServant.class);
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);

    /// @param kind of runtime, for names of threads
    /// @param place application and deployment
    /// @param threads calls that compute at once
    /// @param ongoingMax calls that run or wait at once
    /// @param overdueMax how long a run may go on after its call's end before the replica is sick
    public record Setting(
            String kind, String place, String replicaId, int threads, int ongoingMax, Duration overdueMax) {}

    private final Setting setting;
    private final TimeSource clock;
    private final ScheduledExecutorService deadlines;
    private final Duration callTimeout;
    private final NativeModel model;
    private final ThreadPoolExecutor pool;
    private final Set<ModelCall> running = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    /// @param model is closed with this, after its last run
    /// @param callTimeout what a call has, for its error
    public ModelServant(
            Setting setting,
            NativeModel model,
            TimeSource clock,
            ScheduledExecutorService deadlines,
            Duration callTimeout) {
        this.setting = setting;
        this.clock = clock;
        this.deadlines = deadlines;
        this.callTimeout = callTimeout;
        this.model = model;
        this.pool =
                new ThreadPoolExecutor(
                        setting.threads(),
                        setting.threads(),
                        0,
                        TimeUnit.SECONDS,
                        new ArrayBlockingQueue<>(setting.ongoingMax()),
                        Thread.ofPlatform()
                                .daemon()
                                .name(setting.replicaId() + "-" + setting.kind() + "-", 0)
                                .factory()) {
                    @Override
                    protected void terminated() {
                        model.close();
                    }
                };
    }

    @Override
    public void reconfigure(JsonNode userConfig) {
        if (!userConfig.isEmpty())
            throw new IllegalArgumentException(setting.place() + " is a model of kind " + setting.kind()
                    + " and takes no user configuration: remove it");
    }

    /// @throws RuntimeRefusal if it is closed, or a run goes on too long after its call's end
    @Override
    public void healthCheck() throws RuntimeRefusal {
        if (closed) throw new RuntimeRefusal("the replica is closed");
        long now = clock.nanos();
        for (ModelCall call : running)
            if (call.abortedFor(now).compareTo(setting.overdueMax()) > 0)
                throw new RuntimeRefusal("a run goes on " + setting.overdueMax() + " after its call's end");
    }

    @Override
    public void call(Payload input, Call call, ReplyListener replies) {
        if (closed) throw ServeException.of(ErrorCode.SHUTTING_DOWN);
        long left = call.deadlineNanos() - clock.nanos();
        if (left <= 0) throw exceeded();
        var started = new ModelCall(model, input, replies, clock, running::remove);
        running.add(started);
        try {
            pool.execute(started);
        } catch (RejectedExecutionException full) {
            running.remove(started);
            if (closed) throw ServeException.of(ErrorCode.SHUTTING_DOWN);
            throw ServeException.of(ErrorCode.OVERLOADED, setting.ongoingMax(), "calls of " + setting.place());
        }
        started.until(
                deadlines.schedule(() -> started.abort(exceeded()), left, TimeUnit.NANOSECONDS),
                call.cancellation().onCancel(() -> started.abort(ServeException.of(ErrorCode.CANCELLED))));
        if (closed) started.abort(ServeException.of(ErrorCode.SHUTTING_DOWN)); // came in while it closed
    }

    private ServeException exceeded() {
        return ServeException.of(ErrorCode.DEADLINE_EXCEEDED, callTimeout.toMillis() / 1000.0);
    }

    @Override
    public void close() {
        closed = true;
        for (ModelCall call : running) call.abort(ServeException.of(ErrorCode.SHUTTING_DOWN));
        pool.shutdown();
        try {
            if (!pool.awaitTermination(CLOSE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS))
                LOG.warn(
                        "{} of {}: {} runs ignore that they are over; the model stays loaded until they end",
                        setting.replicaId(),
                        setting.place(),
                        running.size());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
