package dev.redoubt.serve.control;

import dev.redoubt.base.Invariant;
import dev.redoubt.base.config.SettingType;
import dev.redoubt.serve.control.ControllerTools.Wanted;
import dev.redoubt.serve.control.PlatformStatus.DeploymentStatus;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.route.Router;
import dev.redoubt.serve.route.RouterLoad;
import dev.redoubt.serve.scale.Holding;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.spec.Scale;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Brings one deployment to what is wanted of it. The controller's thread owns it.
///
/// [#reconcile] compares and acts; it is called again and again, and each time does what can be done now. It
/// does not remember what it was about to do: a replica is *current* if it could have been started from the
/// wanted spec, and *old* otherwise, so a rollback is the same work as an update.
final class DeploymentControl {
    /* Surge rollout: a few current replicas start beside the old ones (`surge`); none of the old is drained before a current one has
     * passed its first health check; from then on old ones go as current ones come, so that no fewer take calls than are wanted.
     *
     * A failed update: `frozen`. What has been started for it is stopped where it does not run yet, the old replicas go on, and nothing
     * moves until the goal has gone back to the version before; the last replica goes on too, if it is only sick, until one of that
     * version works. Where there is none (`hopeless`), calls are refused at once unless a
     * replica works.
     *
     * Where that version gets a set of its own, the frozen one is `superseded`: it starts nothing, but gives up what is more than its number, or
     * the one that comes would wait for room for ever.
     *
     * A version has worked when all of the application has been as wanted at once, and is on probation for some health checks more, if there
     * is a version to go back to: many that start well are sick soon after. So it is whenever it becomes the goal again until it has stood that,
     * whatever happens meanwhile: a restart, a scale, a version after it that fails. Replicas that are gone do not count one by one: any call may
     * have been the end of one, and no caller may undo an update with a few. They are replaced, and it takes `Setbacks.lossesMax` of them.
     *
     * Failures of a version that ran before are not an update's: it is UNHEALTHY, and tried again for ever, with back-off.
     *
     * Where nothing takes calls, they wait if a replica comes, or will because they wait. Where none is ever wanted, or what was started came to
     * nothing several times in a row, calls are refused: they would only wait for their deadline. Replicas that worked for a while and are gone are no sign that the next will not start. */
    private static final Logger LOG = LoggerFactory.getLogger(DeploymentControl.class);
    private static final double SURGE = 0.2;
    private static final int STARTING_MAX = 8;

    private enum Ailment {
        /// It says that it cannot work.
        SICK,
        /// It does not answer.
        SILENT,
        /// It is gone.
        LOST
    }

    final String name;
    final Router router;
    private final DeploymentSet set;
    private final ApplicationControl application;
    private final ControllerTools tools;
    private final Replicas replicas;
    private final Condition condition;
    private final ReplicaNumber number;
    private final Setbacks setbacks;

    private DeploymentSpec goal;
    private Optional<Interface> face = Optional.empty();
    private long version;
    private boolean ran; // all of the application, as this version
    private boolean fallback; // whether there is a version to go back to
    private boolean updating; // until the whole application has the version, and it has stood its probation
    private long settledNanos; // when it was last seen not to be as wanted

    private boolean frozen;
    private boolean superseded;
    private boolean hopeless;
    private boolean leaving;
    private String updateFailure = "";
    private String losses = ""; // the last one, of what it went back to

    /// @param atFirst so many replicas at first, if it scales by itself and the first wish is for fewer
    DeploymentControl(DeploymentSet set, Wanted first, int atFirst, ControllerTools tools) {
        this.set = set;
        this.application = set.application();
        this.tools = tools;
        this.goal = first.spec();
        this.name = goal.name();
        this.router = tools.router(goal);
        this.replicas = new Replicas(set.applicationName(), name, router, tools);
        this.condition = new Condition(set.applicationName(), name, tools);
        String place = set.applicationName() + "/" + name;
        PolicyRunner policy = new PolicyRunner(place, tools.policies().apply(set.applicationName(), name));
        this.number = new ReplicaNumber(place, policy, goal.scale(), atFirst);
        this.setbacks = new Setbacks(tools.pace(), tools.time().nanos());
        take(first);
        updating = first.onTrial();
    }

    // ---- the goal

    void adopt(Wanted next) {
        if (next.hopeless() && next.version() == version) {
            hopeless = true;
            return;
        }
        if (frozen && next.version() == version) {
            if (!next.ran() || next.fallback()) return; // its failure is being written down
            take(next); // it had run once, and there is nothing to go back to
            updating = false;
            condition.enter(DeploymentState.UNHEALTHY, condition.trigger(), condition.reason());
            return;
        }
        DeploymentSpec before = goal;
        boolean known = next.version() == version && before.equals(next.spec()); // it has only stood something
        boolean failedHere = condition.is(DeploymentState.DEPLOY_FAILED) && (next.earlier() || known);
        boolean same = before.equals(next.spec()) && !condition.is(DeploymentState.DEPLOY_FAILED) && !leaving;
        boolean onlyScale = before.with(next.spec().scale()).equals(next.spec());
        int had = number.wanted();
        boolean unchanged = same && !superseded;
        setbacks.tryAgain(next.version() != version, tools.time().nanos());
        take(next);
        updating = next.onTrial() && (updating || !unchanged); // what does not change fails as it did before
        if (same || failedHere) return; // what failed says so until the next deploy
        if (onlyScale && condition.is(DeploymentState.HEALTHY)) {
            if (number.wanted() != had) condition.scales(number.wanted() > had, true);
        } else
            condition.enter(DeploymentState.UPDATING, Trigger.CONFIG_UPDATE_STARTED, next.earlier() ? "goes back" : "");
    }

    private void take(Wanted next) {
        goal = next.spec();
        if (next.face().isPresent()) face = next.face();
        version = next.version();
        ran = next.ran();
        fallback = next.fallback();
        frozen = false;
        superseded = false;
        hopeless = false;
        leaving = false;
        router.limits(ControllerTools.limits(goal));
        router.open();
        number.adopt(goal.scale());
    }

    /// Another set is to take its place.
    void supersede() {
        updating = false;
        superseded = true;
    }

    /// Nothing is wanted of it but to end.
    void leave(Trigger why) {
        if (leaving) return;
        leaving = true;
        frozen = false;
        number.none();
        condition.leaves(why, version);
    }

    // ---- one look

    void reconcile(long now) {
        router.sweep();
        watchReplicas(now);
        if (leaving) {
            if (set.mayLeave(this)) {
                router.close(Optional.empty());
                for (Replica replica : replicas.those(one -> one.state.stays())) replicas.drain(replica, "", now);
            }
            return;
        }
        if (!frozen) {
            autoscale(now);
            reconfigure(now);
            shrink(now);
            retire(now);
            grow(now);
        } else if (superseded) {
            autoscale(now);
            makeRoom(now);
        }
        settle(now);
        if (replicas.serving() > 0) router.open();
        else if (hopeless || isSwitchedOff()) router.close(Optional.empty());
        else if (startsInVain()) router.close(Optional.of(setbacks.untilNextTry(now)));
        else router.open();
    }

    private boolean startsInVain() {
        return setbacks.startsInVain(Math.min(number.wanted(), STARTING_MAX));
    }

    /// Nothing would start a replica for whoever waits.
    private boolean isSwitchedOff() {
        return goal.scale() instanceof Scale.Fixed(int wanted) && wanted == 0;
    }

    /// Replicas whose time is over: to start, to answer a probe, to finish what they have.
    private void watchReplicas(long now) {
        for (Replica replica : replicas.those(one -> true)) {
            Duration inState = Duration.ofNanos(now - replica.sinceNanos);
            switch (replica.state) {
                case STARTING -> {
                    if (inState.compareTo(goal.timeouts().start()) < 0) continue;
                    replicas.stop(replica, now);
                    startFailed(
                            replica,
                            "has not started within "
                                    + SettingType.shown(goal.timeouts().start()),
                            now);
                }
                case UPDATING -> {
                    if (inState.compareTo(goal.timeouts().start()) >= 0)
                        unhealthy(replica, "has not taken its user configuration in time", Ailment.SILENT, now);
                    else probe(replica, now);
                }
                case RUNNING -> probe(replica, now);
                case DRAINING -> {
                    boolean over = inState.compareTo(replica.spec.timeouts().drain()) >= 0;
                    if (over || router.running(replica.id) == 0) replicas.stop(replica, now);
                }
                case STOPPING -> {}
            }
        }
    }

    private void probe(Replica replica, long now) {
        if (replica.probes.overdue(now, goal.health()))
            unhealthy(
                    replica,
                    "has not answered its health checks within "
                            + SettingType.shown(goal.health().timeout()),
                    Ailment.SILENT,
                    now);
        else if (replica.probes.send(now, goal.health())) replicas.probe(replica);
    }

    private void autoscale(long now) {
        if (!set.serves()) { // it comes as large as what it takes the place of
            number.fit(application.roomFor(this));
            return;
        }
        int had = number.wanted();
        if (number.follow(now, router.load(), application.roomFor(this))
                && (condition.is(DeploymentState.HEALTHY) || condition.scaling()))
            condition.scales(number.wanted() > had, false);
    }

    /// The lightweight update: running replicas are told, a few at a time.
    private void reconfigure(long now) {
        int out = replicas.count(one -> one.state == ReplicaState.UPDATING);
        for (Replica replica : replicas.those(one -> one.state == ReplicaState.RUNNING && isCurrent(one))) {
            if (replica.spec.userConfig().equals(goal.userConfig())) {
                if (replica.spec.ongoingMax() != goal.ongoingMax()) router.limit(replica.id, goal.ongoingMax());
                replica.spec = goal;
                replica.version = version;
            } else if (out < surge()) {
                out++;
                replicas.reconfigure(replica, goal, now);
            }
        }
    }

    /// Current replicas that are too many: those that do not run yet, then the newest.
    private void shrink(long now) {
        List<Replica> starting = replicas.those(one -> one.state == ReplicaState.STARTING && isCurrent(one));
        List<Replica> serving = replicas.those(one -> one.state.serves() && isCurrent(one));
        int surplus = starting.size() + serving.size() - number.wanted();
        for (; surplus > 0 && !starting.isEmpty(); surplus--) replicas.stop(starting.removeLast(), now);
        for (; surplus > 0 && !serving.isEmpty(); surplus--) replicas.drain(serving.removeLast(), "", now);
    }

    /// Old replicas go as current ones come.
    private void retire(long now) {
        for (Replica replica : replicas.those(one -> one.state == ReplicaState.STARTING && !isCurrent(one)))
            replicas.stop(replica, now);
        List<Replica> old = replicas.those(one -> one.state.serves() && !isCurrent(one));
        int current = replicas.count(one -> one.state.serves() && isCurrent(one));
        if (current == 0 && number.wanted() > 0) return;
        int surplus = current + old.size() - number.wanted();
        for (Replica replica : old.subList(0, Math.max(0, Math.min(surplus, old.size()))))
            replicas.drain(replica, "", now);
    }

    /// Whatever they are: the newest go first, which are those that failed.
    private void makeRoom(long now) {
        List<Replica> serving = replicas.those(one -> one.state.serves());
        while (serving.size() > Math.max(1, number.wanted())) replicas.drain(serving.removeLast(), "", now);
    }

    private void grow(long now) {
        if (!setbacks.mayStart(now)) return;
        int missing = number.wanted() - replicas.count(one -> one.state.stays() && isCurrent(one));
        int starting = replicas.count(one -> one.state == ReplicaState.STARTING);
        boolean rollout = replicas.count(one -> one.state.stays() && !isCurrent(one)) > 0;
        int atOnce = rollout ? surge() : STARTING_MAX;
        int more = Math.min(missing, atOnce - starting);
        if (more > 0 && starting == 0 && !application.hasRoomFor(goal.each()))
            replicas.those(one -> one.stale && one.state.serves()).stream()
                    .findFirst()
                    .ifPresent(one -> replicas.drain(one, "", now));
        for (; more > 0 && application.hasRoomFor(goal.each()); more--) {
            replicas.start(application.nextReplicaId(name), goal, version, set.outgoing(), now);
        }
    }

    private int surge() {
        return Math.max(1, Math.min(STARTING_MAX, (int) (SURGE * number.wanted())));
    }

    /// Says so when all is as wanted.
    private void settle(long now) {
        if (!isAsWanted() || !ran) settledNanos = now;
        else if (now - settledNanos >= goal.health().probation().toNanos()) updating = false;
        if (condition.is(DeploymentState.HEALTHY) || !isAsWanted()) return;
        if (condition.is(DeploymentState.DEPLOY_FAILED)) {
            condition.says(updateFailure + (losses.isEmpty() ? "" : "; gone back, and then: " + losses));
            return;
        }
        setbacks.arrived();
        condition.arrived();
    }

    private boolean isAsWanted() {
        List<Replica> staying = replicas.those(one -> one.state.stays());
        return staying.size() == number.wanted()
                && staying.stream()
                        .allMatch(one -> one.state == ReplicaState.RUNNING && one.spec.equals(goal) && isCurrent(one));
    }

    // ---- what happened

    /// @return whether that was about a replica of this deployment
    boolean handle(ReplicaEvent event, long now) {
        Optional<Replica> found = replicas.find(event.replicaId());
        if (found.isEmpty()) return false;
        Replica replica = found.get();
        switch (event) {
            case ReplicaEvent.Started started -> started(replica, started, now);
            case ReplicaEvent.StartFailed failed -> {
                replicas.remove(replica);
                if (replica.state == ReplicaState.STARTING) startFailed(replica, failed.reason(), now);
            }
            case ReplicaEvent.Probed probed -> probed(replica, probed, now);
            case ReplicaEvent.Reconfigured reconfigured -> reconfigured(replica, reconfigured, now);
            case ReplicaEvent.Stopped stopped -> {
                replicas.remove(replica);
                replicas.note(replica, "has ended");
            }
        }
        return true;
    }

    private void started(Replica replica, ReplicaEvent.Started started, long now) {
        if (replica.state != ReplicaState.STARTING) return; // it was stopped meanwhile
        replica.face = Optional.of(started.face());
        replica.limits = started.servant().limits();
        replicas.runs(replica, now);
        replicas.note(replica, "takes calls");
        replica.probes.begin(now, goal.health());
        if (isCurrent(replica)) face = replica.face;
        router.add(replica.id, started.servant(), replica.spec.ongoingMax());
    }

    private void startFailed(Replica replica, String why, long now) {
        LOG.warn("replica {} does not start: {}", replica.id, why);
        replicas.note(replica, "does not start: " + why);
        if (leaving || !isCurrent(replica)) return;
        setbacks.startFailed(now);
        int failures = setbacks.startFailures();
        int most = Setbacks.startFailuresMax(number.wanted());
        boolean waited = updating || condition.scaledByHand(); // by somebody, who is told once it is plain
        if (!waited || failures >= most) fail(Trigger.REPLICA_STARTUP_FAILED, "replica does not start: " + why, now);
        else condition.says("start " + failures + " of " + most + " failed: " + why);
    }

    private void probed(Replica replica, ReplicaEvent.Probed probed, long now) {
        if (!replica.state.serves()) return;
        String why = probed.miss().orElse("");
        if (probed.lost()) unhealthy(replica, "is gone: " + why, Ailment.LOST, now);
        else if (replica.probes.answered(probed.miss().isEmpty(), goal.health()))
            unhealthy(
                    replica,
                    "has missed " + replica.probes.misses() + " health checks in a row: " + why,
                    Ailment.SICK,
                    now);
        else if (probed.miss().isEmpty()) {
            replica.works = true;
            setbacks.works();
        } else replica.reason = "health check: " + why;
    }

    private void reconfigured(Replica replica, ReplicaEvent.Reconfigured event, long now) {
        if (replica.state != ReplicaState.UPDATING) return;
        replicas.runs(replica, now);
        if (event.refusal().isEmpty()) {
            replica.spec = replica.taking;
            router.limit(replica.id, replica.spec.ongoingMax());
            return;
        }
        String why = "user-config is refused: " + event.refusal().get();
        replica.stale = !updating; // it was to have what it had before, or what others have
        fail(Trigger.USER_CONFIG_REFUSED, why, now);
    }

    private void unhealthy(Replica replica, String why, Ailment ailment, long now) {
        boolean wasCurrent = isCurrent(replica);
        if (wasCurrent && !replica.works) setbacks.neverWorked();
        LOG.warn("replica {} {}: it is replaced", replica.id, why);
        replicas.note(replica, why + ": it is replaced");
        if (ailment == Ailment.SICK && servesUntilReplaced(replica)) replica.reason = why;
        else {
            replicas.drain(replica, why, now);
            if (ailment == Ailment.LOST) replicas.stop(replica, now); // nothing that it has will come to an end
            if (wasCurrent) setbacks.backOff(now);
        }
        boolean old = condition.is(DeploymentState.UPDATING) && !wasCurrent; // its replacement is on the way
        if (old) return;
        String text = "replica " + replica.id + " " + why;
        if (ailment == Ailment.LOST && updating && !frozen) lost(text, now);
        else fail(Trigger.HEALTH_CHECK_FAILED, text, now);
    }

    private void lost(String text, long now) {
        int lost = setbacks.lost();
        int most = Setbacks.lossesMax(number.wanted());
        String counted = "loss " + lost + " of " + most + " of this update: " + text;
        if (lost >= most) fail(Trigger.HEALTH_CHECK_FAILED, text, now);
        else if (condition.is(DeploymentState.DEPLOY_FAILED)) losses = counted;
        else if (condition.is(DeploymentState.UPDATING)) condition.says(counted);
        else condition.enter(DeploymentState.UNHEALTHY, Trigger.HEALTH_CHECK_FAILED, counted);
    }

    /// Whether a sick one is the last that takes calls while the version that is to take its place is on the way.
    private boolean servesUntilReplaced(Replica replica) {
        boolean goesBack = frozen || (updating && fallback);
        return !hopeless && replicas.serving() == 1 && (goesBack || !isCurrent(replica));
    }

    private void fail(Trigger why, String text, long now) {
        if (leaving) return;
        if (condition.is(DeploymentState.DEPLOY_FAILED) && (frozen || !updating)) {
            condition.says(text);
            return;
        }
        if (!updating) {
            condition.enter(DeploymentState.UNHEALTHY, why, text);
            return;
        }
        condition.enter(DeploymentState.DEPLOY_FAILED, why, text);
        updateFailure = text;
        losses = "";
        frozen = true;
        for (Replica replica : replicas.those(one -> one.state == ReplicaState.STARTING)) replicas.stop(replica, now);
        application.updateFailed(version, name + ": " + text);
    }

    // ---- what it is

    private boolean isCurrent(Replica replica) {
        return !replica.stale && replica.spec.sameReplicasAs(goal);
    }

    int serving() {
        return replicas.serving();
    }

    boolean isGone() {
        return leaving && replicas.isEmpty();
    }

    boolean isLeaving() {
        return leaving;
    }

    /// Whether it runs as wanted, and would still be taken back if it did not stay so.
    boolean isOnProbation() {
        return updating && ran && fallback && condition.is(DeploymentState.HEALTHY);
    }

    /// Whether it would not be taken back any more, for nothing that it does.
    boolean hasStood() {
        return leaving || (ran && !updating && !frozen);
    }

    /// What callers of the deployment go by, once it is known.
    Optional<Interface> face() {
        return face;
    }

    /// How many replicas it is to have now.
    int wanted() {
        return number.wanted();
    }

    Condition condition() {
        return condition;
    }

    /// Whether one of its replicas, of whatever version, calls the other.
    boolean calls(String other) {
        return replicas.those(one -> true).stream()
                .flatMap(one -> one.face.or(this::face).stream())
                .flatMap(one -> one.calls().stream())
                .anyMatch(edge -> edge.target().equals(other));
    }

    /// What its replicas hold, to the last one that is being closed.
    Holding held() {
        return replicas.held();
    }

    /// What is kept for it: what it holds, or what it must be able to have.
    Holding reserved() {
        if (leaving) return held();
        return held().or(Holding.of(goal.each(), Admission.replicasMin(goal.scale()))
                .plus(surgeReserve()));
    }

    /// Room for the last old one beside the new, while it is being updated.
    Holding surgeReserve() {
        Holding most = Holding.NONE;
        for (Replica replica : replicas.those(one -> one.state.stays() && !isCurrent(one)))
            most = most.or(Holding.of(replica.spec.each(), 1));
        return most;
    }

    DeploymentSpec goal() {
        return goal;
    }

    void verify() {
        router.verify();
        Invariant.hold(
                leaving
                        || replicas.serving() > 0
                        || !startsInVain()
                        || router.load().queued() == 0,
                "%s: calls wait for what has not started %s times",
                name,
                setbacks.vainStarts());
    }

    DeploymentStatus status() {
        RouterLoad load = router.load();
        return new DeploymentStatus(
                name,
                condition.state(),
                condition.trigger(),
                condition.reason(),
                condition.since(),
                number.wanted(),
                load.running(),
                load.queued(),
                replicas.status());
    }
}
