package dev.redoubt.serve.control;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.serve.Call;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.replica.Outgoing;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.replica.ReplyListener;
import dev.redoubt.serve.replica.Servant;
import dev.redoubt.serve.schema.Schema;
import dev.redoubt.serve.spec.DeploymentSpec;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/// Replicas in virtual time: they start slowly, some never; they crash, hang and get sick. What a spec's setting
/// `fault` says happens to all of its replicas: `start`, `sick`. They take what their setting `takes` says, and
/// give what their setting `gives` says to the deployment that `calls` names; nothing else must ever reach them.
final class SimReplicas implements ReplicaDriver {

    final Map<String, SimServant> living = new LinkedHashMap<>(); // by replica id, also while it starts
    boolean faults = true;
    boolean outage; // nothing starts
    String misunderstood = ""; // a call that a replica was given and does not take; a router would catch what is thrown
    private final VirtualTime time;
    private final SplittableRandom random;
    private final Consumer<ReplicaEvent> events;
    private final Consumer<String> faulted; // replica id

    SimReplicas(VirtualTime time, SplittableRandom random, Consumer<ReplicaEvent> events, Consumer<String> faulted) {
        this.time = time;
        this.random = random;
        this.events = events;
        this.faulted = faulted;
    }

    /// What deployments of this spec take, give and call.
    static Interface face(DeploymentSpec spec) {
        Optional<String> target = Optional.ofNullable(spec.runtime().settings().get("calls"));
        return new Interface(
                schema(setting(spec, "takes")),
                new Schema.Text(),
                false,
                target.stream()
                        .map(to -> new Interface.Edge(to, schema(setting(spec, "gives")), new Schema.Text()))
                        .toList());
    }

    private static Schema schema(String shape) {
        return new Schema.Choice(List.of(shape));
    }

    private static String setting(DeploymentSpec spec, String name) {
        return spec.runtime().settings().getOrDefault(name, "");
    }

    /// What a caller sends.
    static Payload input(double seconds, Schema takes) {
        String shape = ((Schema.Choice) takes).names().getFirst();
        return new Payload.Tree(
                JsonNodeFactory.instance.objectNode().put("seconds", seconds).put("shape", shape));
    }

    @Override
    public void start(String replicaId, String application, DeploymentSpec spec, Outgoing outgoing) {
        SimServant servant = new SimServant(replicaId, application, spec, outgoing);
        living.put(replicaId, servant);
        boolean slow = faults && random.nextInt(50) == 0;
        boolean fails = setting(spec, "fault").equals("start") || (faults && random.nextInt(30) == 0);
        time.in(slow ? 200 : 0.2 + 5 * random.nextDouble(), () -> {
            if (servant.stopping) return;
            if (fails || outage) {
                living.remove(replicaId);
                events.accept(new ReplicaEvent.StartFailed(replicaId, "simulated"));
            } else {
                servant.started = true;
                events.accept(new ReplicaEvent.Started(replicaId, face(spec), servant));
                if (setting(spec, "fault").equals("sick")) time.in(10 * random.nextDouble(), servant::getSick);
            }
        });
    }

    @Override
    public void probe(String replicaId) {
        SimServant servant = living.get(replicaId);
        if (servant == null || servant.hangs) return;
        time.in(0.05 * random.nextDouble(), () -> {
            if (servant.stopping) return;
            Optional<String> miss = servant.dead || servant.sick ? Optional.of("simulated") : Optional.empty();
            events.accept(new ReplicaEvent.Probed(replicaId, miss, servant.dead));
        });
    }

    @Override
    public void reconfigure(String replicaId, String userConfig) {
        SimServant servant = living.get(replicaId);
        time.in(0.5 * random.nextDouble(), () -> {
            if (servant == null || servant.stopping || servant.hangs) return;
            Optional<String> refusal = userConfig.contains("bad") ? Optional.of("simulated") : Optional.empty();
            events.accept(new ReplicaEvent.Reconfigured(replicaId, refusal));
        });
    }

    @Override
    public void stop(String replicaId) {
        SimServant servant = living.get(replicaId);
        if (servant != null) servant.stopping = true;
        time.in(0.5 * random.nextDouble(), () -> {
            if (servant != null) servant.close();
            living.remove(replicaId);
            events.accept(new ReplicaEvent.Stopped(replicaId));
        });
    }

    @Override
    public void close() {}

    private List<SimServant> running() {
        return living.values().stream()
                .filter(one -> one.started && !one.stopping)
                .toList();
    }

    /// All that run are gone.
    void crash() {
        running().forEach(SimServant::crash);
    }

    /// Something bad happens to one of those that run.
    void strike() {
        List<SimServant> running = running();
        if (running.isEmpty()) return;
        SimServant victim = running.get(random.nextInt(running.size()));
        switch (random.nextInt(3)) {
            case 0 -> victim.crash();
            case 1 -> victim.getSick();
            default -> victim.hang();
        }
    }

    final class SimServant implements Servant {
        final String replicaId;
        final String application;
        final DeploymentSpec spec;
        boolean started;
        boolean stopping;
        private boolean dead;
        private boolean sick;
        private boolean hangs;
        private final Set<Running> running = new LinkedHashSet<>();

        private final class Running {
            final ReplyListener replies;

            Running(ReplyListener replies) {
                this.replies = replies;
            }
        }

        private final Outgoing outgoing;

        SimServant(String replicaId, String application, DeploymentSpec spec, Outgoing outgoing) {
            this.replicaId = replicaId;
            this.application = application;
            this.spec = spec;
            this.outgoing = outgoing;
        }

        void crash() {
            faulted.accept(replicaId);
            dead = true;
            end();
        }

        void getSick() {
            if (stopping) return;
            faulted.accept(replicaId);
            sick = true;
        }

        void hang() {
            faulted.accept(replicaId);
            hangs = true;
        }

        private void end() {
            List<Running> left = new ArrayList<>(running);
            running.clear();
            for (Running one : left) one.replies.failed(ServeException.of(ErrorCode.REPLICA_LOST));
        }

        /// @param input the seconds that it takes, and the shape that it has
        @Override
        public void call(Payload input, Call call, ReplyListener replies) {
            String shape = input.tree().path("shape").asString();
            if (!shape.equals(setting(spec, "takes"))) misunderstood = replicaId + " is given " + shape + ": " + spec;
            if (dead) throw ServeException.of(ErrorCode.REPLICA_LOST);
            if (faults && random.nextInt(200) == 0) throw ServeException.of(ErrorCode.BUSY, 1, 1);
            double seconds = input.tree().path("seconds").asDouble();
            Running one = new Running(replies);
            running.add(one);
            call.cancellation()
                    .onCancel(() -> time.in(0.01, () -> {
                        if (running.remove(one)) replies.failed(ServeException.of(ErrorCode.CANCELLED));
                    }));
            time.in(seconds, () -> {
                if (hangs || !running.contains(one)) return;
                List<Interface.Edge> edges = face(spec).calls();
                if (edges.isEmpty()) complete(one, input);
                else
                    outgoing.call(
                            edges.getFirst().target(),
                            input(seconds, edges.getFirst().input()),
                            call,
                            next(one));
            });
        }

        private void complete(Running one, Payload output) {
            if (!running.remove(one)) return;
            one.replies.next(output);
            one.replies.completed();
            if (random.nextInt(100) == 0) one.replies.completed(); // a servant with a bug
        }

        /// What the next stage answers, it answers.
        private ReplyListener next(Running one) {
            return new ReplyListener() {
                @Override
                public void next(Payload item) {}

                @Override
                public void completed() {
                    complete(one, new Payload.Tree(JsonNodeFactory.instance.stringNode("")));
                }

                @Override
                public void failed(ServeException failure) {
                    if (running.remove(one)) one.replies.failed(failure);
                }
            };
        }

        @Override
        public void reconfigure(JsonNode userConfig) {}

        @Override
        public void healthCheck() {}

        @Override
        public void close() {
            end();
        }
    }
}
