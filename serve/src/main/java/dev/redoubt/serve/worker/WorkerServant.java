package dev.redoubt.serve.worker;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.serve.Call;
import dev.redoubt.serve.Cancellation;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.replica.Outgoing;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.replica.ReplyListener;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.replica.Servant;
import dev.redoubt.serve.schema.JsonBody;
import dev.redoubt.serve.spec.DeploymentSpec;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;

/// A replica whose code runs in a worker process. What that process says is checked like a stranger's.
final class WorkerServant implements Servant, Worker.Owner, Calls.Callee {
    private static final Logger LOG = LoggerFactory.getLogger(WorkerServant.class);
    private static final byte[] NOTHING = {};
    private static final int NESTED_PER_CALL = 16; // a worker calls so many others at once, for each call it has

    private final String name;
    private final Worker worker;
    private final Outgoing outgoing;
    private final WorkerLimits limits;
    private final int ongoingMax;
    private final Duration healthTimeout;
    private final Duration startTimeout;
    private volatile @Nullable Calls calls;
    private volatile @Nullable Asks asks;
    private volatile @Nullable Frames frames;
    private volatile @Nullable Signature signature;
    private volatile Map<String, Signature> targets = Map.of();
    private volatile boolean running; // it has been ready, and nobody has closed it
    private final AtomicReference<@Nullable Consumer<String>> whenLost = new AtomicReference<>();

    WorkerServant(String name, Worker worker, Outgoing outgoing, WorkerLimits limits, DeploymentSpec spec) {
        this.name = name;
        this.worker = worker;
        this.outgoing = outgoing;
        this.limits = limits;
        this.ongoingMax = spec.ongoingMax();
        this.healthTimeout = spec.health().timeout();
        this.startTimeout = spec.timeouts().start();
    }

    /// Starts the process and waits until it can take calls.
    void start() throws RuntimeRefusal {
        worker.start(this);
        long begin = System.nanoTime();
        Interface described = worker.described(startTimeout);
        targets = described.calls().stream()
                .collect(Collectors.toMap(Interface.Edge::target, Signature::of, (first, same) -> first));
        signature = Signature.of(described);
        worker.ready(startTimeout.minusNanos(System.nanoTime() - begin));
        running = true;
    }

    @Override
    public void linked(Frames link) {
        frames = link;
        asks = new Asks(link);
        calls = new Calls(link, this, ongoingMax * NESTED_PER_CALL, false);
    }

    @Override
    public void receive(FrameType type, int id, FrameReader body) throws IOException {
        if (type == FrameType.DONE) Objects.requireNonNull(asks).receive(id, body);
        else Objects.requireNonNull(calls).receive(type, id, body);
    }

    @Override
    public void ended() {
        if (running) {
            LOG.warn("the worker process of {} {}", name, worker.endedBy());
            tellLost(); // before its calls end: the next one shall find another replica
        }
        Asks questions = asks;
        if (questions != null) questions.close();
        Calls open = calls;
        if (open != null) open.close();
    }

    @Override
    public void whenLost(Consumer<String> told) {
        whenLost.set(told);
        if (worker.hasEnded()) tellLost();
    }

    private void tellLost() {
        Consumer<String> told = whenLost.getAndSet(null);
        if (told != null) told.accept("the worker process " + worker.endedBy());
    }

    @Override
    public String limits() {
        Confinement confinement = worker.confinement();
        return "a process of its own: memory by " + confinement.memory() + "; cpu by " + confinement.cpu() + "; files: "
                + confinement.files() + "; network: " + confinement.network();
    }

    @Override
    public void reconfigure(JsonNode userConfig) throws RuntimeRefusal, InterruptedException {
        ask(FrameType.RECONFIGURE, JsonBody.write(userConfig), startTimeout);
    }

    /// @throws RuntimeRefusal saying how the process ended, if it has; or that a call goes on which was cancelled
    @Override
    public void healthCheck() throws RuntimeRefusal, InterruptedException {
        Calls open = calls;
        if (open != null && open.overdueNanos() > limits.cancelTimeout().toNanos())
            throw new RuntimeRefusal("a call that was cancelled still runs after "
                    + limits.cancelTimeout().toSeconds() + " s");
        ask(FrameType.HEALTH, NOTHING, healthTimeout);
    }

    private void ask(FrameType type, byte[] text, Duration atMost) throws RuntimeRefusal, InterruptedException {
        Asks open = asks;
        if (open == null || worker.hasEnded()) throw lost();
        try {
            open.ask(type, text, atMost);
        } catch (Asks.Gone gone) {
            throw lost();
        }
    }

    /// For the operator how it ended, for the controller that it has.
    private RuntimeRefusal lost() {
        return new RuntimeRefusal("the worker process " + worker.endedBy(), ServeException.of(ErrorCode.REPLICA_LOST));
    }

    @Override
    public void call(Payload input, Call call, ReplyListener replies) {
        Calls open = calls;
        Signature known = signature;
        if (open == null || known == null) throw ServeException.of(ErrorCode.REPLICA_LOST);
        open.start("", known, input, call, replies);
    }

    @Override
    public Signature signature(String target) throws BadFrame {
        Signature found = targets.get(target);
        if (found == null) throw new BadFrame("a call of a deployment that it has not declared (R4.1)");
        return found;
    }

    /// A call of the worker's own: for whom, by whose key and until when is what the server knows of the call
    /// that it works on, not what it says.
    @Override
    public void take(String target, Payload input, Call claimed, ReplyListener replies) {
        Call parent = Objects.requireNonNull(calls)
                .working(claimed.requestId())
                .orElseThrow(() -> ServeException.of(ErrorCode.CANCELLED));
        Cancellation cancellation = claimed.cancellation();
        Call call = new Call(
                parent.requestId(),
                parent.application(),
                parent.keyId(),
                parent.deadlineNanos(),
                claimed.modelId(),
                cancellation);
        parent.cancellation().onCancel(cancellation::cancel);
        Call bounded = call.until(claimed.deadlineNanos());
        try {
            outgoing.call(target, input, bounded, replies);
        } catch (ServeException refused) {
            replies.failed(refused);
        } catch (RuntimeException fault) {
            LOG.error(
                    "a call from {} to {} failed: {}",
                    name,
                    target,
                    fault.getClass().getName());
            replies.failed(ServeException.of(ErrorCode.INTERNAL));
        }
    }

    @Override
    public void close() {
        running = false;
        Frames link = frames;
        if (link != null && !worker.hasEnded()) {
            try {
                link.send(link.writer(FrameType.BYE, 0));
                worker.awaitEnd(limits.closeTimeout());
            } catch (IOException endedAlready) {
                LOG.debug("the worker process of {} had closed its link", name);
            }
        }
        worker.kill("was closed and did not end by itself");
        String ignored = worker.endedBy();
    }
}
