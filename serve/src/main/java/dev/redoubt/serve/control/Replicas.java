package dev.redoubt.serve.control;

import dev.redoubt.serve.control.PlatformStatus.ReplicaStatus;
import dev.redoubt.serve.replica.Outgoing;
import dev.redoubt.serve.route.Router;
import dev.redoubt.serve.scale.Holding;
import dev.redoubt.serve.spec.DeploymentSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/// The replicas of one deployment, of whatever version, to the last one that is being closed. The controller's
/// thread owns it.
final class Replicas {
    private final String application;
    private final String deployment;
    private final Router router;
    private final ControllerTools tools;
    private final List<Replica> all = new ArrayList<>();

    Replicas(String application, String deployment, Router router, ControllerTools tools) {
        this.application = application;
        this.deployment = deployment;
        this.router = router;
        this.tools = tools;
    }

    // ---- what is done to one

    void start(String id, DeploymentSpec spec, long version, Outgoing outgoing, long now) {
        Replica replica = new Replica(id, spec, version, tools.time().now(), now);
        all.add(replica);
        note(replica, "starts, version " + version);
        tools.driver().start(id, application, spec, outgoing);
    }

    void reconfigure(Replica replica, DeploymentSpec to, long now) {
        replica.taking = to;
        replica.enter(ReplicaState.UPDATING, "", tools.time().now(), now);
        tools.driver().reconfigure(replica.id, to.userConfig());
    }

    void runs(Replica replica, long now) {
        replica.enter(ReplicaState.RUNNING, "", tools.time().now(), now);
    }

    void probe(Replica replica) {
        tools.driver().probe(replica.id);
    }

    void drain(Replica replica, String why, long now) {
        if (replica.state == ReplicaState.STARTING) {
            stop(replica, now);
            return;
        }
        replica.enter(ReplicaState.DRAINING, why, tools.time().now(), now);
        router.drain(replica.id);
    }

    void stop(Replica replica, long now) {
        replica.enter(ReplicaState.STOPPING, replica.reason, tools.time().now(), now);
        tools.driver().stop(replica.id);
    }

    /// It has ended.
    void remove(Replica replica) {
        router.remove(replica.id);
        all.remove(replica);
    }

    void note(Replica replica, String text) {
        tools.journal().replica(application, deployment, replica.id, text);
    }

    // ---- what there is

    Optional<Replica> find(String id) {
        return all.stream().filter(one -> one.id.equals(id)).findAny();
    }

    List<Replica> those(Predicate<Replica> which) {
        return new ArrayList<>(all.stream().filter(which).toList());
    }

    int count(Predicate<Replica> which) {
        return (int) all.stream().filter(which).count();
    }

    int serving() {
        return count(one -> one.state.serves());
    }

    boolean isEmpty() {
        return all.isEmpty();
    }

    Holding held() {
        Holding sum = Holding.NONE;
        for (Replica replica : all) sum = sum.plus(Holding.of(replica.spec.each(), 1));
        return sum;
    }

    List<ReplicaStatus> status() {
        return all.stream()
                .map(one -> new ReplicaStatus(
                        one.id,
                        one.state,
                        one.version,
                        router.running(one.id),
                        one.probes.misses(),
                        one.reason,
                        one.limits,
                        one.since))
                .toList();
    }
}
