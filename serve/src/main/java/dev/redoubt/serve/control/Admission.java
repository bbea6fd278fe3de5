package dev.redoubt.serve.control;

import dev.redoubt.base.Requirement;
import dev.redoubt.base.config.SettingType;
import dev.redoubt.serve.scale.Holding;
import dev.redoubt.serve.spec.ApplicationSpec;
import dev.redoubt.serve.spec.Autoscaling;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.spec.HealthCheck;
import dev.redoubt.serve.spec.Resources;
import dev.redoubt.serve.spec.Scale;
import dev.redoubt.serve.spec.Timeouts;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Whether a spec may become a goal: by the rules, and by what there is. All problems at once, each with its
/// value, its limit and the way out.
final class Admission {

    private final Resources machine;
    private final Set<Requirement> waived;

    /// @param waived requirements whose limits may be exceeded here
    Admission(Resources machine, Set<Requirement> waived) {
        this.machine = machine;
        this.waived = Set.copyOf(waived);
    }

    /// How many replicas there must be room for at least.
    static int replicasMin(Scale scale) {
        return switch (scale) {
            case Scale.Fixed(int replicas) -> replicas;
            case Scale.Automatic(Autoscaling rules) -> Math.max(1, rules.replicasMin()); // one can be woken
        };
    }

    /// @param running deployments that take calls, and that those of the spec would take the place of
    /// @param others all other applications
    List<String> problems(ApplicationSpec spec, List<DeploymentSpec> running, Collection<ApplicationSpec> others) {
        List<String> problems = new ArrayList<>();
        for (DeploymentSpec deployment : spec.deployments()) limits(deployment, problems);
        quotas(spec, others, problems);
        room(spec, problems);
        if (problems.isEmpty()) roomToUpdate(spec, running, problems);
        return problems;
    }

    private void limits(DeploymentSpec spec, List<String> problems) {
        atMost(spec, Requirement.R1_1, "max-ongoing-requests", spec.ongoingMax(), DeploymentSpec.ONGOING_MAX, problems);
        atMost(spec, Requirement.R1_3, "timeouts.call", spec.timeouts().call(), Timeouts.CALL_MAX, problems);
        HealthCheck health = spec.health();
        atMost(spec, Requirement.R1_5, "health-check.period", health.period(), HealthCheck.DEFAULT.period(), problems);
        atMost(
                spec,
                Requirement.R1_5,
                "health-check.timeout",
                health.timeout(),
                HealthCheck.DEFAULT.timeout(),
                problems);
        atMost(
                spec,
                Requirement.R1_5,
                "health-check.misses",
                health.missesMax(),
                HealthCheck.DEFAULT.missesMax(),
                problems);
        if (!(spec.scale() instanceof Scale.Automatic(Autoscaling rules))) return;
        atMost(
                spec,
                Requirement.R2_4,
                "max-ongoing-requests with autoscaling",
                spec.ongoingMax(),
                Autoscaling.ONGOING_MAX,
                problems);
        atMost(
                spec,
                Requirement.R2_3,
                "autoscaling.target-ongoing-requests",
                rules.targetOngoing(),
                Autoscaling.TARGET_ONGOING,
                problems);
        atLeast(spec, "autoscaling.upscale-delay", rules.upscaleDelay(), Autoscaling.UPSCALE_DELAY, problems);
        atLeast(spec, "autoscaling.downscale-delay", rules.downscaleDelay(), Autoscaling.DOWNSCALE_DELAY_MIN, problems);
        atLeast(
                spec,
                "autoscaling.downscale-to-zero-delay",
                rules.downscaleToZeroDelay(),
                Autoscaling.DOWNSCALE_DELAY_MIN,
                problems);
    }

    private <T extends Comparable<T>> void atMost(
            DeploymentSpec spec, Requirement rule, String what, T value, T limit, List<String> problems) {
        if (value.compareTo(limit) > 0 && !isWaived(rule))
            problems.add("%s: deployment '%s' has %s %s, limit is %s: lower it%s"
                    .formatted(rule.id(), spec.name(), what, shown(value), shown(limit), wayOut(rule)));
    }

    private void atLeast(DeploymentSpec spec, String what, Duration value, Duration limit, List<String> problems) {
        Requirement rule = Requirement.R2_3;
        if (value.compareTo(limit) < 0 && !isWaived(rule))
            problems.add("%s: deployment '%s' has %s %s, at least %s is allowed: raise it%s"
                    .formatted(rule.id(), spec.name(), what, shown(value), shown(limit), wayOut(rule)));
    }

    /// As a configuration says it.
    private static String shown(Object value) {
        return switch (value) {
            case Duration time -> SettingType.shown(time);
            case Double number when number == Math.rint(number) -> String.valueOf(number.longValue());
            default -> value.toString();
        };
    }

    private boolean isWaived(Requirement rule) {
        return rule.limit() && waived.contains(rule);
    }

    private static String wayOut(Requirement rule) {
        return rule.limit() ? " or write a waiver" : "";
    }

    /// R4.2: what is promised to all together is there.
    private void quotas(ApplicationSpec spec, Collection<ApplicationSpec> others, List<String> problems) {
        Holding share = Holding.shareOf(machine);
        Holding promised = Holding.NONE;
        for (ApplicationSpec other : others) promised = promised.plus(Holding.of(other.quota(), 1));
        Holding own = Holding.of(spec.quota(), 1);
        if (!promised.plus(own).fitsIn(share))
            problems.add(("R4.2: application '%s' has a quota of %s, other applications have %s,"
                            + " and all together may have %s (0.8 of the machine): state lower quotas (`quota` of an application)")
                    .formatted(spec.name(), own, promised, share));
    }

    /// R2.2: the replicas that there must be fit into the quota.
    private static void room(ApplicationSpec spec, List<String> problems) {
        Holding quota = Holding.of(spec.quota(), 1);
        Holding needed = needed(spec);
        for (DeploymentSpec deployment : spec.deployments()) {
            Holding own = Holding.of(deployment.each(), replicasMin(deployment.scale()));
            if (!own.fitsIn(quota))
                problems.add("R2.2: deployment '%s' needs %s for %d replicas, application '%s' has a quota of %s: %s"
                        .formatted(
                                deployment.name(),
                                own,
                                replicasMin(deployment.scale()),
                                spec.name(),
                                quota,
                                "raise the quota or ask for fewer replicas"));
        }
        if (problems.isEmpty() && !needed.fitsIn(quota))
            problems.add("R4.2: the deployments of application '%s' need %s together, its quota is %s: %s"
                    .formatted(spec.name(), needed, quota, "raise the quota or ask for fewer replicas"));
    }

    /// An update whose replicas cannot work among the running ones needs room for both.
    ///
    /// @param why they cannot
    List<String> roomForBoth(ApplicationSpec spec, ApplicationSpec running, String why) {
        Holding both = needed(spec).plus(needed(running));
        Holding quota = Holding.of(spec.quota(), 1);
        if (both.fitsIn(quota)) return List.of();
        return List.of(
                ("R4.2: this update of application '%s' must run beside the running version until all of it works, as %s;"
                                + " both take %s, its quota is %s: raise the quota, or ask for fewer replicas first")
                        .formatted(spec.name(), why, both, quota));
    }

    private static Holding needed(ApplicationSpec spec) {
        Holding needed = Holding.NONE;
        for (DeploymentSpec deployment : spec.deployments()) needed = needed.plus(needed(deployment));
        return needed;
    }

    private static Holding needed(DeploymentSpec deployment) {
        return Holding.of(deployment.each(), replicasMin(deployment.scale()));
    }

    /// An update that must not stop anything before its successor works needs room for one replica more.
    /// Deployments are updated as room allows, so one at a time is enough.
    private static void roomToUpdate(ApplicationSpec spec, List<DeploymentSpec> running, List<String> problems) {
        Holding quota = Holding.of(spec.quota(), 1);
        for (DeploymentSpec before : running) {
            Optional<DeploymentSpec> after = spec.find(before.name());
            if (after.isEmpty() || after.get().sameReplicasAs(before)) continue;
            if (replicasMin(before.scale()) == 0 || replicasMin(after.get().scale()) == 0) continue;
            Holding most = others(spec, running, before.name()).plus(whileUpdated(before, after.get()));
            if (!most.fitsIn(quota))
                problems.add(
                        ("R4.2: an update of deployment '%s' starts a new replica before it stops an old one, which"
                                        + " takes %s, the quota of application '%s' is %s: raise the quota, or ask for fewer"
                                        + " replicas first")
                                .formatted(before.name(), most, spec.name(), quota));
        }
    }

    /// What all but one may hold, whether their own turn has come or not.
    private static Holding others(ApplicationSpec spec, List<DeploymentSpec> running, String name) {
        Holding sum = Holding.NONE;
        for (DeploymentSpec then : spec.deployments()) {
            if (then.name().equals(name)) continue;
            Holding now = running.stream()
                    .filter(before -> before.name().equals(then.name()))
                    .findAny()
                    .map(Admission::needed)
                    .orElse(Holding.NONE);
            sum = sum.plus(now.or(needed(then)));
        }
        for (DeploymentSpec before : running) // goes when those that call it have gone
        if (spec.find(before.name()).isEmpty()) sum = sum.plus(needed(before));
        return sum;
    }

    /// All old replicas with the first new one, or with as many as must come before one of them may go; all new ones
    /// with the last old one.
    private static Holding whileUpdated(DeploymentSpec before, DeploymentSpec after) {
        int more = replicasMin(after.scale()) - replicasMin(before.scale());
        Holding first = needed(before).plus(Holding.of(after.each(), Math.max(1, more + 1)));
        Holding last = needed(after).plus(Holding.of(before.each(), 1));
        return first.or(last);
    }
}
