package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Container;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Settings;
import java.util.List;

/// Containers of models without probes.
final class ContainerProbes implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "R1.5/container-probes",
            Level.WARNING,
            "a container of a model is not probed",
            List.of("CWE-400"),
            "An engine that hangs answers nothing, and stays in the service. /health of vLLM can be 200 while the engine hangs: a probe that generates one token tells more.",
            "state livenessProbe and readinessProbe (Kubernetes) or healthcheck (compose)",
            "Kubernetes and compose");

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        for (Container container : facts.containers()) {
            Settings settings = container.settings();
            boolean probed = switch (container.kind()) {
                case KUBERNETES -> settings.has("livenessProbe") || settings.has("readinessProbe");
                case CLUSTER, RUNTIME, JOB -> true;
                case COMPOSE -> settings.has("healthcheck");
            };
            boolean isRay = settings.get("image")
                    .map(image -> image.value().texts().anyMatch(text -> text.startsWith("rayproject/")))
                    .orElse(false);
            if (!probed
                    && !isRay
                    && !facts.source().text().contains("{{")) // KubeRay adds probes of its own, templates may
            findings.add(INFO, container.start(), container.end(), container.name() + " has no probe of its health");
        }
    }
}
