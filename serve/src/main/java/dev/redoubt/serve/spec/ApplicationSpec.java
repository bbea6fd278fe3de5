package dev.redoubt.serve.spec;

import dev.redoubt.base.Check;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// What is wanted of one application: a namespace, a share of the machine, and deployments, one of which
/// callers reach.
///
/// @param ingress the deployment behind `/{application}/…`
/// @param quota what all its replicas may take together (R4.2)
public record ApplicationSpec(String name, String ingress, Resources quota, List<DeploymentSpec> deployments) {
    private static final int DEPLOYMENTS_MAX = 64;
    public static final Resources DEFAULT_QUOTA = Resources.of(2, 4L << 30);

    public ApplicationSpec {
        Names.application(name);
        deployments = List.copyOf(deployments);
        Check.inRange("deployments", deployments.size(), 1, DEPLOYMENTS_MAX);
        Set<String> names = new HashSet<>();
        for (DeploymentSpec deployment : deployments)
            Check.that(names.add(deployment.name()), "two deployments are called '%s'", deployment.name());
        Check.that(names.contains(ingress), "the ingress '%s' is none of the deployments %s", ingress, names);
    }

    /// The same of other deployments.
    public ApplicationSpec with(List<DeploymentSpec> others) {
        return new ApplicationSpec(name, ingress, quota, others);
    }

    /// How long all of a new version has to stay well before it is not taken back any more.
    public Duration probation() {
        return deployments.stream()
                .map(one -> one.health().probation())
                .max(Comparator.naturalOrder())
                .orElseThrow();
    }

    public Optional<DeploymentSpec> find(String deployment) {
        return deployments.stream().filter(one -> one.name().equals(deployment)).findAny();
    }
}
