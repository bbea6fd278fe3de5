package dev.redoubt.serve.control;

import dev.redoubt.base.config.SettingType;
import dev.redoubt.serve.control.PlatformStatus.ApplicationStatus;
import dev.redoubt.serve.control.PlatformStatus.DeploymentStatus;
import dev.redoubt.serve.scale.Holding;
import dev.redoubt.serve.spec.Resources;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// One application: the set of deployments that serves it, the one that is to take its place, its quota, and what
/// comes of all together. The controller's thread owns it.
final class ApplicationControl {
    /* An update whose replicas and the running ones may take each other's calls changes the set that serves, deployment by deployment
     * (see DeploymentControl). One that changes what callers send, or what stages send each other, gets a set of its own beside the
     * running one: calls go on entering the old set until all of the new one works, and then all enter the new one; at once, where nothing of
     * the old one runs. So a call is
     * answered by replicas of one understanding from its check at the edge to its last stage, and an update that fails was never seen. */
    private final Controller controller;
    private final ControllerTools tools;

    private ApplicationGoal goal;
    private DeploymentSet serving;
    private Optional<DeploymentSet> coming = Optional.empty(); // what is wanted, until it works
    private final List<DeploymentSet> going = new ArrayList<>();
    private Optional<String> cameBack = Optional.empty(); // why the set that was coming is not
    private boolean reported; // that this version works
    private boolean stood; // its probation, if it has one
    private ApplicationState state = ApplicationState.NOT_STARTED;
    private Instant since;
    private boolean leaving;

    ApplicationControl(Controller controller, ApplicationGoal first, ControllerTools tools) {
        this.controller = controller;
        this.tools = tools;
        this.since = tools.time().now();
        this.goal = first;
        this.reported = first.ran();
        this.stood = !first.onTrial();
        this.serving = new DeploymentSet(this, first, Map.of(), tools);
        if (first.deleting()) serving.leave(Trigger.DELETING);
    }

    String name() {
        return goal.name();
    }

    // ---- the goal

    void adopt(ApplicationGoal next) {
        if (leaving) return;
        boolean known = next.version() == goal.version() && next.spec().equals(goal.spec());
        goal = next;
        reported = next.ran();
        stood = !next.onTrial();
        if (next.deleting()) {
            sets().forEach(one -> one.leave(Trigger.DELETING));
            return;
        }
        boolean another = !serving.canBecome(next);
        boolean goesBack = next.failure().isPresent() && next.ran();
        if (!known || goesBack)
            cameBack = goesBack && (another || coming.isPresent()) ? next.failure() : Optional.empty();
        if (another && !serving.runs()) { // it takes its place at once
            coming.ifPresent(this::drop);
            coming = Optional.empty();
            drop(serving);
            serving = new DeploymentSet(this, next, serving.numbers(), tools);
            return;
        }
        if (another && coming.isPresent() && coming.get().canBecome(next)) {
            coming.get().adopt(next);
            return;
        }
        coming.ifPresent(this::drop);
        coming = Optional.empty();
        if (another) {
            coming = Optional.of(new DeploymentSet(this, next, serving.numbers(), tools));
            serving.supersede();
        } else serving.adopt(next);
    }

    private void drop(DeploymentSet set) {
        set.leave(Trigger.DELETING);
        going.add(set);
    }

    /// It is to end here, whatever is wanted of it.
    void leave() {
        leaving = true;
        sets().forEach(one -> one.leave(Trigger.SERVER_STOPPING));
    }

    boolean isGone() {
        return (goal.deleting() || leaving) && sets().stream().allMatch(DeploymentSet::isGone);
    }

    boolean isDeleted() {
        return goal.deleting();
    }

    // ---- one look

    void reconcile(long now) {
        for (DeploymentSet set : sets()) set.reconcile(now);
        going.removeIf(DeploymentSet::isGone);
        coming.filter(one -> one.isReady() || !serving.isWorthKeeping()).ifPresent(one -> shift(one, now));
        ApplicationState next = stateNow();
        if (next != state) {
            state = next;
            since = tools.time().now();
        }
        if (state == ApplicationState.RUNNING && !reported && !leaving && wanted().isComplete()) {
            reported = true;
            controller.runs(name(), goal.version());
        }
        if (!stood && goal.ran() && !leaving && wanted().deployments().stream().allMatch(DeploymentControl::hasStood)) {
            stood = true;
            controller.proven(name(), goal.version());
        }
    }

    /// From now on calls enter the set that was coming.
    private void shift(DeploymentSet next, long now) {
        serving.leaveAt(now + tools.pace().linger().toNanos());
        going.add(serving);
        serving = next;
        coming = Optional.empty();
    }

    boolean handle(ReplicaEvent event, long now) {
        for (DeploymentSet set : sets()) if (set.handle(event, now)) return true;
        return false;
    }

    private ApplicationState stateNow() {
        if (goal.deleting()) return ApplicationState.DELETING;
        if (cameBack.isPresent()) return ApplicationState.DEPLOY_FAILED;
        ApplicationState now = wanted().state();
        boolean waits = coming.isPresent() && now == ApplicationState.RUNNING;
        return waits ? ApplicationState.DEPLOYING : now;
    }

    /// The set that is to be as the goal says.
    private DeploymentSet wanted() {
        return coming.orElse(serving);
    }

    private List<DeploymentSet> sets() {
        List<DeploymentSet> all = new ArrayList<>(going);
        all.add(serving);
        coming.ifPresent(all::add);
        return all;
    }

    /// One after the other, at most.
    Duration drainMax() {
        return sets().stream()
                .map(DeploymentSet::drainMax)
                .max(Comparator.naturalOrder())
                .orElse(Duration.ZERO);
    }

    // ---- for its sets and their deployments

    boolean isServing(DeploymentSet set) {
        return set.equals(serving);
    }

    String nextReplicaId(String deployment) {
        return controller.nextReplicaId(name(), deployment);
    }

    void updateFailed(long version, String reason) {
        controller.failed(name(), version, reason);
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
        for (DeploymentSet set : sets())
            for (DeploymentControl other : set.deployments())
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
        for (DeploymentSet set : sets()) sum = sum.plus(set.held());
        return sum;
    }

    // ---- for others

    DeploymentSet serving() {
        return serving;
    }

    void verify() {
        sets().forEach(DeploymentSet::verify);
    }

    /// The language models that take calls; those of a set that goes are about to be closed, and zeroed.
    List<StageModel> models() {
        return serving.models();
    }

    /// Where callers come in, once it is known what they may send.
    Optional<Ingress> entrance() {
        if (goal.deleting() || leaving) return Optional.empty();
        return serving.entrance();
    }

    /// A deployment is there once, with the replicas that it has in all sets.
    ApplicationStatus status() {
        Map<String, DeploymentStatus> all = new LinkedHashMap<>();
        StringBuilder reason = new StringBuilder(cameBack.orElse(""));
        for (DeploymentControl one : wanted().deployments()) {
            all.put(one.name, one.status());
            if (one.condition().reason().isEmpty() || one.condition().runs()) continue;
            reason.append(reason.isEmpty() ? "" : "; ")
                    .append(one.name)
                    .append(": ")
                    .append(one.condition().reason());
        }
        for (DeploymentSet set : sets())
            if (!set.equals(wanted()))
                for (DeploymentControl one : set.deployments())
                    all.merge(one.name, one.status(), DeploymentStatus::with);
        if (reason.isEmpty() && wanted().deployments().stream().anyMatch(DeploymentControl::isOnProbation))
            reason.append("on probation: goes back by itself unless it stays well for ")
                    .append(SettingType.shown(goal.spec().probation()));
        return new ApplicationStatus(
                name(),
                state,
                goal.version(),
                reason.toString(),
                goal.spec().quota(),
                since,
                List.copyOf(all.values()));
    }
}
