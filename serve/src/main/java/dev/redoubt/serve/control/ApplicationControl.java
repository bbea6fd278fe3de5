package dev.redoubt.serve.control;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.serve.control.ControllerTools.Wanted;
import dev.redoubt.serve.control.PlatformStatus.ApplicationStatus;
import dev.redoubt.serve.replica.Outgoing;
import dev.redoubt.serve.route.Router;
import dev.redoubt.serve.scale.Holding;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.spec.Resources;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/// The deployments of one application, its quota, and what comes of them together. The controller's thread owns
/// it.
final class ApplicationControl {
    private final Controller controller;
    private final ControllerTools tools;
    private final Map<String, DeploymentControl> deployments = new TreeMap<>();
    private final Map<String, Router> routers = new ConcurrentHashMap<>(); // read by any thread, through outgoing()

    private ApplicationGoal goal;
    private boolean reported; // that this version works
    private ApplicationState state = ApplicationState.NOT_STARTED;
    private Instant since;
    private boolean leaving;

    ApplicationControl(Controller controller, ApplicationGoal first, ControllerTools tools) {
        this.controller = controller;
        this.tools = tools;
        this.since = tools.time().now();
        this.goal = first;
        adopt(first);
    }

    String name() {
        return goal.name();
    }

    void adopt(ApplicationGoal next) {
        if (leaving) return;
        goal = next;
        reported = next.proven();
        for (DeploymentSpec spec : next.spec().deployments()) {
            Wanted wanted = wanted(next, spec);
            DeploymentControl known = deployments.get(spec.name());
            if (known != null) known.adopt(wanted);
            else {
                DeploymentControl fresh = new DeploymentControl(this, wanted, tools);
                deployments.put(fresh.name, fresh);
                routers.put(fresh.name, fresh.router);
            }
        }
        for (DeploymentControl known : deployments.values())
            if (next.deleting() || next.spec().find(known.name).isEmpty()) known.leave();
    }

    private static Wanted wanted(ApplicationGoal goal, DeploymentSpec spec) {
        boolean failed = goal.failure().isPresent();
        return new Wanted(
                spec,
                Optional.ofNullable(goal.interfaces().get(spec.name())),
                goal.version(),
                goal.proven(),
                goal.fallback(),
                failed && goal.proven(),
                failed && !goal.proven());
    }

    void reconcile(long now) {
        if (goal.deleting() || leaving) ingress().ifPresent(one -> one.router.open(false));
        for (DeploymentControl deployment : List.copyOf(deployments.values())) {
            deployment.reconcile(now);
            if (!deployment.isGone()) continue;
            deployments.remove(deployment.name);
            routers.remove(deployment.name);
        }
        ApplicationState next = stateNow();
        if (next != state) {
            state = next;
            since = tools.time().now();
        }
        if (state == ApplicationState.RUNNING && !reported && isComplete()) {
            reported = true;
            controller.proven(name(), goal.version());
        }
    }

    /// Whether nothing of another spec is left to do.
    private boolean isComplete() {
        return deployments.values().stream().noneMatch(DeploymentControl::isLeaving);
    }

    boolean handle(ReplicaEvent event, long now) {
        for (DeploymentControl deployment : deployments.values()) if (deployment.handle(event, now)) return true;
        return false;
    }

    /// It is to end here, whatever is wanted of it.
    void leave() {
        leaving = true;
        deployments.values().forEach(DeploymentControl::leave);
    }

    boolean isGone() {
        return (goal.deleting() || leaving) && deployments.isEmpty();
    }

    boolean isDeleted() {
        return goal.deleting();
    }

    /// One after the other, at most.
    Duration drainMax() {
        return deployments.values().stream()
                .map(one -> one.goal().timeouts().drain())
                .reduce(Duration.ZERO, Duration::plus);
    }

    /// The worst deployment's.
    private ApplicationState stateNow() {
        if (goal.deleting()) return ApplicationState.DELETING;
        ApplicationState worst = ApplicationState.RUNNING;
        for (DeploymentControl one : deployments.values()) {
            if (one.isLeaving()) continue;
            if (one.state() == DeploymentState.DEPLOY_FAILED) return ApplicationState.DEPLOY_FAILED;
            if (one.state() == DeploymentState.UNHEALTHY) worst = ApplicationState.UNHEALTHY;
            else if (!one.runs() && worst != ApplicationState.UNHEALTHY) worst = ApplicationState.DEPLOYING;
        }
        return worst;
    }

    // ---- for its deployments

    String nextReplicaId(String deployment) {
        return controller.nextReplicaId(name(), deployment);
    }

    void updateFailed(String reason) {
        controller.failed(name(), goal.version(), reason);
    }

    /// A deployment that is not wanted any more goes after those that call it. Where that is a circle, all go.
    boolean mayLeave(DeploymentControl one) {
        if (!isCalled(one)) return true;
        return (goal.deleting() || leaving) && deployments.values().stream().allMatch(this::isCalled);
    }

    private boolean isCalled(DeploymentControl target) {
        return deployments.values().stream().anyMatch(one -> !one.equals(target) && one.calls(target.name));
    }

    /// Whether one more replica may be started now: within the quota and the machine, to the last byte (R2.2,
    /// R4.2).
    boolean hasRoomFor(Resources each) {
        Holding more = Holding.of(each, 1);
        return held().plus(more).fitsIn(Holding.of(goal.spec().quota(), 1))
                && controller.held().plus(more).fitsIn(controller.share());
    }

    /// How many replicas a deployment may have in all, beside what others hold and what is kept for its
    /// siblings.
    int roomFor(DeploymentControl deployment) {
        Holding siblings = Holding.NONE;
        for (DeploymentControl other : deployments.values())
            if (!other.equals(deployment)) siblings = siblings.plus(other.reserved());
        Holding others = controller.held().minus(held());
        Holding quota = Holding.of(goal.spec().quota(), 1).minus(siblings);
        Holding machine = controller.share().minus(others).minus(siblings);
        Holding surge = deployment.surgeReserve();
        return Math.min(
                quota.minus(surge).times(deployment.goal().each()),
                machine.minus(surge).times(deployment.goal().each()));
    }

    Holding held() {
        Holding sum = Holding.NONE;
        for (DeploymentControl deployment : deployments.values()) sum = sum.plus(deployment.held());
        return sum;
    }

    /// The way between its deployments, for replicas.
    Outgoing outgoing() {
        String application = name();
        return (target, input, call, replies) -> {
            Router router = routers.get(target);
            if (router == null) replies.failed(ServeException.of(ErrorCode.DEPLOYMENT_UNAVAILABLE, target));
            else if (!call.application().equals(application)) replies.failed(ServeException.of(ErrorCode.INTERNAL));
            else router.call(input, call, replies);
        };
    }

    // ---- for others

    void verify() {
        for (DeploymentControl deployment : deployments.values()) deployment.router.verify();
    }

    private Optional<DeploymentControl> ingress() {
        return Optional.ofNullable(deployments.get(goal.spec().ingress()));
    }

    /// Where callers come in, once it is known what they may send.
    Optional<Ingress> entrance() {
        if (goal.deleting() || leaving) return Optional.empty();
        return ingress().flatMap(one -> one.face().map(face -> new Ingress(face, one.router)));
    }

    ApplicationStatus status() {
        List<PlatformStatus.DeploymentStatus> all = new ArrayList<>();
        StringBuilder reason = new StringBuilder();
        for (DeploymentControl one : deployments.values()) {
            all.add(one.status());
            if (one.reason().isEmpty() || one.runs()) continue;
            reason.append(reason.isEmpty() ? "" : "; ")
                    .append(one.name)
                    .append(": ")
                    .append(one.reason());
        }
        return new ApplicationStatus(
                name(), state, goal.version(), reason.toString(), goal.spec().quota(), since, all);
    }
}
