package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Deployment;
import dev.redoubt.audit.facts.Facts;
import java.util.List;

/// Autoscaling of replicas without limits.
final class UnlimitedAutoscaling implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "R2.4/autoscaling-without-limits",
            Level.WARNING,
            "replicas are multiplied that have no limits",
            List.of("CWE-400", "CWE-770", References.SERVICE),
            "What each replica may take is then multiplied by as many as load makes; over 50 ongoing requests each, one replica is overloaded before another starts.",
            "state ray_actor_options, and max_ongoing_requests of at most 50",
            References.ALL_RAY);

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        for (Deployment deployment : facts.deployments()) {
            if (!deployment.autoscales() || !deployment.whole()) continue;
            if (deployment.settings().lacks("ray_actor_options", "placement_group_bundles"))
                findings.add(
                        INFO,
                        deployment.start(),
                        deployment.end(),
                        deployment.name() + " is scaled and states no ray_actor_options");
            deployment
                    .settings()
                    .get("max_ongoing_requests")
                    .filter(setting -> setting.value().largest() > 50)
                    .ifPresent(setting -> findings.add(
                            INFO,
                            setting,
                            deployment.start(),
                            deployment.end(),
                            "max_ongoing_requests is " + setting.value().shown()
                                    + ", limit is 50 where replicas are scaled"));
        }
    }
}
