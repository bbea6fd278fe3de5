package dev.redoubt.serve.control;

import dev.redoubt.base.config.SettingType;
import dev.redoubt.serve.control.GoalStore.Version;
import dev.redoubt.serve.graph.Mixing;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.spec.ApplicationSpec;
import dev.redoubt.serve.spec.DeploymentSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.function.BiPredicate;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// What is wanted, in memory and on disk: changes it when asked and when an update fails. One thread at a time.
final class Goals {
    /* Order of a change: checked, committed, told to the listener, then to the controller. So whatever runs has been wanted on disk
     * before, and a crash in between is made good by the next start. */
    private static final int RAN_LAST = 2; // the one on probation, and the one before it

    private final GoalStore store;
    private final Admission admission;
    private final Function<ApplicationSpec, SpecCheck.Checked> describe;
    private final ChangeListener listener;
    private final Consumer<ApplicationGoal> controller;
    private final BiPredicate<String, String> serves;
    private final Map<String, Goal> goals = new TreeMap<>();
    private final Map<String, List<Goal>> ranLast = new TreeMap<>(); // of each application, newest first
    private volatile Map<String, Goal> published = Map.of();

    /// @param interfaces of what could be described
    record Goal(Version version, Map<String, Interface> interfaces, boolean deleting) {
        ApplicationSpec spec() {
            return version.spec();
        }

        private Mixing.Version mixing() {
            return new Mixing.Version(spec(), interfaces);
        }
    }

    /// @param describe what runtimes say, as far as they can
    /// @param controller is told of every goal
    /// @param serves whether a deployment of an application takes calls, as of a moment ago
    Goals(
            GoalStore store,
            Admission admission,
            Function<ApplicationSpec, SpecCheck.Checked> describe,
            ChangeListener listener,
            Consumer<ApplicationGoal> controller,
            BiPredicate<String, String> serves) {
        this.store = store;
        this.admission = admission;
        this.describe = describe;
        this.listener = listener;
        this.controller = controller;
        this.serves = serves;
    }

    /// Takes up what was wanted when the last process ended.
    void resume() {
        for (GoalStore.Goal stored : store.goals()) {
            boolean deleting = stored.deleting();
            Goal goal = deleting ? new Goal(stored.version(), Map.of(), true) : described(stored.version());
            adopt(goal, Optional.empty());
        }
    }

    /// Whether the file of the last start said the same of an application.
    boolean hasSaid(ApplicationSpec spec) {
        GoalStore.Said said = store.said().get(spec.name());
        return said != null && said.spec().equals(SpecJson.write(spec));
    }

    /// Remembers what the file of this start says, and which version has come of it. What it said before, and says
    /// still, has come of it then.
    ///
    /// @return how applications are wanted otherwise than it says, by name
    Map<String, String> said(List<ApplicationSpec> specs) {
        Map<String, GoalStore.Said> before = store.said();
        Map<String, GoalStore.Said> all = new TreeMap<>();
        Map<String, String> departures = new TreeMap<>();
        for (ApplicationSpec spec : specs) {
            String text = SpecJson.write(spec);
            GoalStore.Said said = before.get(spec.name());
            Goal now = goals.get(spec.name());
            if (said == null || !said.spec().equals(text))
                said = new GoalStore.Said(text, now == null ? 0 : now.version().number());
            all.put(spec.name(), said);
            departure(spec, said.version(), now).ifPresent(how -> departures.put(spec.name(), how));
        }
        if (!all.equals(before)) store.said(all); // most starts say nothing new, and need not wait for the disk
        return departures;
    }

    private static Optional<String> departure(ApplicationSpec spec, long said, @Nullable Goal now) {
        if (now == null || now.deleting()) return Optional.of("was deleted since");
        long number = now.version().number();
        if (number != said) return Optional.of("is version " + number + " by now");
        for (DeploymentSpec deployment : spec.deployments()) {
            Optional<DeploymentSpec> other = now.spec().find(deployment.name());
            if (other.filter(one -> one.scale().equals(deployment.scale())).isEmpty())
                return Optional.of("was scaled since");
        }
        return Optional.empty();
    }

    /// What is wanted, as of the last change; from any thread.
    Map<String, Goal> published() {
        return published;
    }

    List<Version> history(String application) {
        return store.history(application);
    }

    /// Why a spec cannot be deployed, as things are now; from any thread.
    ///
    /// @param interfaces of what could be described
    List<String> problems(ApplicationSpec spec, Map<String, Interface> interfaces) {
        Map<String, Goal> now = published;
        Goal running = now.get(spec.name());
        if (running != null && running.deleting())
            return List.of("application '%s' is being deleted: deploy it when it is gone".formatted(spec.name()));
        List<ApplicationSpec> others = new ArrayList<>();
        now.forEach((name, goal) -> {
            if (!name.equals(spec.name())) others.add(goal.spec());
        });
        List<DeploymentSpec> serving = running == null ? List.of() : serving(running);
        List<String> problems = new ArrayList<>(admission.problems(spec, serving, others));
        if (problems.isEmpty() && running != null && running.version().verdict() != Verdict.FAILED)
            apart(running, spec, interfaces)
                    .ifPresent(why -> problems.addAll(admission.roomForBoth(spec, running.spec(), why)));
        return problems;
    }

    /// What nothing runs of needs no room beside what takes its place: the server has just started, or none of it
    /// works.
    private List<DeploymentSpec> serving(Goal goal) {
        return goal.spec().deployments().stream()
                .filter(one -> serves.test(goal.spec().name(), one.name()))
                .toList();
    }

    /// Why a spec would run beside the running version until it can take its place as a whole; empty if it takes
    /// it deployment by deployment, or nothing runs.
    Optional<String> apart(Goal running, ApplicationSpec spec, Map<String, Interface> interfaces) {
        return serving(running).isEmpty()
                ? Optional.empty()
                : Mixing.problem(running.mixing(), new Mixing.Version(spec, interfaces));
    }

    Outcome deploy(ApplicationSpec spec, Map<String, Interface> interfaces) {
        List<String> problems = problems(spec, interfaces);
        if (!problems.isEmpty()) return new Outcome.Refused(problems);
        Goal running = goals.get(spec.name());
        if (running != null && isSo(running, spec))
            return new Outcome.Accepted(running.version().number());
        long number = store.deploy(spec);
        listener.changed(Change.DEPLOYED, spec.name(), number, "");
        adopt(new Goal(stored(spec.name(), number), interfaces, false), Optional.empty());
        return new Outcome.Accepted(number);
    }

    /// Not where it went back to that: then it is said again, and what failed since is over.
    private boolean isSo(Goal running, ApplicationSpec spec) {
        long number = running.version().number();
        return running.spec().equals(spec)
                && running.version().verdict().ran()
                && history(spec.name()).stream().noneMatch(one -> one.number() > number);
    }

    /// @param deployment the one that is scaled, perhaps to what it has
    /// @param seen the version that `spec` was made from
    Outcome scale(ApplicationSpec spec, String deployment, long seen) {
        Goal running = goals.get(spec.name());
        if (running == null || running.version().number() != seen) return changedMeanwhile(spec.name());
        List<String> problems = problems(spec, running.interfaces());
        if (!problems.isEmpty()) return new Outcome.Refused(problems);
        store.replace(spec, seen);
        DeploymentSpec scaled = spec.find(deployment).orElseThrow();
        listener.changed(Change.SCALED, spec.name(), seen, deployment + " has " + Plan.scale(scaled));
        adopt(new Goal(stored(spec.name(), seen), running.interfaces(), false), Optional.empty());
        return new Outcome.Accepted(seen);
    }

    /// @param checked what was found of `back`
    /// @param seen the version that is to be left
    Outcome rollBack(Version back, SpecCheck.Checked checked, long seen) {
        String name = back.spec().name();
        List<String> problems = problems(checked.spec(), checked.interfaces());
        if (!problems.isEmpty()) return new Outcome.Refused(problems);
        Goal running = goals.get(name);
        if (running == null || running.version().number() != seen) return changedMeanwhile(name);
        store.goBack(name, back.number());
        listener.changed(Change.ROLLED_BACK, name, back.number(), "");
        adopt(new Goal(pinned(back, checked.spec()), checked.interfaces(), false), Optional.empty());
        return new Outcome.Accepted(back.number());
    }

    Outcome delete(String application) {
        Goal running = goals.get(application);
        if (running == null) return unknown(application);
        long number = running.version().number();
        if (running.deleting()) return new Outcome.Accepted(number);
        store.deleting(application);
        listener.changed(Change.DELETING, application, number, "");
        adopt(new Goal(running.version(), running.interfaces(), true), Optional.empty());
        return new Outcome.Accepted(number);
    }

    // ---- what the controller found

    /// All of the version is as wanted.
    void runs(String application, long number) {
        Goal running = goals.get(application);
        if (running == null || running.deleting() || running.version().number() != number) return;
        if (lastThatRan(application, running.version()).isEmpty()) {
            worked(Verdict.PROVEN, running, Change.PROVEN, "");
            return;
        }
        String time = SettingType.shown(running.spec().probation());
        worked(Verdict.PROBATION, running, Change.RUNS, "on probation until it has been well for " + time);
    }

    /// It has stood its probation.
    void proven(String application, long number) {
        Goal running = goals.get(application);
        if (running == null || running.deleting() || running.version().number() != number) return;
        if (running.version().verdict() == Verdict.PROBATION) worked(Verdict.PROVEN, running, Change.PROVEN, "");
    }

    private void worked(Verdict verdict, Goal running, Change change, String reason) {
        String name = running.spec().name();
        long number = running.version().number();
        store.ran(name, number, verdict);
        listener.changed(change, name, number, reason);
        adopt(new Goal(stored(name, number), running.interfaces(), false), Optional.empty());
    }

    void failed(String application, long number, String reason) {
        Goal running = goals.get(application);
        if (running == null || running.deleting() || running.version().number() != number) return;
        Optional<Version> back = lastThatRan(application, running.version());
        if (back.isEmpty() && running.version().verdict().ran()) return; // it is tried again
        store.failed(
                application,
                number,
                reason,
                back.map(one -> OptionalLong.of(one.number())).orElse(OptionalLong.empty()));
        if (back.isPresent()) {
            listener.changed(
                    Change.ROLLED_BACK_BY_ITSELF, application, back.get().number(), reason);
            adopt(known(back.get()), Optional.of(reason));
        } else {
            listener.changed(Change.GIVEN_UP, application, number, reason);
            adopt(new Goal(stored(application, number), running.interfaces(), false), Optional.of(reason));
        }
    }

    void deleted(String application) {
        Goal running = goals.get(application);
        if (running == null || !running.deleting()) return;
        store.deleted(application);
        goals.remove(application);
        ranLast.remove(application);
        published = Map.copyOf(goals);
        listener.changed(Change.DELETED, application, running.version().number(), "");
    }

    /// The nearest version before that has worked.
    private Optional<Version> lastThatRan(String application, Version from) {
        List<Version> history = store.history(application);
        OptionalLong next = from.previous();
        while (next.isPresent()) {
            long number = next.getAsLong();
            Optional<Version> found =
                    history.stream().filter(one -> one.number() == number).findAny();
            if (found.isEmpty()) break; // too long ago to be kept, unless it has worked
            if (found.get().verdict().ran()) return found;
            next = found.get().previous();
        }
        return next.isEmpty()
                ? Optional.empty()
                : history.stream()
                        .filter(one -> one.verdict().ran() && one.number() < from.number())
                        .findFirst();
    }

    private Version stored(String application, long number) {
        return Objects.requireNonNull(store.version(application, number).orElse(null));
    }

    /// Known of the versions that ran last; asking the runtimes takes long, and callers may be waiting.
    private Goal known(Version version) {
        return ranLast.getOrDefault(version.spec().name(), List.of()).stream()
                .filter(one -> one.version().number() == version.number())
                .findAny()
                .map(one -> new Goal(version, one.interfaces(), false))
                .orElseGet(() -> described(version));
    }

    private void ran(Goal goal) {
        List<Goal> last = ranLast.computeIfAbsent(goal.spec().name(), any -> new ArrayList<>());
        last.removeIf(one -> one.version().number() == goal.version().number());
        last.addFirst(goal);
        if (last.size() > RAN_LAST) last.removeLast();
    }

    private Goal described(Version version) {
        SpecCheck.Checked found = describe.apply(version.spec());
        return new Goal(pinned(version, found.spec()), found.interfaces(), false);
    }

    /// A version that an older Redoubt has written may hold names alone: it is from now on what they stand for.
    private Version pinned(Version version, ApplicationSpec spec) {
        if (spec.equals(version.spec())) return version;
        store.replace(spec, version.number());
        return stored(spec.name(), version.number());
    }

    private void adopt(Goal goal, Optional<String> failure) {
        goals.put(goal.spec().name(), goal);
        if (goal.version().verdict().ran()) ran(goal);
        published = Map.copyOf(goals);
        Version version = goal.version();
        controller.accept(new ApplicationGoal(
                version.spec(),
                version.number(),
                goal.interfaces(),
                version.verdict(),
                lastThatRan(version.spec().name(), version).isPresent(),
                failure,
                goal.deleting()));
    }

    static Outcome unknown(String application) {
        return new Outcome.Refused(List.of("there is no application '%s'".formatted(application)));
    }

    private static Outcome changedMeanwhile(String application) {
        return new Outcome.Refused(List.of(
                "application '%s' was changed by somebody else meanwhile: look, and try again".formatted(application)));
    }
}
