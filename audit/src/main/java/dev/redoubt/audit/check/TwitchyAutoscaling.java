package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Deployment;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Setting;
import dev.redoubt.audit.facts.Settings;
import dev.redoubt.audit.facts.Value;
import java.util.List;

/// Delays and targets of autoscaling.
final class TwitchyAutoscaling implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "R2.3/twitchy-autoscaling",
            Level.WARNING,
            "autoscaling reacts to bursts",
            List.of("CWE-400"),
            "Short delays turn a burst, or somebody who makes bursts, into replicas that start and stop: each start costs more than the burst.",
            "set upscale_delay_s to at least 30, downscale_delay_s to at least 60, target_ongoing_requests to at most 10",
            References.ALL_RAY);

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        for (Deployment deployment : facts.deployments()) {
            Settings scaling = deployment.settings().group("autoscaling_config");
            if (isFixed(scaling)) continue;
            atLeast(deployment, scaling, "upscale_delay_s", 30, findings);
            atLeast(deployment, scaling, "downscale_delay_s", 60, findings);
            target(deployment, scaling, "target_ongoing_requests", findings);
            target(deployment, scaling, "target_num_ongoing_requests_per_replica", findings);
        }
    }

    /// Whether there are as many replicas at least as at most: then nothing is ever scaled.
    private static boolean isFixed(Settings scaling) {
        return scaling.get("min_replicas").isPresent()
                && scaling.get("min_replicas")
                        .map(Setting::value)
                        .equals(scaling.get("max_replicas")
                                .map(Setting::value)
                                .filter(Value.Numeric.class::isInstance));
    }

    private static void atLeast(Deployment deployment, Settings scaling, String name, int limit, Findings findings) {
        scaling.get(name)
                .filter(setting -> setting.value().smallest() < limit)
                .ifPresent(setting -> findings.add(
                        INFO,
                        setting,
                        deployment.start(),
                        deployment.end(),
                        name + " is " + setting.value().shown() + ", at least " + limit + " is needed"));
    }

    /// An engine that batches may do well beyond it, so this is a note.
    private static void target(Deployment deployment, Settings scaling, String name, Findings findings) {
        scaling.get(name)
                .filter(setting -> setting.value().largest() > 10)
                .ifPresent(setting -> findings.add(
                        INFO,
                        Level.NOTE,
                        setting,
                        deployment.start(),
                        deployment.end(),
                        name + " is " + setting.value().shown() + ", limit is 10"));
    }
}
