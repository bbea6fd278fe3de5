package dev.redoubt.serve.control;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.serve.Call;
import dev.redoubt.serve.replica.Artifact;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.replica.Outgoing;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.replica.ReplyListener;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.replica.Servant;
import dev.redoubt.serve.replica.ServantFactory;
import dev.redoubt.serve.schema.Schema;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.spec.RuntimeSpec;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/// A small runtime that does what a deployment's settings say: `version` is what it answers; `fault` is `start`,
/// `health` (after the first check), or `undescribed`; `calls` names another deployment, whose answer is added to its
/// own; `takes` is the one text that it takes, which is refused where it is not what came, and `gives` the one that it
/// gives to the other; `millis` is how long a call takes, `startMillis` how long a start; `file`, which
/// must be there, and `digest` are what it is made of. A user configuration with the field `bad` is refused. What says
/// `named` answers what [#named] is when it is deployed.
final class TestRuntime implements ServantFactory, AutoCloseable {
    static final String KIND = "test";

    final AtomicInteger started = new AtomicInteger();
    final AtomicInteger closed = new AtomicInteger();
    final AtomicInteger closedAtWork = new AtomicInteger();
    final Map<String, TestServant> living = new ConcurrentHashMap<>(); // by replica id
    volatile String named = "1";
    private final CountDownLatch stopped = new CountDownLatch(1);
    private final ExecutorService workers = Executors.newVirtualThreadPerTaskExecutor();

    @Override
    public Interface describe(DeploymentSpec spec) throws RuntimeRefusal {
        if (fault(spec).equals("undescribed")) throw new RuntimeRefusal("there is no such thing");
        Optional<Artifact> file = artifact(spec.runtime());
        if (file.isPresent()) file.get().check();
        Map<String, String> settings = spec.runtime().settings();
        String wanted = settings.getOrDefault("version", named);
        if (settings.containsKey("named") && !wanted.equals(named))
            throw new RuntimeRefusal("it is " + named + ", wanted is " + wanted);
        String target = settings.getOrDefault("calls", "");
        Schema text = new Schema.Text();
        return new Interface(
                word(spec, "takes"),
                text,
                false,
                target.isEmpty() ? List.of() : List.of(new Interface.Edge(target, word(spec, "gives"), text)));
    }

    @Override
    public Optional<Artifact> artifact(RuntimeSpec runtime) {
        return Artifact.of(runtime, "file", "digest", 1 << 20);
    }

    @Override
    public DeploymentSpec pinned(DeploymentSpec spec, Interface face) {
        return spec.runtime().settings().containsKey("named")
                ? spec.with(spec.runtime().with("version", named))
                : spec;
    }

    private static Schema word(DeploymentSpec spec, String setting) {
        return new Schema.Choice(List.of(spec.runtime().settings().getOrDefault(setting, "word")));
    }

    @Override
    public Servant start(String application, DeploymentSpec spec, String replicaId, Outgoing outgoing)
            throws RuntimeRefusal {
        if (fault(spec).equals("start")) throw new RuntimeRefusal("it does not like to start");
        try {
            stopped.await(
                    Integer.parseInt(spec.runtime().settings().getOrDefault("startMillis", "0")),
                    TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            throw new RuntimeRefusal("stopped while it starts", e);
        }
        TestServant servant = new TestServant(spec, replicaId, outgoing);
        started.incrementAndGet();
        living.put(replicaId, servant);
        return servant;
    }

    private static String fault(DeploymentSpec spec) {
        return spec.runtime().settings().getOrDefault("fault", "");
    }

    @Override
    public void close() {
        stopped.countDown();
        workers.shutdownNow();
    }

    final class TestServant implements Servant {
        final String version;
        private final String fault;
        private final String calls;
        private final String takes;
        private final String gives;
        private final int millis;
        private final String replicaId;
        private final Outgoing outgoing;
        private final AtomicInteger checks = new AtomicInteger();
        private final AtomicInteger running = new AtomicInteger();
        final CountDownLatch closing = new CountDownLatch(1);
        volatile boolean sick;
        volatile boolean lost;
        volatile JsonNode config = JsonNodeFactory.instance.nullNode();

        TestServant(DeploymentSpec spec, String replicaId, Outgoing outgoing) {
            Map<String, String> settings = spec.runtime().settings();
            this.version = settings.getOrDefault("version", "1");
            this.fault = fault(spec);
            this.calls = settings.getOrDefault("calls", "");
            this.takes = settings.getOrDefault("takes", "word");
            this.gives = settings.getOrDefault("gives", "word");
            this.millis = Integer.parseInt(settings.getOrDefault("millis", "0"));
            this.replicaId = replicaId;
            this.outgoing = outgoing;
        }

        @Override
        public void reconfigure(JsonNode userConfig) throws Exception {
            if (userConfig.has("bad")) throw new RuntimeRefusal("bad configuration");
            config = userConfig;
        }

        @Override
        public void healthCheck() throws Exception {
            if (lost) throw ServeException.of(ErrorCode.REPLICA_LOST);
            if (sick || (fault.equals("health") && checks.getAndIncrement() > 0))
                throw new RuntimeRefusal("it is sick");
        }

        @Override
        public void call(Payload input, Call call, ReplyListener replies) {
            if (lost || closing.getCount() == 0) throw ServeException.of(ErrorCode.REPLICA_LOST);
            running.incrementAndGet();
            workers.execute(() -> {
                try {
                    if (millis > 0 && closing.await(millis, TimeUnit.MILLISECONDS)) closedAtWork.incrementAndGet();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
                if (!input.tree().asString().equals(takes)) refuse(replies);
                else if (calls.isEmpty()) answer(version, replies);
                else outgoing.call(calls, text(gives), call, new Adding(replies));
            });
        }

        private void answer(String text, ReplyListener replies) {
            running.decrementAndGet();
            replies.next(text(text));
            replies.completed();
        }

        private void refuse(ReplyListener replies) {
            running.decrementAndGet();
            replies.failed(ServeException.of(ErrorCode.INTERNAL));
        }

        private static Payload text(String text) {
            return new Payload.Tree(JsonNodeFactory.instance.stringNode(text));
        }

        @Override
        public void close() {
            closing.countDown();
            living.remove(replicaId);
            closed.incrementAndGet();
        }

        private final class Adding implements ReplyListener {
            private final ReplyListener replies;
            private String got = "";

            Adding(ReplyListener replies) {
                this.replies = replies;
            }

            @Override
            public void next(Payload item) {
                got = item.tree().asString();
            }

            @Override
            public void completed() {
                answer(version + got, replies);
            }

            @Override
            public void failed(ServeException failure) {
                running.decrementAndGet();
                replies.failed(failure);
            }
        }
    }
}
