package dev.redoubt.serve.control;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.Home;
import dev.redoubt.base.Invariant;
import dev.redoubt.base.ServeException;
import dev.redoubt.serve.Call;
import dev.redoubt.serve.Cancellation;
import dev.redoubt.serve.control.PlatformStatus.ApplicationStatus;
import dev.redoubt.serve.control.PlatformStatus.DeploymentStatus;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.replica.ReplyListener;
import dev.redoubt.serve.scale.Holding;
import dev.redoubt.serve.scale.OngoingPolicy;
import dev.redoubt.serve.spec.ApplicationSpec;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.spec.Resources;
import dev.redoubt.serve.spec.Scale;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/// Controller, routers, autoscalers, goals and their database in virtual time; only replicas and callers are
/// simulated.
/// After each step of the controller all invariants are checked.
///
/// The bound on oscillation: a deployment that scales by itself takes a replica more at most every `upscaleDelay`, and
/// one less at most every `downscaleDelay` after the last change, except the first (0→1) and while an update or a
/// neighbour takes room from it.
final class PlatformSimulation implements AutoCloseable {
    static final Resources MACHINE = Resources.of(20, 64L << 30);
    private static final Pace PACE =
            new Pace(Duration.ofMillis(100), Duration.ofMillis(200), Duration.ofSeconds(30), Duration.ofSeconds(5));

    private static final long APART_NANOS = PACE.linger().plusSeconds(1).toNanos();

    final VirtualTime time = new VirtualTime();
    final SplittableRandom random;
    final Controller controller;
    final Goals goals;
    private final GoalStore store;
    private final AtomicReference<SimReplicas> replicas = new AtomicReference<>(); // made by the controller
    private boolean woken;

    long steps;
    long submitted;
    long ended;
    long completed;
    private final Map<String, DeploymentSet> entered =
            new TreeMap<>(); // by application: where calls entered at the last look
    private final Map<String, Integer> floors = new TreeMap<>(); // by deployment: so many must go on taking calls
    private final Set<String> faulted = new HashSet<>(); // replicas that something bad happened to
    private final Map<String, Set<String>> serving = new TreeMap<>(); // replica ids by deployment, at the last look
    private final Map<String, Integer> wantedBefore = new TreeMap<>();
    private final Map<String, Long> changedAt = new TreeMap<>();
    private final Map<String, Long> disturbedAt = new TreeMap<>();
    private final Map<String, Long> apartAt = new TreeMap<>();

    PlatformSimulation(Path home, long seed) {
        random = new SplittableRandom(seed);
        store = GoalStore.open(new Home(home), time.clock);
        controller = new Controller(
                time.clock,
                MACHINE,
                PACE,
                events -> driver(events),
                (application, deployment) -> new OngoingPolicy(),
                random::split,
                new Controller.Verdicts() {
                    @Override
                    public void runs(String application, long version) {
                        time.in(0.01, () -> goals().runs(application, version));
                    }

                    @Override
                    public void proven(String application, long version) {
                        time.in(0.01, () -> goals().proven(application, version));
                    }

                    @Override
                    public void failed(String application, long version, String reason) {
                        time.in(0.01, () -> goals().failed(application, version, reason));
                    }

                    @Override
                    public void deleted(String application) {
                        time.in(0.01, () -> goals().deleted(application));
                    }
                },
                () -> woken = true);
        goals = new Goals(
                store,
                new Admission(MACHINE, Set.of()),
                PlatformSimulation::checked,
                (change, application, version, reason) -> {},
                controller::want,
                (application, deployment) -> controller.status().serves(application, deployment));
        tick();
    }

    private Goals goals() {
        return goals;
    }

    private SimReplicas driver(Consumer<ReplicaEvent> events) {
        replicas.set(new SimReplicas(time, random.split(), events, this::faulted));
        return replicas();
    }

    SimReplicas replicas() {
        return java.util.Objects.requireNonNull(replicas.get());
    }

    private static SpecCheck.Checked checked(ApplicationSpec spec) {
        return new SpecCheck.Checked(spec, faces(spec), List.of());
    }

    private static Map<String, Interface> faces(ApplicationSpec spec) {
        Map<String, Interface> faces = new TreeMap<>();
        for (DeploymentSpec deployment : spec.deployments()) faces.put(deployment.name(), SimReplicas.face(deployment));
        return faces;
    }

    Outcome deploy(ApplicationSpec spec) {
        for (DeploymentSpec deployment : spec.deployments()) disturbed(key(spec.name(), deployment.name()));
        return goals.deploy(spec, faces(spec));
    }

    /// To the version before, if there is one.
    void rollBack(String application) {
        Goals.Goal goal = goals.published().get(application);
        if (goal == null || goal.version().previous().isEmpty()) return;
        long number = goal.version().previous().getAsLong();
        goals.history(application).stream()
                .filter(one -> one.number() == number)
                .findAny()
                .ifPresent(back -> {
                    for (DeploymentSpec one : back.spec().deployments()) disturbed(key(application, one.name()));
                    goals.rollBack(back, checked(back.spec()), goal.version().number());
                });
    }

    // ---- time

    private void tick() {
        woken = true;
        time.in(PACE.tick().toNanos() / 1e9, this::tick);
    }

    /// Goes on until so many steps of the controller have been made.
    void run(long untilSteps) {
        while (steps < untilSteps) {
            time.next();
            if (!woken) continue;
            woken = false;
            controller.step();
            steps++;
            check();
        }
    }

    /// Takes up what was wanted when another one ended, of the same folder.
    void resume() {
        goals.resume();
    }

    void runFor(Duration virtual) {
        long until = time.nanos() + virtual.toNanos();
        while (time.nanos() < until) run(steps + 1);
    }

    // ---- load

    /// Poisson arrivals from now on, until `until` (virtual nanoseconds).
    void load(String application, double perSecond, double meanSeconds, long until) {
        double gap = -Math.log(1 - random.nextDouble()) / perSecond;
        time.in(gap, () -> {
            if (time.nanos() >= until) return;
            call(application, -Math.log(1 - random.nextDouble()) * meanSeconds);
            load(application, perSecond, meanSeconds, until);
        });
    }

    void call(String application, double seconds) {
        Ingress ingress = controller.ingresses().get(application);
        if (ingress == null) return;
        Cancellation cancellation = new Cancellation();
        long deadline = time.nanos() + Duration.ofSeconds(30).toNanos();
        Call call = new Call("r", application, "", deadline, Optional.empty(), cancellation);
        submitted++;
        if (random.nextInt(50) == 0) time.in(random.nextDouble(), cancellation::cancel);
        ingress.call(SimReplicas.input(seconds, ingress.face().input()), call, new ReplyListener() {
            private boolean over;

            @Override
            public void next(Payload item) {
                Invariant.hold(!over, "an item after the end");
            }

            @Override
            public void completed() {
                completed++;
                end();
            }

            @Override
            public void failed(ServeException failure) {
                end();
            }

            private void end() {
                Invariant.hold(!over, "a request ended twice");
                over = true;
                ended++;
            }
        });
    }

    // ---- invariants

    private static String key(String application, String deployment) {
        return application + "." + deployment;
    }

    private void faulted(String replicaId) {
        faulted.add(replicaId);
    }

    private void disturbed(String key) {
        disturbedAt.put(key, time.nanos());
    }

    private void check() {
        Invariant.hold(replicas().misunderstood.isEmpty(), "%s", replicas().misunderstood);
        checkRoom();
        for (ApplicationStatus application : controller.status().applications()) {
            if (application.state() == ApplicationState.DELETING) continue;
            controller.serving(application.name()).ifPresent(this::checkServing);
            boolean steady = application.state() == ApplicationState.RUNNING;
            for (DeploymentStatus deployment : application.deployments()) {
                String key = key(application.name(), deployment.name());
                if (!steady) disturbed(key);
                wantedSpec(application.name(), deployment.name())
                        .ifPresent(spec -> checkNumbers(key, spec, deployment));
            }
        }
        controller.verify();
    }

    /// Never above quota or machine.
    private void checkRoom() {
        Holding all = Holding.NONE;
        Map<String, Holding> each = new TreeMap<>();
        for (SimReplicas.SimServant one : replicas().living.values()) {
            Holding held = Holding.of(one.spec.each(), 1);
            all = all.plus(held);
            each.merge(one.application, held, Holding::plus);
        }
        Invariant.hold(all.fitsIn(Holding.shareOf(MACHINE)), "replicas hold %s of the machine", all);
        each.forEach((application, held) -> {
            Goals.Goal goal = goals.published().get(application);
            if (goal == null) return; // its last replicas are gone in this step
            Invariant.hold(
                    held.fitsIn(Holding.of(goal.spec().quota(), 1)), "application %s holds %s", application, held);
        });
    }

    /// Where calls enter: what takes calls does not become less than it was, or than is wanted, but by replicas that a
    /// fault took.
    private void checkServing(DeploymentSet set) {
        DeploymentSet before = entered.put(set.applicationName(), set);
        // Calls leave a set that has failed for one that may yet work: what still runs there answers nobody.
        if (before != null && !before.equals(set) && !before.isWorthKeeping())
            floors.keySet().removeIf(key -> key.startsWith(set.applicationName() + "."));
        for (DeploymentControl deployment : set.deployments())
            checkServing(key(set.applicationName(), deployment.name), deployment.status());
    }

    private void checkServing(String key, DeploymentStatus deployment) {
        Set<String> now = new HashSet<>();
        for (PlatformStatus.ReplicaStatus one : deployment.replicas())
            if (one.state().serves()) now.add(one.id());
        Set<String> gone = new HashSet<>(serving.getOrDefault(key, Set.of()));
        gone.removeAll(now);
        gone.retainAll(faulted);
        serving.put(key, now);
        int floor = Math.min(floors.getOrDefault(key, 0) - gone.size(), deployment.replicasWanted());
        Invariant.hold(
                now.size() >= floor, "%s: %s replicas take calls, %s did: %s", key, now.size(), floor, deployment);
        floors.put(key, Math.min(Math.max(floor, now.size()), deployment.replicasWanted()));
    }

    private Optional<DeploymentSpec> wantedSpec(String application, String deployment) {
        return Optional.ofNullable(goals.published().get(application))
                .flatMap(goal -> goal.spec().find(deployment));
    }

    private void checkNumbers(String key, DeploymentSpec spec, DeploymentStatus deployment) {
        int wanted = deployment.replicasWanted();
        int before = wantedBefore.getOrDefault(key, wanted);
        wantedBefore.put(key, wanted);
        if (!(spec.scale() instanceof Scale.Automatic(var rules))) return;
        Invariant.hold(wanted <= rules.replicasMax(), "%s: %s replicas are wanted", key, wanted);
        checkStaying(key, rules.replicasMax() + Math.max(1, rules.replicasMax() / 5), deployment);
        if (wanted == before) return;
        long since = time.nanos() - changedAt.getOrDefault(key, time.nanos());
        boolean disturbed = time.nanos() - disturbedAt.getOrDefault(key, 0L)
                <= rules.upscaleDelay().toNanos();
        Duration least = wanted > before ? rules.upscaleDelay() : rules.downscaleDelay();
        boolean first = before == 0 || !changedAt.containsKey(key);
        changedAt.put(key, time.nanos());
        if (first || disturbed) return;
        Invariant.hold(since >= least.toNanos(), "%s: %s replicas wanted after %s, too soon", key, wanted, before);
    }

    /// In one set of deployments there are no more than `most`; while there are two, or were a moment ago, twice as
    /// many: replicas of two interfaces are in two sets.
    private void checkStaying(String key, int most, DeploymentStatus deployment) {
        Set<Interface> faces = new HashSet<>();
        int staying = 0;
        for (PlatformStatus.ReplicaStatus one : deployment.replicas()) {
            SimReplicas.SimServant servant = replicas().living.get(one.id());
            if (servant == null || !one.state().stays()) continue;
            staying++;
            faces.add(SimReplicas.face(servant.spec));
        }
        if (faces.size() > 1) apartAt.put(key, time.nanos());
        boolean apart = time.nanos() - apartAt.getOrDefault(key, Long.MIN_VALUE / 2) <= APART_NANOS;
        int bound = apart ? 2 * most : most;
        Invariant.hold(staying <= bound, "%s: %s replicas stay, at most %s may", key, staying, bound);
    }

    /// Faults and callers have stopped: everything is as wanted in the end, and nothing is left open.
    void settle() {
        replicas().faults = false;
        runFor(Duration.ofMinutes(15));
        assertThat(ended).as("requests that ended").isEqualTo(submitted);
        for (ApplicationStatus application : controller.status().applications()) {
            assertThat(application.state())
                    .as("%s: %s", application.name(), application.reason())
                    .matches(state -> state == ApplicationState.RUNNING
                            || state == ApplicationState.DEPLOY_FAILED
                            || !works(application.name()));
            if (!works(application.name())) continue;
            for (DeploymentStatus deployment : application.deployments())
                assertThat(deployment.replicas())
                        .as("%s of %s: %s", deployment.name(), application.name(), deployment)
                        .hasSize(deployment.replicasWanted())
                        .allMatch(one -> one.state() == ReplicaState.RUNNING);
        }
    }

    /// Whether what is wanted can be: a version that does not work may have been followed by another before it
    /// was found out, and be what that one goes back to.
    private boolean works(String application) {
        return Optional.ofNullable(goals.published().get(application))
                .filter(goal -> goal.version().verdict().ran())
                .filter(goal -> goal.spec().deployments().stream()
                        .allMatch(one -> one.runtime()
                                .settings()
                                .getOrDefault("fault", "")
                                .isEmpty()))
                .isPresent();
    }

    @Override
    public void close() {
        store.close();
    }
}
