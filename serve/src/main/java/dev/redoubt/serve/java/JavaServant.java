package dev.redoubt.serve.java;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.FaultText;
import dev.redoubt.base.ServeException;
import dev.redoubt.serve.BatchHandler;
import dev.redoubt.serve.Batched;
import dev.redoubt.serve.Call;
import dev.redoubt.serve.Deployable;
import dev.redoubt.serve.Handler;
import dev.redoubt.serve.Multiplexed;
import dev.redoubt.serve.MultiplexedHandler;
import dev.redoubt.serve.Reconfigurable;
import dev.redoubt.serve.StreamingHandler;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.replica.ReplyListener;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.replica.Servant;
import dev.redoubt.serve.schema.Binding;
import dev.redoubt.serve.schema.SchemaCheck;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;

/// One handler object and the calls that run in it.
final class JavaServant implements Servant {
    private static final String HEADER = "X-Model-Id"; // by which a caller names the model
    private static final Logger LOG = LoggerFactory.getLogger(JavaServant.class);
    static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);
    private static final Duration CLOSE_LOOK = Duration.ofMillis(1);

    /// @param deployment application and deployment
    record Place(String deployment, String replicaId) {}

    /// Answers one input by one output, on the call's thread.
    @FunctionalInterface
    private interface Answer {
        Object to(Object input, Call call) throws Exception;
    }

    /// Answers on the call's thread, and tells what it comes to.
    @FunctionalInterface
    private interface Work {
        void run(Object input, RunningCall running) throws Exception;
    }

    /// @param overdueNanos how long what no call waits for any more has gone on
    /// @param helper the batcher or the models, closed with the servant
    private record Parts(Work work, LongSupplier overdueNanos, AutoCloseable helper) {
        Parts(Work work, AutoCloseable helper) {
            this(work, () -> 0, helper);
        }
    }

    private final Place place;
    private final HandlerClass type;
    private final Deployable handler;
    private final Duration callTimeout;
    private final Duration overdueMax;
    private final Deadlines deadlines;
    private final CallThreads threads;
    private final boolean plain;
    private final Work work;
    private final Set<RunningCall> running = ConcurrentHashMap.newKeySet();
    private final LongSupplier overdueNanos;
    private final AutoCloseable helper;
    private volatile boolean closed;

    /// @param overdueMax how long the work of a call may go on after its end
    @SuppressWarnings("unchecked") // HandlerClass read the types; bindings make and check what goes in and out
    JavaServant(
            Place place,
            HandlerClass type,
            Deployable handler,
            Duration callTimeout,
            Duration overdueMax,
            Deadlines deadlines,
            CallThreads threads) {
        this.place = place;
        this.type = type;
        this.handler = handler;
        this.callTimeout = callTimeout;
        this.overdueMax = overdueMax;
        this.deadlines = deadlines;
        this.threads = threads;
        this.plain = type.style() == HandlerClass.Style.UNARY && type.edges().isEmpty();
        Parts parts = switch (type.style()) {
            case UNARY -> unary((Handler<Object, Object>) handler);
            case STREAMING -> streaming((StreamingHandler<Object, Object>) handler);
            case BATCHED -> batched((BatchHandler<Object, Object>) handler);
            case MULTIPLEXED -> multiplexed((MultiplexedHandler<Object, Object, Object>) handler);
        };
        this.work = parts.work;
        this.overdueNanos = parts.overdueNanos;
        this.helper = parts.helper;
    }

    private Parts unary(Handler<Object, Object> unary) {
        return new Parts(answering((input, call) -> unary.handle(input)), () -> {});
    }

    private Parts streaming(StreamingHandler<Object, Object> streaming) {
        return new Parts((input, running) -> stream(streaming, input, running), () -> {});
    }

    private Parts batched(BatchHandler<Object, Object> batched) {
        Batched limits = Objects.requireNonNull(type.type().getAnnotation(Batched.class));
        var batcher = new Batcher(batched, limits.maxBatchSize(), Duration.ofMillis(limits.waitMillis()), place);
        return new Parts(answering(batcher::handle), batcher::overdueNanos, batcher);
    }

    private Parts multiplexed(MultiplexedHandler<Object, Object, Object> multiplexed) {
        Multiplexed limits = Objects.requireNonNull(type.type().getAnnotation(Multiplexed.class));
        var models = new ModelCache(multiplexed::load, limits.maxModels(), place);
        Answer answer = (input, call) -> {
            try (ModelCache.Lease lease = models.lease(modelId(call))) {
                return multiplexed.handle(input, lease.model());
            }
        };
        return new Parts(answering(answer), models);
    }

    private static String modelId(Call call) {
        return call.modelId().orElseThrow(() -> ServeException.ofField(ErrorCode.MISSING_FIELD, HEADER, HEADER));
    }

    private Work answering(Answer answer) {
        return (input, running) -> {
            Call call = running.call();
            Object output = ScopedValue.where(Call.CURRENT, call).call(() -> answer.to(input, call));
            running.next(payload(output));
        };
    }

    private void stream(StreamingHandler<Object, Object> streaming, Object input, RunningCall running)
            throws Exception {
        ScopedValue.where(Call.CURRENT, running.call()).call(() -> {
            streaming.handle(input, item -> running.next(payload(item)));
            return true;
        });
    }

    private Payload payload(Object output) {
        type.output().verify(output);
        return new Payload.Typed(output, type.output());
    }

    @Override
    @SuppressWarnings("unchecked") // made by the binding of its type
    public void reconfigure(JsonNode userConfig) throws Exception {
        if (type.userConfig().isEmpty()) {
            if (!userConfig.isEmpty())
                throw new IllegalArgumentException(place.deployment() + " takes no user configuration: remove it");
            return;
        }
        Binding binding = type.userConfig().get();
        SchemaCheck.checkUserConfig(binding.schema(), userConfig);
        try {
            ((Reconfigurable<Object>) handler).reconfigure(binding.readUserConfig(userConfig));
        } catch (InterruptedException e) {
            throw e;
        } catch (Exception | LinkageError fault) {
            Faults.print(fault);
            throw new RuntimeRefusal(
                    place.deployment() + " refuses its user-config with " + Faults.told(fault)
                            + ": its output has the whole trace",
                    fault);
        }
    }

    /// @throws RuntimeRefusal if work goes on that nobody waits for: it takes from all others what it uses
    @Override
    public void healthCheck() throws Exception {
        long overdue = overdueNanos.getAsLong();
        for (RunningCall call : running) overdue = Math.max(overdue, call.overdueNanos());
        if (overdue > overdueMax.toNanos())
            throw new RuntimeRefusal("the work of a call still runs more than " + overdueMax.toMillis()
                    + " ms after its end: let the handler end when its thread is interrupted");
        handler.healthCheck();
    }

    @Override
    public void call(Payload input, Call call, ReplyListener replies) {
        if (closed) throw ServeException.of(ErrorCode.SHUTTING_DOWN);
        Duration left = Duration.ofNanos(call.deadlineNanos() - deadlines.nanos());
        Duration limit = callTimeout.compareTo(left) < 0 ? callTimeout : left;
        if (!left.isPositive()) throw Deadlines.exceeded(callTimeout);
        RunningCall started =
                new RunningCall(call, replies, place, one -> work.run(input.as(type.input()), one), running::remove);
        running.add(started);
        started.watch(deadlines, limit);
        threads.start(place.replicaId(), plain, started);
        if (closed) started.abort(ServeException.of(ErrorCode.SHUTTING_DOWN)); // came in while it closed
    }

    @Override
    public void close() {
        closed = true;
        for (RunningCall call : running) call.abort(ServeException.of(ErrorCode.SHUTTING_DOWN));
        long until = System.nanoTime() + CLOSE_TIMEOUT.toNanos();
        try {
            while (!running.isEmpty() && until - System.nanoTime() > 0) Thread.sleep(CLOSE_LOOK);
            if (!running.isEmpty())
                LOG.warn(
                        "{} of {}: {} calls ignore that they are over; what they hold is left to them",
                        place.replicaId(),
                        place.deployment(),
                        running.size());
            helper.close();
            handler.stop();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (Exception fault) {
            LOG.warn("{} of {} does not stop: {}", place.replicaId(), place.deployment(), FaultText.of(fault));
        }
    }
}
