package dev.redoubt.serve.control;

import dev.redoubt.base.Invariant;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.TimeSource;
import dev.redoubt.serve.Call;
import dev.redoubt.serve.route.RouterListener;
import dev.redoubt.serve.scale.Holding;
import dev.redoubt.serve.scale.ScalingPolicy;
import dev.redoubt.serve.spec.Resources;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Compares what is wanted with what is, and acts. One thread calls [#step], every [Pace#tick] and when there
/// is news;
/// that thread owns all that is reachable from here but the routers and what is published.
final class Controller {
    /* Nothing here waits: replicas are started, probed and stopped by the driver, goals are written down by others, and both come back as
     * news. Of a replica there is one piece of news at most on its way for each thing that the driver was told to do, so the queue is
     * bounded by the replicas. */
    private static final Logger LOG = LoggerFactory.getLogger(Controller.class);

    /// Told of how updates end, on the controller's thread: it must return at once.
    interface Verdicts {
        /// All deployments of this version are as wanted at once.
        void runs(String application, long version);

        /// They have stayed so for as long as it is on probation.
        void proven(String application, long version);

        /// The version will not be.
        void failed(String application, long version, String reason);

        /// Nothing is left of the application.
        void deleted(String application);
    }

    private final TimeSource time;
    private final Resources machine;
    private final ReplicaDriver driver;
    private final Verdicts verdicts;
    private final Runnable wake;
    private final ControllerTools tools;
    private final Journal journal;
    private final Queue<Consumer<Long>> news = new ConcurrentLinkedQueue<>(); // any thread puts
    private final Map<String, ApplicationControl> applications = new TreeMap<>();
    private boolean leaving;
    private long replicasStarted;

    private volatile Map<String, Ingress> ingresses = Map.of();
    private volatile List<StageModel> models = List.of();
    private volatile PlatformStatus status;
    private volatile Duration drainMax = Duration.ZERO;

    /// @param driver made with the one that is told of its events
    /// @param wake there is news: [#step] is to be called soon; from any thread
    Controller(
            TimeSource time,
            Resources machine,
            Pace pace,
            Function<Consumer<ReplicaEvent>, ReplicaDriver> driver,
            BiFunction<String, String, ScalingPolicy> policies,
            Supplier<RandomGenerator> lots,
            Verdicts verdicts,
            Runnable wake) {
        this.time = time;
        this.machine = machine;
        this.driver = driver.apply(this::happened);
        this.verdicts = verdicts;
        this.wake = wake;
        this.journal = new Journal(time);
        this.tools = new ControllerTools(
                time,
                pace,
                this.driver,
                policies,
                lots,
                new RouterListener() {
                    @Override
                    public void waitingForReplica() {
                        wake.run();
                    }

                    @Override
                    public void lost(String replicaId) {
                        happened(new ReplicaEvent.Probed(replicaId, Optional.of("it refused a call as lost"), true));
                    }

                    @Override
                    public void failed(String deployment, Call call, ServeException failure) {
                        journal.failed(
                                call.application(),
                                deployment,
                                call.requestId(),
                                failure.fault().orElse(""));
                    }
                },
                journal);
        this.status = new PlatformStatus(machine, List.of());
    }

    // ---- any thread

    /// Wants this from now on; once it leaves, what is wanted is for the next process.
    void want(ApplicationGoal goal) {
        tell(now -> {
            if (leaving) return;
            ApplicationControl known = applications.get(goal.name());
            if (known != null) known.adopt(goal);
            else applications.put(goal.name(), new ApplicationControl(this, goal, tools));
        });
    }

    private void happened(ReplicaEvent event) {
        tell(now -> {
            for (ApplicationControl application : applications.values()) if (application.handle(event, now)) return;
        });
    }

    private void tell(Consumer<Long> what) {
        news.add(what);
        wake.run();
    }

    /// As of the last step.
    PlatformStatus status() {
        return status;
    }

    Journal journal() {
        return journal;
    }

    Map<String, Ingress> ingresses() {
        return ingresses;
    }

    List<StageModel> models() {
        return models;
    }

    // ---- the controller's thread

    void step() {
        for (Consumer<Long> one = news.poll(); one != null; one = news.poll()) one.accept(time.nanos());
        long now = time.nanos(); // behind the news: what has just become due is done in this step
        for (ApplicationControl application : List.copyOf(applications.values())) {
            application.reconcile(now);
            if (!application.isGone()) continue;
            applications.remove(application.name());
            if (application.isDeleted()) verdicts.deleted(application.name());
        }
        publish();
    }

    private void publish() {
        List<PlatformStatus.ApplicationStatus> all = new ArrayList<>();
        Map<String, Ingress> open = new HashMap<>();
        List<StageModel> language = new ArrayList<>();
        for (ApplicationControl application : applications.values()) {
            all.add(application.status());
            language.addAll(application.models());
            application.entrance().ifPresent(one -> open.put(application.name(), one));
        }
        ingresses = Map.copyOf(open);
        models = List.copyOf(language);
        drainMax = applications.values().stream()
                .map(ApplicationControl::drainMax)
                .max(Comparator.naturalOrder())
                .orElse(Duration.ZERO);
        status = new PlatformStatus(machine, all);
    }

    void runs(String application, long version) {
        LOG.info("application {} runs version {}", application, version);
        verdicts.runs(application, version);
    }

    void proven(String application, long version) {
        verdicts.proven(application, version);
    }

    void failed(String application, long version, String reason) {
        LOG.warn("application {} does not run version {}: {}", application, version, reason);
        verdicts.failed(application, version, reason);
    }

    String nextReplicaId(String application, String deployment) {
        return application + "." + deployment + "." + ++replicasStarted;
    }

    /// By all replicas of all applications.
    Holding held() {
        Holding sum = Holding.NONE;
        for (ApplicationControl application : applications.values()) sum = sum.plus(application.held());
        return sum;
    }

    /// What all applications together may hold.
    Holding share() {
        return Holding.shareOf(machine);
    }

    /// Checks itself; for simulations, after any step.
    void verify() {
        applications.values().forEach(ApplicationControl::verify);
        Invariant.hold(held().fitsIn(share()), "replicas hold %s, all may have %s", held(), share());
    }

    /// The deployments that calls of an application enter; for simulations.
    Optional<DeploymentSet> serving(String application) {
        return Optional.ofNullable(applications.get(application)).map(ApplicationControl::serving);
    }

    /// All applications are to end here; they stay wanted.
    void leave() {
        leaving = true;
        applications.values().forEach(ApplicationControl::leave);
    }

    boolean isEmpty() {
        return applications.isEmpty();
    }

    /// How long replicas may drain, one deployment after the other; from any thread.
    Duration drainMax() {
        return drainMax;
    }

    ReplicaDriver driver() {
        return driver;
    }
}
