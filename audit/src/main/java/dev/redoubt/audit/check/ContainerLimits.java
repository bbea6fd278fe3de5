package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Container;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Settings;
import dev.redoubt.audit.facts.Value;
import java.util.List;
import java.util.regex.Pattern;

/// Containers of models without limits.
final class ContainerLimits implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "R1.1/container-limits",
            Level.WARNING,
            "a container has no limits of memory and cpu",
            List.of("CWE-400", "CWE-770", References.SERVICE),
            "Without limits a model server that grows takes its node down, with whatever else runs there.",
            "state resources.limits (Kubernetes) or deploy.resources.limits (compose) for memory and cpu",
            "Kubernetes and compose");

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        for (Container container : facts.containers()) {
            Settings settings = container.settings();
            if (settings.open()) continue;
            if (container.kind() == Container.Kind.RUNTIME || container.kind() == Container.Kind.JOB) continue;
            if (!known(settings) || isBase(settings)) continue;
            boolean memory;
            if (container.kind() != Container.Kind.COMPOSE) {
                Settings limits = settings.group("resources").group("limits");
                memory = limits.has("memory");
            } else {
                Settings limits = settings.group("deploy").group("resources").group("limits");
                memory = limits.has("memory") || settings.has("mem_limit");
            }
            if (!memory)
                findings.add(INFO, container.start(), container.end(), container.name() + " has no limit of memory");
        }
    }

    /// Whether the image is only a word to be replaced: then so are the limits, as in a base of Kustomize.
    private static boolean isBase(Settings settings) {
        return settings.get("image")
                .map(image -> image.value()
                        .texts()
                        .anyMatch(name -> BASE.matcher(name).matches()))
                .orElse(false);
    }

    private static final Pattern BASE = Pattern.compile("(?i)[\\w-]*(replaced?|placeholder)[\\w-]*");

    /// Whether no template fills the limits in.
    private static boolean known(Settings settings) {
        return settings.get("resources")
                        .map(setting -> !setting.value().may(Value.Unknown.class::isInstance))
                        .orElse(true)
                && (!settings.has("resources")
                        || !(settings.get("resources").orElseThrow().value().equals(Value.nothing())));
    }
}
