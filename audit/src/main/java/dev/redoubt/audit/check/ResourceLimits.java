package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Deployment;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Settings;
import java.util.List;

/// Deployments without `num_cpus` and `memory`.
final class ResourceLimits implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "R1.1/resource-limits",
            Level.WARNING,
            "a deployment states no resources of its own",
            List.of("CWE-400", "CWE-770", References.SERVICE),
            "Without num_cpus and memory a replica is placed anywhere, and takes what its neighbours need. These are for placement: a limit that holds needs a container too.",
            "state ray_actor_options={\"num_cpus\": …, \"memory\": …} (and num_gpus) for each deployment",
            References.ALL_RAY);

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        for (Deployment deployment : facts.deployments()) {
            if (!deployment.whole() || deployment.settings().open()) continue;
            if (deployment.settings().has("placement_group_bundles")) continue;
            Settings options = deployment.settings().group("ray_actor_options");
            boolean stated = deployment.settings().has("ray_actor_options");
            if (stated && options.entries().isEmpty()) continue; // not known
            boolean cpus = options.has("num_cpus") || options.has("num_gpus");
            if (options.open() || (cpus && options.has("memory"))) continue;
            String missing = cpus ? "memory" : options.has("memory") ? "num_cpus" : "num_cpus and memory";
            findings.add(INFO, deployment.start(), deployment.end(), deployment.name() + " states no " + missing);
        }
    }
}
