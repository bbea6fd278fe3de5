package dev.redoubt.serve.control;

import dev.redoubt.base.config.SettingType;
import dev.redoubt.serve.scale.Holding;
import dev.redoubt.serve.spec.ApplicationSpec;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.spec.RuntimeSpec;
import dev.redoubt.serve.spec.Scale;
import dev.redoubt.serve.spec.Timeouts;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/// What a deploy would do.
///
/// @param changes one line each; none if all is as the spec says already
/// @param problems why it would be refused; none if it would not be
public record Plan(List<String> changes, List<String> problems) {
    private static final int SHOWN_MAX = 128; // characters of a setting; schemas are longer

    public Plan {
        changes = List.copyOf(changes);
        problems = List.copyOf(problems);
    }

    /// @param apart why it is to run beside the running version until all of it works, if so
    static Plan of(
            ApplicationSpec spec, Optional<ApplicationSpec> running, Optional<String> apart, List<String> problems) {
        List<String> changes = changes(spec, running);
        if (!changes.isEmpty()) changes.addAll(notes(spec));
        apart.ifPresent(why -> changes.add("all of it runs beside the running version until it works, as " + why));
        return new Plan(changes, problems);
    }

    /// What a spec says that may not be meant.
    static List<String> notes(ApplicationSpec spec) {
        return spec.deployments().stream()
                .filter(one -> one.timeouts().drain().compareTo(one.timeouts().call()) < 0)
                .map(one -> "deployment '%s' ends calls after a drain of %s that may take %s: leave timeouts.drain out"
                        .formatted(
                                one.name(),
                                SettingType.shown(one.timeouts().drain()),
                                SettingType.shown(one.timeouts().call())))
                .toList();
    }

    private static List<String> changes(ApplicationSpec spec, Optional<ApplicationSpec> running) {
        List<String> changes = new ArrayList<>();
        if (running.isEmpty()) changes.add("application '%s' is new".formatted(spec.name()));
        else application(spec, running.get(), changes);
        for (DeploymentSpec after : spec.deployments()) {
            Optional<DeploymentSpec> before = running.flatMap(one -> one.find(after.name()));
            if (before.isEmpty()) changes.add("deployment '%s' is new: %s".formatted(after.name(), scale(after)));
            else deployment(before.get(), after, changes);
        }
        running.ifPresent(one -> one.deployments().stream()
                .filter(before -> spec.find(before.name()).isEmpty())
                .forEach(before -> changes.add("deployment '%s' is drained and goes".formatted(before.name()))));
        return changes;
    }

    private static void application(ApplicationSpec spec, ApplicationSpec running, List<String> changes) {
        if (!spec.quota().equals(running.quota()))
            changes.add(
                    "quota %s instead of %s".formatted(Holding.of(spec.quota(), 1), Holding.of(running.quota(), 1)));
        if (!spec.ingress().equals(running.ingress()))
            changes.add("ingress '%s' instead of '%s'".formatted(spec.ingress(), running.ingress()));
    }

    private static void deployment(DeploymentSpec before, DeploymentSpec after, List<String> changes) {
        String name = after.name();
        if (!after.sameReplicasAs(before))
            changes.add("deployment '%s' gets new replicas, started before the old ones are drained%s"
                    .formatted(name, others(before.runtime(), after.runtime())));
        else if (!after.userConfig().equals(before.userConfig()))
            changes.add("deployment '%s' takes another user configuration, without a restart".formatted(name));
        if (!after.scale().equals(before.scale()))
            changes.add("deployment '%s' has %s instead of %s".formatted(name, scale(after), scale(before)));
        boolean sameLimits = after.ongoingMax() == before.ongoingMax()
                && after.queuedMax() == before.queuedMax()
                && after.health().equals(before.health())
                && after.timeouts().equals(timeouts(before, after));
        if (!sameLimits) changes.add("deployment '%s' has other limits, without a restart".formatted(name));
    }

    /// A time that the deploy could not fill in, since not all could be described, is as it was.
    private static Timeouts timeouts(DeploymentSpec before, DeploymentSpec after) {
        Timeouts was = before.timeouts();
        return after.timeouts().stated().isPresent()
                ? was
                : new Timeouts(Optional.empty(), was.start(), was.drainStated());
    }

    /// A file that has not changed may deploy something else: which other digest it is, say.
    private static String others(RuntimeSpec before, RuntimeSpec after) {
        StringBuilder others = new StringBuilder();
        new TreeMap<>(after.settings()).forEach((name, value) -> {
            String was = before.settings().getOrDefault(name, value);
            if (!was.equals(value) && was.length() <= SHOWN_MAX && value.length() <= SHOWN_MAX)
                others.append(others.isEmpty() ? ": " : ", ").append("%s %s instead of %s".formatted(name, value, was));
        });
        return others.toString();
    }

    static String scale(DeploymentSpec spec) {
        return switch (spec.scale()) {
            case Scale.Fixed(int replicas) -> replicas + " replicas";
            case Scale.Automatic(var rules) -> rules.replicasMin() + " to " + rules.replicasMax() + " replicas";
        };
    }
}
