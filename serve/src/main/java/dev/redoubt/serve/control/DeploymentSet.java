package dev.redoubt.serve.control;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.serve.control.ControllerTools.Wanted;
import dev.redoubt.serve.graph.Mixing;
import dev.redoubt.serve.replica.Outgoing;
import dev.redoubt.serve.route.Router;
import dev.redoubt.serve.scale.Holding;
import dev.redoubt.serve.spec.DeploymentSpec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/// Deployments of an application that call each other and no others: those of one version, or of versions that
/// follow each other and whose replicas may take each other's calls ([Mixing]). A call that has entered a set is
/// answered by it. The controller's thread owns it.
final class DeploymentSet {
    private final ApplicationControl application;
    private final ControllerTools tools;
    private final Map<String, DeploymentControl> deployments = new TreeMap<>();
    private final Map<String, Router> routers = new ConcurrentHashMap<>(); // read by any thread, through outgoing()
    private final Map<String, Integer> atFirst;
    private ApplicationGoal goal;
    private Optional<Long> leavesAtNanos = Optional.empty();
    private boolean leaving;

    /// @param atFirst replicas of deployments that scale by themselves, by name: as many as the set has whose
    ///     place this one is to take
    DeploymentSet(
            ApplicationControl application,
            ApplicationGoal first,
            Map<String, Integer> atFirst,
            ControllerTools tools) {
        this.application = application;
        this.tools = tools;
        this.atFirst = Map.copyOf(atFirst);
        this.goal = first;
        adopt(first);
    }

    String applicationName() {
        return goal.name();
    }

    ApplicationControl application() {
        return application;
    }

    // ---- the goal

    /// Whether it can get there one replica after the other, without a call that anybody would misunderstand.
    boolean canBecome(ApplicationGoal next) {
        return !leaving
                && leavesAtNanos.isEmpty()
                && Mixing.problem(version(goal), version(next)).isEmpty();
    }

    private static Mixing.Version version(ApplicationGoal goal) {
        return new Mixing.Version(goal.spec(), goal.interfaces());
    }

    void adopt(ApplicationGoal next) {
        goal = next;
        for (DeploymentSpec spec : next.spec().deployments()) {
            Wanted wanted = wanted(next, spec);
            DeploymentControl known = deployments.get(spec.name());
            if (known != null) known.adopt(wanted);
            else {
                DeploymentControl fresh =
                        new DeploymentControl(this, wanted, atFirst.getOrDefault(spec.name(), 0), tools);
                deployments.put(fresh.name, fresh);
                routers.put(fresh.name, fresh.router);
            }
        }
        for (DeploymentControl known : deployments.values())
            if (next.spec().find(known.name).isEmpty()) known.leave(Trigger.DELETING);
    }

    private static Wanted wanted(ApplicationGoal goal, DeploymentSpec spec) {
        boolean failed = goal.failure().isPresent();
        return new Wanted(
                spec,
                Optional.ofNullable(goal.interfaces().get(spec.name())),
                goal.version(),
                goal.ran(),
                goal.onTrial(),
                goal.fallback(),
                failed && goal.ran(),
                failed && !goal.ran());
    }

    /// Another set is to take its place: what fails here is nobody's update any more.
    void supersede() {
        deployments.values().forEach(DeploymentControl::supersede);
    }

    /// It ends at that time, and takes until then the calls of those who were shown in here a moment ago.
    void leaveAt(long nanos) {
        leavesAtNanos = Optional.of(nanos);
    }

    /// It is to end, whatever was wanted of it.
    void leave(Trigger why) {
        leaving = true;
        deployments.values().forEach(one -> one.leave(why));
    }

    boolean isGone() {
        return leaving && deployments.isEmpty();
    }

    // ---- one look

    void reconcile(long now) {
        if (!leaving && leavesAtNanos.isPresent() && now - leavesAtNanos.get() >= 0) leave(Trigger.DELETING);
        if (leaving) ingress().ifPresent(one -> one.router.close(Optional.empty()));
        for (DeploymentControl deployment : List.copyOf(deployments.values())) {
            deployment.reconcile(now);
            if (!deployment.isGone()) continue;
            deployments.remove(deployment.name);
            routers.remove(deployment.name);
        }
    }

    boolean handle(ReplicaEvent event, long now) {
        for (DeploymentControl deployment : deployments.values()) if (deployment.handle(event, now)) return true;
        return false;
    }

    // ---- what it is

    /// Whether all of it is as wanted, so that it can take all calls.
    boolean isReady() {
        return deployments.values().stream()
                .filter(one -> !one.isLeaving())
                .allMatch(one -> one.condition().is(DeploymentState.HEALTHY));
    }

    /// Whether anything in it takes calls.
    boolean runs() {
        return deployments.values().stream().anyMatch(one -> one.serving() > 0);
    }

    /// Whether it is better to wait in it than in one that does not work yet.
    boolean isWorthKeeping() {
        if (goal.failure().isPresent() && !goal.ran()) return false;
        return goal.ran() || runs();
    }

    /// Whether nothing of another spec is left to do.
    boolean isComplete() {
        return deployments.values().stream().noneMatch(DeploymentControl::isLeaving);
    }

    /// The worst deployment's.
    ApplicationState state() {
        ApplicationState worst = ApplicationState.RUNNING;
        for (DeploymentControl one : deployments.values()) {
            if (one.isLeaving()) continue;
            if (one.condition().is(DeploymentState.DEPLOY_FAILED)) return ApplicationState.DEPLOY_FAILED;
            if (one.condition().is(DeploymentState.UNHEALTHY)) worst = ApplicationState.UNHEALTHY;
            else if (!one.condition().runs() && worst != ApplicationState.UNHEALTHY) worst = ApplicationState.DEPLOYING;
        }
        return worst;
    }

    Collection<DeploymentControl> deployments() {
        return deployments.values();
    }

    /// How many replicas each deployment is to have now, by name.
    Map<String, Integer> numbers() {
        Map<String, Integer> numbers = new TreeMap<>();
        for (DeploymentControl one : deployments.values()) numbers.put(one.name, one.wanted());
        return numbers;
    }

    Holding held() {
        Holding sum = Holding.NONE;
        for (DeploymentControl deployment : deployments.values()) sum = sum.plus(deployment.held());
        return sum;
    }

    /// How long replicas may drain, one deployment after the other at most.
    Duration drainMax() {
        return deployments.values().stream()
                .map(one -> one.goal().timeouts().drain())
                .reduce(Duration.ZERO, Duration::plus);
    }

    void verify() {
        deployments.values().forEach(DeploymentControl::verify);
    }

    // ---- for its deployments and their callers

    /// Whether callers from outside come in here.
    boolean serves() {
        return application.isServing(this);
    }

    /// A deployment that is not wanted any more goes after those that call it. Where that is a circle, all go.
    boolean mayLeave(DeploymentControl one) {
        if (!isCalled(one)) return true;
        return leaving && deployments.values().stream().allMatch(this::isCalled);
    }

    private boolean isCalled(DeploymentControl target) {
        return deployments.values().stream().anyMatch(one -> !one.equals(target) && one.calls(target.name));
    }

    /// The way between its deployments, for replicas.
    Outgoing outgoing() {
        String name = applicationName();
        return (target, input, call, replies) -> {
            Router router = routers.get(target);
            if (router == null) replies.failed(ServeException.of(ErrorCode.DEPLOYMENT_UNAVAILABLE, target));
            else if (!call.application().equals(name)) replies.failed(ServeException.of(ErrorCode.INTERNAL));
            else router.call(input, call, replies);
        };
    }

    private Optional<DeploymentControl> ingress() {
        return Optional.ofNullable(deployments.get(goal.spec().ingress()));
    }

    /// Its language models.
    List<StageModel> models() {
        List<StageModel> models = new ArrayList<>();
        for (DeploymentControl one : deployments.values())
            one.face()
                    .flatMap(face -> new Ingress(face, one.router).model())
                    .ifPresent(model -> models.add(new StageModel(
                            applicationName(),
                            one.name,
                            one.name.equals(goal.spec().ingress()),
                            model)));
        return models;
    }

    /// Where callers come in, once it is known what they may send.
    Optional<Ingress> entrance() {
        if (leaving) return Optional.empty();
        return ingress().flatMap(one -> one.face().map(face -> new Ingress(face, one.router)));
    }
}
