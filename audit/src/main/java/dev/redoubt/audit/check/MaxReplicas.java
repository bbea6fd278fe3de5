package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Deployment;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Settings;
import dev.redoubt.audit.facts.Value;
import java.util.List;

/// Autoscaling without `max_replicas`.
final class MaxReplicas implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "R2.1/max-replicas",
            Level.WARNING,
            "autoscaling has no maximum, or one beyond 100",
            List.of("CWE-400", "CWE-770", References.SERVICE),
            "Load that anybody can make then takes the whole cluster. num_replicas=\"auto\" means up to 100 replicas.",
            "state max_replicas in autoscaling_config, 10 where nothing else is known",
            References.ALL_RAY);

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        for (Deployment deployment : facts.deployments()) {
            if (!deployment.autoscales()) continue;
            Settings scaling = deployment.settings().group("autoscaling_config");
            boolean known = deployment
                    .settings()
                    .get("autoscaling_config")
                    .map(setting -> setting.value().may(Value.Group.class::isInstance))
                    .orElse(true);
            if (!known) continue;
            if (scaling.lacks("max_replicas") && !deployment.settings().open())
                findings.add(INFO, deployment.start(), deployment.end(), "autoscaling states no max_replicas");
            findings.unknown(INFO, scaling, deployment.start(), deployment.end(), "max_replicas");
            scaling.get("max_replicas")
                    .filter(setting -> setting.value().largest() > 100)
                    .ifPresent(setting -> findings.add(
                            INFO,
                            setting,
                            deployment.start(),
                            deployment.end(),
                            "max_replicas is " + setting.value().shown() + ", limit is 100"));
        }
    }
}
