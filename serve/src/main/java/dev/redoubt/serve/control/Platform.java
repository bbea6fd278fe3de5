package dev.redoubt.serve.control;

import dev.redoubt.base.Home;
import dev.redoubt.base.Requirement;
import dev.redoubt.base.TimeSource;
import dev.redoubt.base.generation.LanguageModel;
import dev.redoubt.serve.control.GoalStore.Version;
import dev.redoubt.serve.control.PlatformStatus.ApplicationStatus;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.replica.ServantFactory;
import dev.redoubt.serve.scale.ScalingPolicy;
import dev.redoubt.serve.spec.ApplicationSpec;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.spec.Resources;
import dev.redoubt.serve.spec.Scale;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The applications of one server: deploys, scales, rolls back and deletes them, says how they are, and lets
/// calls in. Safe for any thread.
///
/// What a method has accepted is on disk when it returns, and is carried out by the controller from then on, in
/// this process or in the next one.
public final class Platform implements AutoCloseable {
    /* Threads: `platform-controller` owns all that runs (see Controller). `platform-goals` owns the database and changes what is wanted,
     * for callers of this class and for the controller, which never waits for it. A runtime is asked what a deployment is like on the
     * caller's thread, since that may take long. The way of a call crosses none of them: it reads a volatile map. */
    private static final Logger LOG = LoggerFactory.getLogger(Platform.class);
    private static final int CHANGES_MAX = 1_000;
    private static final Duration CLOSE_MAX = Duration.ofSeconds(10);
    private static final Duration WRITE_AGAIN = Duration.ofSeconds(2);

    private final SpecCheck check; // of what is wanted already, by its copies
    private final SpecCheck fresh; // by the files that are named
    private final KeptArtifacts artifacts;
    private final Map<String, ServantFactory> runtimes;
    private final Duration retryAfter;
    private final ChangeListener listener;
    private final GoalStore store;
    private final Goals goals;
    private final ControllerThread controller;
    private final ThreadPoolExecutor changes = new ThreadPoolExecutor(
            1,
            1,
            0,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(CHANGES_MAX),
            Thread.ofPlatform().daemon().name("platform-goals").factory());

    /// What a platform stands on.
    ///
    /// @param machine all of it; applications get 0.8 of it
    /// @param runtimes by kind
    /// @param waived requirements whose limits may be exceeded
    /// @param check of each application that is deployed
    /// @param policies of autoscaling, by application and deployment
    public record Setup(
            Home home,
            Resources machine,
            Map<String, ServantFactory> runtimes,
            Set<Requirement> waived,
            DeployCheck check,
            BiFunction<String, String, ScalingPolicy> policies,
            ChangeListener listener,
            TimeSource time) {
        public Setup {
            runtimes = Map.copyOf(runtimes);
            waived = Set.copyOf(waived);
        }
    }

    private Platform(Setup setup, Pace pace, GoalStore store) {
        this.artifacts = new KeptArtifacts(setup.home().artifacts(), setup.runtimes(), setup.listener());
        Map<String, ServantFactory> readers = artifacts.readers();
        this.check = new SpecCheck(readers, setup.check());
        this.fresh = new SpecCheck(setup.runtimes(), setup.check());
        this.runtimes = setup.runtimes();
        this.retryAfter = pace.backoffMax();
        this.listener = setup.listener();
        this.store = store;
        this.controller = new ControllerThread(
                wake -> new Controller(
                        setup.time(),
                        setup.machine(),
                        pace,
                        events -> new ThreadedDriver(readers, events),
                        setup.policies(),
                        SplittableRandom::new,
                        verdicts(),
                        wake),
                pace.tick());
        this.goals = new Goals(
                store,
                new Admission(setup.machine(), setup.waived()),
                check::describe,
                this::changed,
                controller.controller()::want,
                (application, deployment) -> status().serves(application, deployment));
    }

    /// Opens the database of the home and takes up what was wanted there; nothing runs before [#start].
    ///
    /// @throws GoalStoreException if the database cannot be used
    public static Platform load(Setup setup) {
        return load(setup, Pace.DEFAULT);
    }

    /// As [#load], and starts.
    public static Platform open(Setup setup) {
        return open(setup, Pace.DEFAULT);
    }

    static Platform open(Setup setup, Pace pace) {
        Platform platform = load(setup, pace);
        platform.start();
        return platform;
    }

    static Platform load(Setup setup, Pace pace) {
        GoalStore store = GoalStore.open(setup.home(), setup.time());
        Platform platform = new Platform(setup, pace, store);
        try {
            platform.change(() -> {
                platform.sweep();
                platform.goals.resume();
                return true;
            });
        } catch (RuntimeException e) {
            platform.changes.shutdownNow();
            store.close();
            throw e;
        }
        return platform;
    }

    /// Begins to bring about what is wanted; once.
    public void start() {
        controller.start();
    }

    private Controller.Verdicts verdicts() {
        return new Controller.Verdicts() {
            @Override
            public void runs(String application, long version) {
                later(() -> goals.runs(application, version));
            }

            @Override
            public void proven(String application, long version) {
                later(() -> goals.proven(application, version));
            }

            @Override
            public void failed(String application, long version, String reason) {
                later(() -> goals.failed(application, version, reason));
            }

            @Override
            public void deleted(String application) {
                later(() -> {
                    goals.deleted(application);
                    sweep();
                });
            }
        };
    }

    private void changed(Change change, String application, long version, String reason) {
        journal().changed(change, application, version, reason);
        listener.changed(change, application, version, reason);
    }

    // ---- changes

    /// What [#deploy] would do and say, without doing it.
    public Plan plan(ApplicationSpec spec) {
        SpecCheck.Checked checked = fresh.check(spec);
        List<String> problems = problems(checked);
        Optional<Goals.Goal> running = Optional.ofNullable(goals.published().get(spec.name()));
        return Plan.of(
                checked.spec(),
                running.map(Goals.Goal::spec),
                running.flatMap(one -> goals.apart(one, checked.spec(), checked.interfaces())),
                problems);
    }

    private List<String> problems(SpecCheck.Checked checked) {
        List<String> problems = new ArrayList<>(checked.problems());
        problems.addAll(goals.problems(checked.spec(), checked.interfaces()));
        return problems;
    }

    /// What is wrong with it, whatever else is wanted, as [#deployAgain] finds it.
    public List<String> problems(ApplicationSpec spec) {
        return check.check(spec).problems();
    }

    /// Wants an application to be as `spec` says. Whether it gets there, [#await] tells.
    public Outcome deploy(ApplicationSpec spec) {
        return deploy(fresh.check(spec));
    }

    /// As [#deploy], of what a server is started with: where a file is kept by its digest, nobody looks for it where
    /// it was.
    public Outcome deployAgain(ApplicationSpec spec) {
        return deploy(check.check(spec));
    }

    /// Whether the file that the server was last started with said the same of an application: then it is done, and
    /// what deploys, scales, rollbacks or a delete have made of it since stands.
    public boolean hasSaid(ApplicationSpec spec) {
        return change(() -> goals.hasSaid(spec));
    }

    /// Remembers what the file says that the server is started with, once all of it is wanted.
    ///
    /// @return what is wanted otherwise than it says, by application
    public Map<String, String> said(List<ApplicationSpec> specs) {
        return change(() -> goals.said(specs));
    }

    private Outcome deploy(SpecCheck.Checked checked) {
        List<String> problems = problems(checked);
        if (!problems.isEmpty()) return new Outcome.Refused(problems);
        return keeping(checked.spec(), () -> goals.deploy(checked.spec(), checked.interfaces()));
    }

    /// Wants an application to end: requests in progress are finished, nothing new is taken.
    public Outcome delete(String application) {
        return decide(() -> goals.delete(application));
    }

    /// Wants the version again that was wanted before the current one.
    public Outcome rollback(String application) {
        Goals.Goal running = goals.published().get(application);
        if (running == null) return Goals.unknown(application);
        Version current = running.version();
        Optional<Version> back = change(() -> goals.history(application)).stream()
                .filter(one -> current.previous().isPresent()
                        && one.number() == current.previous().getAsLong())
                .findAny();
        if (back.isEmpty())
            return new Outcome.Refused(
                    List.of("application '%s' has no version before %s".formatted(application, current.number())));
        SpecCheck.Checked checked = check.check(back.get().spec());
        if (!checked.problems().isEmpty()) return new Outcome.Refused(checked.problems());
        return decide(() -> goals.rollBack(back.get(), checked, current.number()));
    }

    /// Wants another number of replicas of one deployment.
    public Outcome scale(String application, String deployment, int replicas) {
        Goals.Goal running = goals.published().get(application);
        if (running == null) return Goals.unknown(application);
        Optional<DeploymentSpec> found = running.spec().find(deployment);
        if (found.isEmpty())
            return new Outcome.Refused(List.of("application '%s' has no deployment '%s': it has %s"
                    .formatted(
                            application,
                            deployment,
                            running.spec().deployments().stream()
                                    .map(DeploymentSpec::name)
                                    .toList())));
        if (!(found.get().scale() instanceof Scale.Fixed(int before)))
            return new Outcome.Refused(
                    List.of("deployment '%s' scales by itself: deploy it with other bounds".formatted(deployment)));
        ApplicationSpec spec;
        try {
            spec = scaled(running.spec(), deployment, new Scale.Fixed(replicas));
        } catch (IllegalArgumentException e) {
            return new Outcome.Refused(List.of(String.valueOf(e.getMessage())));
        }
        List<String> problems = replicas > before ? check.describe(spec).problems() : List.of();
        if (!problems.isEmpty()) return new Outcome.Refused(problems); // more of it would not start
        return decide(() -> goals.scale(spec, deployment, running.version().number()));
    }

    private static ApplicationSpec scaled(ApplicationSpec spec, String deployment, Scale scale) {
        return spec.with(spec.deployments().stream()
                .map(one -> one.name().equals(deployment) ? one.with(scale) : one)
                .toList());
    }

    // ---- what is

    /// The names of all applications that are wanted, whether the controller has come to them or not.
    public Set<String> wanted() {
        return Set.copyOf(goals.published().keySet());
    }

    /// Whether an application is among them. Never blocks.
    public boolean wants(String application) {
        return goals.published().containsKey(application);
    }

    /// As of a moment ago.
    public PlatformStatus status() {
        return controller.controller().status();
    }

    /// What has happened to applications lately.
    public Journal journal() {
        return controller.controller().journal();
    }

    /// Versions of an application that are kept, newest first.
    public List<VersionStatus> history(String application) {
        return change(() -> goals.history(application)).stream()
                .map(one -> new VersionStatus(one.number(), one.verdict().name(), one.reason(), one.at()))
                .toList();
    }

    /// Where calls enter an application; empty if there is none of that name, or it is a language model
    /// ([#model]). On the hot path: reads a map.
    public Optional<Ingress> ingress(String application) {
        return entrance(application).filter(one -> !one.isModel());
    }

    /// The language model that callers of an application reach, if it is one: at `/v1` alone, where prompts are
    /// screened.
    public Optional<LanguageModel> model(String application) {
        return entrance(application).flatMap(Ingress::model);
    }

    /// Why neither [#ingress] nor [#model] finds an application that is wanted, and not being deleted.
    public Optional<Absence> absence(String application) {
        Goals.Goal goal = goals.published().get(application);
        if (goal == null || goal.deleting() || entrance(application).isPresent()) return Optional.empty();
        String ingress = goal.spec().ingress();
        Optional<String> model = goal.spec()
                .find(ingress)
                .flatMap(one -> Optional.ofNullable(runtimes.get(one.runtime().kind()))
                        .flatMap(runtime -> runtime.languageModel(one)));
        return Optional.of(new Absence(ingress, model, retryAfter));
    }

    private Optional<Ingress> entrance(String application) {
        return Optional.ofNullable(controller.controller().ingresses().get(application));
    }

    /// All language models, those of inner stages too.
    public List<StageModel> models() {
        return controller.controller().models();
    }

    /// Waits until what is wanted of an application runs, or will not.
    ///
    /// @return how it is then, or when the time is over; empty if there is no such application
    /// @throws InterruptedException if the thread is interrupted meanwhile
    public Optional<ApplicationStatus> await(String application, Duration timeout) throws InterruptedException {
        long until = System.nanoTime() + timeout.toNanos();
        return controller.await(
                until,
                () -> settled(application) ? Optional.of(status().find(application)) : Optional.empty(),
                () -> status().find(application));
    }

    /// Whether what is wanted of an application runs, or will not; also where there is no such application.
    public boolean settled(String application) {
        Goals.Goal goal = goals.published().get(application);
        Optional<ApplicationStatus> now = status().find(application);
        if (goal == null) return true;
        boolean current =
                now.isPresent() && now.get().version() == goal.version().number();
        if (!current) return false;
        boolean runs = now.get().state() == ApplicationState.RUNNING;
        return runs && goal.version().verdict().ran() // as is known, and written down
                || now.get().state() == ApplicationState.DEPLOY_FAILED;
    }

    // ---- the end

    /// Takes no more calls, lets those that run finish as long as their deployments allow, and stops
    /// everything. What is wanted stays on disk.
    @Override
    public void close() {
        controller.drain();
        changes.shutdown();
        try {
            if (!changes.awaitTermination(CLOSE_MAX.toSeconds(), TimeUnit.SECONDS))
                LOG.warn("changes of goals have not ended within {} s", CLOSE_MAX.toSeconds());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        store.close();
    }

    /// With the files of a version in the home before it is wanted. They are copied on the caller's thread: that may
    /// take long.
    private Outcome keeping(ApplicationSpec spec, Callable<Outcome> work) {
        Outcome outcome;
        try {
            outcome = artifacts.keeping(spec, () -> decide(work));
        } catch (RuntimeRefusal e) {
            outcome = new Outcome.Refused(List.of(String.valueOf(e.getMessage())));
        }
        Outcome decided = outcome;
        return change(() -> {
            sweep();
            return decided;
        });
    }

    /// Versions may have gone, or none has come of what was copied.
    private void sweep() {
        try {
            artifacts.sweep(store.specs());
        } catch (GoalStoreException e) {
            LOG.warn("copies that no version needs stay: {}", e.getMessage());
        }
    }

    /// What cannot be written down is not wanted, and whoever asked is told so.
    private Outcome decide(Callable<Outcome> work) {
        try {
            return change(work);
        } catch (GoalStoreException e) {
            LOG.error("a change is not made", e);
            return new Outcome.Refused(List.of("nothing has changed: " + e.getMessage()));
        }
    }

    private <T> T change(Callable<T> work) {
        FutureTask<T> task = new FutureTask<>(work);
        try {
            changes.execute(task);
            return task.get();
        } catch (RejectedExecutionException e) {
            throw new IllegalStateException("the platform is closed, or " + CHANGES_MAX + " changes wait", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while a change is made", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException known) throw known;
            throw new IllegalStateException("a change failed", e.getCause());
        }
    }

    /// What the controller finds it tells once: a disk that is full then must not leave an application half deleted.
    private void later(Runnable work) {
        try {
            changes.execute(() -> {
                try {
                    work.run();
                } catch (GoalStoreException e) {
                    LOG.error("what the controller found cannot be written down now: another try follows", e);
                    CompletableFuture.delayedExecutor(WRITE_AGAIN.toMillis(), TimeUnit.MILLISECONDS)
                            .execute(() -> later(work));
                } catch (RuntimeException e) {
                    LOG.error("what the controller found cannot be written down", e);
                }
            });
        } catch (RejectedExecutionException e) {
            LOG.info("the platform is closing: what the controller found is found again at the next start");
        }
    }
}
